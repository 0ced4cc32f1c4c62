//! One pass over the rows of tensors in main memory, shared among the threads.

use candle_core::{CpuStorage, Error, Layout, Shape, Tensor};
use rayon::prelude::*;

/// Rows that one thread takes at a time.
const ROWS_AT_ONCE: usize = 8;

pub(super) fn numbers<'a>(
    storage: &'a CpuStorage,
    layout: &Layout,
) -> candle_core::Result<&'a [f32]> {
    let (start, end) = layout
        .contiguous_offsets()
        .ok_or_else(|| Error::Msg("the tensor is not contiguous".to_owned()))?;
    Ok(&storage.as_slice::<f32>()?[start..end])
}

pub(super) fn row_width(shape: &Shape) -> candle_core::Result<usize> {
    let width = shape.dims().last().copied();
    width.ok_or_else(|| Error::Msg("a scalar has no rows".to_owned()))
}

/// Calls `each` with the number of a row, the row of `out` and those of `inputs`.
pub(super) fn for_rows<const N: usize>(
    out: &mut [f32],
    inputs: [&[f32]; N],
    width: usize,
    each: impl Fn(usize, &mut [f32], [&[f32]; N]) + Sync,
) {
    out.par_chunks_mut(width * ROWS_AT_ONCE)
        .enumerate()
        .for_each(|(block, rows)| {
            for (index, row) in rows.chunks_exact_mut(width).enumerate() {
                let number = block * ROWS_AT_ONCE + index;
                each(
                    number,
                    row,
                    inputs.map(|input| &input[number * width..][..width]),
                );
            }
        });
}

/// A tensor of the shape of `like` from rows of tensors of that shape.
pub(super) fn from_rows<const N: usize>(
    like: &Tensor,
    inputs: [&Tensor; N],
    each: impl Fn(usize, &mut [f32], [&[f32]; N]) + Sync,
) -> candle_core::Result<Tensor> {
    let mut flat = Vec::with_capacity(N);
    for input in inputs {
        flat.push(input.flatten_all()?.to_vec1::<f32>()?);
    }
    let mut slices = [&[][..]; N];
    for (slice, numbers) in slices.iter_mut().zip(&flat) {
        *slice = numbers;
    }
    let mut out = vec![0.0; like.elem_count()];
    for_rows(&mut out, slices, row_width(like.shape())?, each);
    Tensor::from_vec(out, like.shape(), like.device())
}

pub(super) fn dot(left: &[f32], right: &[f32]) -> f32 {
    let products = left.iter().zip(right).map(|(left, right)| left * right);
    products.sum()
}
