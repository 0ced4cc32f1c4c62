//! The product of token rows and a weight matrix that never changes, in whole numbers of 8 bits: the matrix is
//! rounded and put into the order in which the processor reads it once, when it is loaded; the rows of each product
//! are rounded as they come, each with a scale of its own. Where the processor cannot multiply whole numbers of 8 bits
//! fast, the same whole numbers are multiplied as numbers of 32 bits: their sums are exact as well as long as they stay
//! below 2^24, so every machine gets the same result.

mod kernel;

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use crate::{
    ops::numbers,
    tile::{self, Tile},
};
use kernel::{PANEL, ROWS, STEP, Sums, Weights};

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

/// A weight matrix `[out, in]`, stored in panels of 16 outputs; in a panel the inputs follow each other.
pub(crate) struct PackedWeight {
    inputs: usize,
    outputs: usize,
    /// Groups of four inputs; the last one is filled up with zeros.
    steps: usize,
    panels: Panels,
    /// What one step of each output's weights stands for; zero for outputs that only fill the last panel up.
    scales: Vec<f32>,
}

enum Panels {
    /// Four inputs each.
    Bytes(Vec<Weights>),
    /// One input each.
    Numbers(Vec<[f32; PANEL]>),
}

impl PackedWeight {
    /// Takes over a matrix `[out, in]`. Each output has a scale of its own, its largest weight by 127.
    pub(crate) fn new(weight: &Tensor) -> Result<Self> {
        Self::with(weight, kernel::is_fast())
    }

    fn with(weight: &Tensor, in_bytes: bool) -> Result<Self> {
        let (outputs, inputs) = weight.dims2()?;
        let rows = weight.to_vec2::<f32>()?;
        let steps = inputs.div_ceil(STEP);
        let count = outputs.div_ceil(PANEL);
        let mut panels = if in_bytes {
            Panels::Bytes(vec![Weights::ZERO; count * steps])
        } else {
            Panels::Numbers(vec![[0.0; PANEL]; count * steps * STEP])
        };
        let mut scales = vec![0.0; count * PANEL];
        for (output, row) in rows.iter().enumerate() {
            let (panel, column) = (output / PANEL, output % PANEL);
            let inverse = rounded_by(row);
            scales[output] = if inverse == 0.0 { 0.0 } else { 1.0 / inverse };
            for (input, value) in row.iter().enumerate() {
                let rounded = round(value * inverse);
                match &mut panels {
                    Panels::Bytes(groups) => {
                        let group = &mut groups[panel * steps + input / STEP];
                        group.set(column, input % STEP, rounded);
                    }
                    Panels::Numbers(numbers) => {
                        numbers[panel * steps * STEP + input][column] = f32::from(rounded);
                    }
                }
            }
        }
        Ok(Self {
            inputs,
            outputs,
            steps,
            panels,
            scales,
        })
    }

    /// All rows times one panel.
    fn panel(&self, rows: &RoundedRows, panel: usize, out: &mut [[f32; PANEL]]) {
        match &self.panels {
            Panels::Bytes(groups) => {
                let weights = &groups[panel * self.steps..][..self.steps];
                let blocks = rows.values.chunks(self.steps * ROWS);
                for ((block, number), out) in blocks.zip(0..).zip(out.chunks_mut(ROWS)) {
                    let totals = &rows.totals[number * ROWS..][..out.len()];
                    let mut sums: Sums = [[0; PANEL]; ROWS];
                    kernel::multiply(block, totals, weights, &mut sums[..out.len()]);
                    for (out, sums) in out.iter_mut().zip(&sums) {
                        *out = sums.map(|sum| sum as f32);
                    }
                }
            }
            Panels::Numbers(numbers) => {
                let width = self.steps * STEP;
                let weights = &numbers[panel * width..][..width];
                let blocks = rows.numbers.chunks(width * tile::ROWS);
                let mut sums = Tile::default();
                for (block, out) in blocks.zip(out.chunks_mut(tile::ROWS)) {
                    tile::multiply(block, width, out.len(), weights, &mut sums);
                    out.copy_from_slice(&sums[..out.len()]);
                }
            }
        }
        let scales = &self.scales[panel * PANEL..][..PANEL];
        for (out, row_scale) in out.iter_mut().zip(&rows.scales) {
            for (out, scale) in out.iter_mut().zip(scales) {
                *out *= row_scale * scale;
            }
        }
    }

    fn panels(&self) -> usize {
        self.scales.len() / PANEL
    }
}

impl CustomOp1 for PackedWeight {
    fn name(&self) -> &'static str {
        "packed-product"
    }

    /// `[tokens, in]` to `[tokens, out]`.
    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let mut rows = RoundedRows::new(numbers(storage, layout)?, self.inputs, self.steps);
        if let Panels::Numbers(_) = self.panels {
            let values = rows.values.as_flattened();
            rows.numbers = values.iter().copied().map(f32::from).collect();
        }
        let count = rows.scales.len();
        let mut columns = vec![[0.0; PANEL]; self.panels() * count];
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
    /// The same as numbers of 32 bits, where the weights are.
    numbers: Vec<f32>,
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
            numbers: Vec::new(),
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
mod tests;
