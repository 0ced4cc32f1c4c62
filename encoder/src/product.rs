//! The product of token rows and a weight matrix that never changes, in whole numbers of 8 bits: the matrix is
//! rounded and put into the order in which the processor reads it once, when it is loaded; the rows of each product
//! are rounded as they come, each with a scale of its own. A sum of whole numbers has no rounding of its own, so every
//! machine gets the same result, whichever instructions it has.

mod kernel;

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use crate::ops::numbers;
use kernel::{Kernel, PANEL, STEP, Sums, Weights};

/// How the products of a layer are computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Precision {
    /// In whole numbers of 8 bits.
    Rounded,
    /// In 32 bits, by the general library.
    Exact,
}

/// A weight matrix, ready to be multiplied.
pub(crate) enum Product {
    Rounded(PackedWeight),
    /// `[in, out]`.
    Exact(Tensor),
}

impl Product {
    /// Takes over a matrix `[out, in]`.
    pub(crate) fn new(weight: &Tensor, precision: Precision) -> Result<Self> {
        Ok(match precision {
            Precision::Rounded => Self::Rounded(PackedWeight::new(weight)?),
            Precision::Exact => Self::Exact(weight.t()?.contiguous()?),
        })
    }

    /// `[tokens, in]` to `[tokens, out]`.
    pub(crate) fn apply(&self, input: &Tensor) -> Result<Tensor> {
        match self {
            Self::Rounded(weight) => input.apply_op1_no_bwd(weight),
            Self::Exact(weight) => input.matmul(weight),
        }
    }
}

/// Largest whole number that a weight or an input is rounded to.
const LARGEST: f32 = 127.0;
/// Rows that are computed together.
const ROWS: usize = kernel::ROWS;

/// A weight matrix `[out, in]`, stored in panels of 16 outputs; in a panel the inputs follow each other in fours.
pub(crate) struct PackedWeight {
    inputs: usize,
    outputs: usize,
    /// Groups of four inputs; the last one is filled up with zeros.
    steps: usize,
    panels: Vec<Weights>,
    /// What one step of each output's weights stands for; zero for outputs that only fill the last panel up.
    scales: Vec<f32>,
    kernel: Kernel,
}

impl PackedWeight {
    /// Takes over a matrix `[out, in]`. Each output has a scale of its own, its largest weight by 127.
    pub(crate) fn new(weight: &Tensor) -> Result<Self> {
        let (outputs, inputs) = weight.dims2()?;
        let rows = weight.to_vec2::<f32>()?;
        let steps = inputs.div_ceil(STEP);
        let count = outputs.div_ceil(PANEL);
        let mut panels = vec![Weights::ZERO; count * steps];
        let mut scales = vec![0.0; count * PANEL];
        for (output, row) in rows.iter().enumerate() {
            let (panel, column) = (output / PANEL, output % PANEL);
            let inverse = rounded_by(row);
            scales[output] = if inverse == 0.0 { 0.0 } else { 1.0 / inverse };
            for (input, value) in row.iter().enumerate() {
                let group = &mut panels[panel * steps + input / STEP];
                group.set(column, input % STEP, round(value * inverse));
            }
        }
        Ok(Self {
            inputs,
            outputs,
            steps,
            panels,
            scales,
            kernel: Kernel::of_this_machine(),
        })
    }

    /// All rows times one panel.
    fn panel(&self, rows: &RoundedRows, panel: usize, out: &mut [[f32; PANEL]]) {
        let weights = &self.panels[panel * self.steps..][..self.steps];
        let scales = &self.scales[panel * PANEL..][..PANEL];
        let blocks = rows.values.chunks(self.steps * ROWS);
        for ((block, number), out) in blocks.zip(0..).zip(out.chunks_mut(ROWS)) {
            let here = number * ROWS..number * ROWS + out.len();
            let totals = &rows.totals[here.clone()];
            let mut sums: Sums = [[0; PANEL]; ROWS];
            let filled = &mut sums[..out.len()];
            self.kernel.multiply(block, totals, weights, filled);
            for ((out, sums), row_scale) in out.iter_mut().zip(&sums).zip(&rows.scales[here]) {
                for ((out, sum), scale) in out.iter_mut().zip(sums).zip(scales) {
                    *out = *sum as f32 * (row_scale * scale);
                }
            }
        }
    }
}

impl CustomOp1 for PackedWeight {
    fn name(&self) -> &'static str {
        "packed-product"
    }

    /// `[tokens, in]` to `[tokens, out]`.
    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let rows = RoundedRows::new(numbers(storage, layout)?, self.inputs, self.steps);
        let count = rows.scales.len();
        let mut columns = vec![[0.0; PANEL]; self.panels.len() / self.steps * count];
        columns
            .par_chunks_exact_mut(count)
            .enumerate()
            .for_each(|(panel, out)| self.panel(&rows, panel, out));
        let mut out = vec![0.0; count * self.outputs];
        out.par_chunks_exact_mut(self.outputs)
            .enumerate()
            .with_min_len(16)
            .for_each(|(row, out)| {
                let (panels, rest) = out.as_chunks_mut::<PANEL>();
                for (panel, out) in panels.iter_mut().enumerate() {
                    *out = columns[panel * count + row];
                }
                if !rest.is_empty() {
                    rest.copy_from_slice(&columns[panels.len() * count + row][..rest.len()]);
                }
            });
        Ok((CpuStorage::F32(out), Shape::from((count, self.outputs))))
    }
}

