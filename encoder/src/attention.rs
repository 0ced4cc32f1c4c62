//! Multi-head attention over a packed batch as one candle operation: query, key and value come in
//! as the columns of one matrix, the weighted values go out. Scores never leave the cache.

use std::ops::Range;

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape};
use rayon::prelude::*;

use crate::{kernels, ops::numbers, packed::Packed};

/// Query rows that one thread takes at a time.
const ROWS_AT_ONCE: usize = 8;

/// `[tokens, 3 · dim]` (query, key, value, without their biases) to `[tokens, dim]`.
pub(crate) struct Attention<'a> {
    pub(crate) packed: &'a Packed,
    pub(crate) heads: usize,
    pub(crate) query_bias: &'a [f32],
    pub(crate) value_bias: &'a [f32],
}

/// A few query rows of one text, and where their result goes.
struct Task<'a> {
    text: usize,
    rows: Range<usize>,
    out: &'a mut [f32],
}

impl CustomOp1 for Attention<'_> {
    fn name(&self) -> &'static str {
        "packed-attention"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let qkv = numbers(storage, layout)?;
        let dim = self.query_bias.len();
        let keys: Vec<Vec<f32>> = self
            .packed
            .ranges()
            .par_iter()
            .map(|rows| transposed_keys(qkv, rows, dim))
            .collect();
        let mut out = vec![0.0; self.packed.rows() * dim];
        self.tasks(&mut out, dim).into_par_iter().for_each(|task| {
            let text = &self.packed.ranges()[task.text];
            self.attend(qkv, &keys[task.text], text, &task.rows, task.out);
        });
        Ok((CpuStorage::F32(out), Shape::from((self.packed.rows(), dim))))
    }
}

impl Attention<'_> {
    fn tasks<'o>(&self, mut out: &'o mut [f32], dim: usize) -> Vec<Task<'o>> {
        let mut tasks = Vec::new();
        for (text, range) in self.packed.ranges().iter().enumerate() {
            for start in range.clone().step_by(ROWS_AT_ONCE) {
                let rows = start..range.end.min(start + ROWS_AT_ONCE);
                let (head, tail) = out.split_at_mut(rows.len() * dim);
                out = tail;
                tasks.push(Task {
                    text,
                    rows,
                    out: head,
                });
            }
        }
        tasks
    }

    /// The key's bias adds the same to all scores of a row, so softmax cancels it; the weights of a
    /// row sum to 1, so the value's bias is added once.
    fn attend(
        &self,
        qkv: &[f32],
        keys: &[f32],
        text: &Range<usize>,
        rows: &Range<usize>,
        out: &mut [f32],
    ) {
        let dim = self.query_bias.len();
        let width = dim / self.heads;
        let length = text.len();
        let scale = 1.0 / (width as f32).sqrt();
        let mut scores = vec![0.0; length];
        let mut query = vec![0.0; width];
        for (row, out) in rows.clone().zip(out.chunks_exact_mut(dim)) {
            for head in 0..self.heads {
                let columns = head * width..(head + 1) * width;
                let source = &qkv[row * 3 * dim..][columns.clone()];
                let bias = &self.query_bias[columns.clone()];
                for ((query, source), bias) in query.iter_mut().zip(source).zip(bias) {
                    *query = (source + bias) * scale;
                }
                scores.fill(0.0);
                kernels::add_scaled_rows(&mut scores, &query, |column| {
                    &keys[(columns.start + column) * length..][..length]
                });
                kernels::softmax(&mut scores);
                let out = &mut out[columns.clone()];
                out.copy_from_slice(&self.value_bias[columns.clone()]);
                kernels::add_scaled_rows(out, &scores, |token| {
                    let row = (text.start + token) * 3 * dim;
                    &qkv[row + 2 * dim + columns.start..][..width]
                });
            }
        }
    }
}

/// The keys of one text as `[dim, tokens]`, so that the scores of a row are sums of rows.
fn transposed_keys(qkv: &[f32], rows: &Range<usize>, dim: usize) -> Vec<f32> {
    let length = rows.len();
    let mut keys = vec![0.0; dim * length];
    for (token, row) in rows.clone().enumerate() {
        let source = &qkv[row * 3 * dim + dim..][..dim];
        for (column, value) in source.iter().enumerate() {
            keys[column * length + token] = *value;
        }
    }
    keys
}
