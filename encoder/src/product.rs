//! The product of token rows and a weight matrix that never changes: the weights are put into the order in which
//! the processor reads them once, when they are loaded, and not for each product as a general library has to.
//! For a short message that rearrangement takes longer than the product itself.

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use crate::{kernels::multiply_add, ops::numbers};

/// Columns that are computed together: two vectors of 8 numbers.
const PANEL: usize = 16;
/// Rows that are computed together: with two vectors of sums each they fill the 16 registers of AVX2.
const ROWS: usize = 6;

/// A weight matrix `[out, in]`, stored in panels of 16 outputs; in a panel the inputs follow each other.
pub(crate) struct PackedWeight {
    inputs: usize,
    outputs: usize,
    panels: Vec<f32>,
}

impl PackedWeight {
    /// Takes over a matrix `[out, in]`; the last panel is filled up with zeros.
    pub(crate) fn new(weight: &Tensor) -> Result<Self> {
        let (outputs, inputs) = weight.dims2()?;
        let rows = weight.to_vec2::<f32>()?;
        let mut panels = vec![0.0; outputs.div_ceil(PANEL) * inputs * PANEL];
        for (panel, rows) in panels
            .chunks_exact_mut(inputs * PANEL)
            .zip(rows.chunks(PANEL))
        {
            for (column, row) in rows.iter().enumerate() {
                for (step, value) in row.iter().enumerate() {
                    panel[step * PANEL + column] = *value;
                }
            }
        }
        Ok(Self {
            inputs,
            outputs,
            panels,
        })
    }
}

impl CustomOp1 for PackedWeight {
    fn name(&self) -> &'static str {
        "packed-product"
    }

    /// `[tokens, in]` to `[tokens, out]`.
    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let values = numbers(storage, layout)?;
        let count = values.len() / self.inputs;
        let blocks = interleaved(values, self.inputs);
        let mut columns = vec![0.0; self.panels.len() / self.inputs * count];
        columns
            .par_chunks_exact_mut(count * PANEL)
            .zip(self.panels.par_chunks_exact(self.inputs * PANEL))
            .for_each(|(sums, panel)| {
                let sums = sums.as_chunks_mut::<PANEL>().0.chunks_mut(ROWS);
                let blocks = blocks.chunks(self.inputs * ROWS);
                for (sums, block) in sums.zip(blocks) {
                    multiply(block, panel.as_chunks().0, sums);
                }
            });
        let mut out = vec![0.0; count * self.outputs];
        out.par_chunks_exact_mut(self.outputs)
            .enumerate()
            .with_min_len(16)
            .for_each(|(row, out)| {
                for (panel, out) in out.chunks_mut(PANEL).enumerate() {
                    let start = (panel * count + row) * PANEL;
                    out.copy_from_slice(&columns[start..start + out.len()]);
                }
            });
        Ok((CpuStorage::F32(out), Shape::from((count, self.outputs))))
    }
}

/// Blocks of [`ROWS`] rows (the last one may have fewer), in each the numbers of one column next to each other.
fn interleaved(values: &[f32], width: usize) -> Vec<f32> {
    let mut blocks = vec![0.0; values.len()];
    blocks
        .par_chunks_mut(width * ROWS)
        .zip(values.par_chunks(width * ROWS))
        .for_each(|(block, rows)| {
            let height = rows.len() / width;
            for (index, row) in rows.chunks_exact(width).enumerate() {
                for (step, value) in row.iter().enumerate() {
                    block[step * height + index] = *value;
                }
            }
        });
    blocks
}

/// The product of one block of rows and one panel, for any height of the block.
fn multiply(block: &[f32], panel: &[[f32; PANEL]], sums: &mut [[f32; PANEL]]) {
    match sums.len() {
        1 => multiply_rows::<1>(block, panel, sums),
        2 => multiply_rows::<2>(block, panel, sums),
        3 => multiply_rows::<3>(block, panel, sums),
        4 => multiply_rows::<4>(block, panel, sums),
        5 => multiply_rows::<5>(block, panel, sums),
        _ => multiply_rows::<ROWS>(block, panel, sums),
    }
}

fn multiply_rows<const N: usize>(block: &[f32], panel: &[[f32; PANEL]], sums: &mut [[f32; PANEL]]) {
    let mut registers = [[0.0; PANEL]; N];
    for (rows, weights) in block.as_chunks::<N>().0.iter().zip(panel) {
        for (sums, row) in registers.iter_mut().zip(rows) {
            for (sum, weight) in sums.iter_mut().zip(weights) {
                *sum = multiply_add(*row, *weight, *sum);
            }
        }
    }
    sums.copy_from_slice(&registers);
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};

    use super::*;

    #[test]
    fn the_product_is_that_of_the_library_for_every_number_of_rows_and_columns() {
        for (rows, inputs, outputs) in
            [(1, 3, 5), (5, 32, 16), (6, 40, 33), (7, 64, 96), (50, 8, 1)]
        {
            let numbers = |count: usize, step: f32| {
                (0..count)
                    .map(|n| (n as f32 * step).sin())
                    .collect::<Vec<_>>()
            };
            let input = Tensor::from_vec(numbers(rows * inputs, 0.7), (rows, inputs), &Device::Cpu)
                .unwrap();
            let weight = Tensor::from_vec(
                numbers(outputs * inputs, 1.3),
                (outputs, inputs),
                &Device::Cpu,
            )
            .unwrap();
            let expected = input.matmul(&weight.t().unwrap()).unwrap();
            let packed = PackedWeight::new(&weight).unwrap();
            let found = input.apply_op1_no_bwd(&packed).unwrap();
            assert_eq!(found.dims(), expected.dims());
            let difference = (found - expected).unwrap().abs().unwrap();
            let largest = difference.flatten_all().unwrap().max(0).unwrap();
            assert!(
                largest
                    .to_dtype(DType::F32)
                    .unwrap()
                    .to_scalar::<f32>()
                    .unwrap()
                    < 1e-5
            );
        }
    }
}