/// The rows of one product as whole numbers.
struct RoundedRows {
    /// Four numbers at a time, row after row.
    values: Vec<[i8; STEP]>,
    /// What one step of each row's numbers stands for.
    scales: Vec<f32>,
    /// The sum of each row's whole numbers.
    totals: Vec<i32>,
}

impl RoundedRows {
    fn new(numbers: &[f32], width: usize, steps: usize) -> Self {
        let count = numbers.len() / width;
        let mut values = vec![[0; STEP]; count * steps];
        let mut scales = vec![0.0; count];
        let mut totals = vec![0; count];
        values
            .par_chunks_exact_mut(steps)
            .zip(numbers.par_chunks_exact(width))
            .zip(scales.par_iter_mut().zip(&mut totals))
            .with_min_len(16)
            .for_each(|((values, numbers), (scale, total))| {
                let inverse = rounded_by(numbers);
                *scale = if inverse == 0.0 { 0.0 } else { 1.0 / inverse };
                for (value, number) in values.as_flattened_mut().iter_mut().zip(numbers) {
                    *value = round(number * inverse);
                }
                *total = values.as_flattened().iter().copied().map(i32::from).sum();
            });
        Self {
            values,
            scales,
            totals,
        }
    }
}

/// The factor that brings the largest number of a row to 127; zero for a row without any.
fn rounded_by(row: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; 16];
    for chunk in row.chunks(lanes.len()) {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            let size = value.abs();
            *lane = if size > *lane { size } else { *lane };
        }
    }
    let largest = lanes.iter().copied().fold(0.0, f32::max);
    if largest == 0.0 || !largest.is_finite() {
        return 0.0;
    }
    LARGEST / largest
}

/// The nearest whole number, for numbers from -127 to 127.
#[inline(always)]
fn round(x: f32) -> i8 {
    // Adding 1.5 * 2^23 rounds to an integer and leaves it in the low bits.
    const ROUND: f32 = 12_582_912.0;
    (x + ROUND).to_bits() as i8
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    fn numbers(count: usize, step: f32) -> Vec<f32> {
        (0..count).map(|n| (n as f32 * step).sin()).collect()
    }

    fn matrix(values: &[f32], rows: usize) -> Tensor {
        Tensor::from_slice(values, (rows, values.len() / rows), &Device::Cpu).unwrap()
    }

    #[test]
    fn the_product_is_that_of_the_library_but_for_the_rounding() {
        for (rows, inputs, outputs) in [(1, 3, 5), (5, 32, 16), (9, 42, 33), (50, 384, 96)] {
            let input = matrix(&numbers(rows * inputs, 0.7), rows);
            let weight = matrix(&numbers(outputs * inputs, 1.3), outputs);
            let expected = input.matmul(&weight.t().unwrap()).unwrap();
            let packed = PackedWeight::new(&weight).unwrap();
            let found = input.apply_op1_no_bwd(&packed).unwrap();
            assert_eq!(found.dims(), expected.dims());
            let difference = (found - expected).unwrap().abs().unwrap();
            let largest = difference.flatten_all().unwrap().max(0).unwrap();
            // Each of the products is off by at most half a step of either side, mostly less and in both directions.
            let bound = (inputs as f32).sqrt() * 0.01;
            assert!(largest.to_scalar::<f32>().unwrap() < bound);
        }
    }

    #[test]
    fn every_kernel_of_this_machine_gives_the_same_sums() {
        let steps = 97;
        let mut weights = vec![Weights::ZERO; steps];
        for (index, group) in weights.iter_mut().enumerate() {
            for column in 0..PANEL {
                for input in 0..STEP {
                    let value = (index * 31 + column * 7 + input * 3) % 255;
                    group.set(column, input, (value as i16 - 127) as i8);
                }
            }
        }
        for rows in 1..=ROWS {
            let values: Vec<[i8; STEP]> = (0..rows * steps)
                .map(|n| [n, n * 5, n * 11, n * 17].map(|v| ((v % 255) as i16 - 127) as i8))
                .collect();
            let totals: Vec<i32> = values
                .chunks(steps)
                .map(|row| row.as_flattened().iter().copied().map(i32::from).sum())
                .collect();
            let mut plain = vec![[0; PANEL]; rows];
            Kernel::Portable.multiply(&values, &totals, &weights, &mut plain);
            let mut found = vec![[0; PANEL]; rows];
            Kernel::of_this_machine().multiply(&values, &totals, &weights, &mut found);
            assert_eq!(found, plain, "{rows} rows");
            let exact: i32 = (0..steps)
                .flat_map(|step| (0..STEP).map(move |input| (step, input)))
                .map(|(step, input)| {
                    i32::from(values[step][input]) * i32::from(weights[step].get(3, input))
                })
                .sum();
            assert_eq!(plain[0][3], exact);
        }
    }

    #[test]
    fn a_row_of_zeros_and_a_row_that_is_not_finite_give_no_panic() {
        let weight = matrix(&numbers(64, 1.3), 4);
        let packed = PackedWeight::new(&weight).unwrap();
        let mut values = vec![0.0; 16];
        values.extend([f32::NAN, f32::INFINITY].repeat(8));
        let found = matrix(&values, 2).apply_op1_no_bwd(&packed).unwrap();
        assert_eq!(found.to_vec2::<f32>().unwrap()[0], [0.0; 4]);
    }
}
