//! Multi-head attention over a packed batch as one candle operation: query, key and value come in
//! as the columns of one matrix, the weighted values go out. Scores never leave the cache.

use std::ops::Range;

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape};
use rayon::prelude::*;

use crate::{
    kernels,
    ops::numbers,
    packed::Packed,
    tile::{self, COLUMNS, ROWS, Tile},
};

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
        let sides: Vec<KeysAndValues> = self
            .packed
            .ranges()
            .par_iter()
            .map(|rows| KeysAndValues::new(&qkv[rows.start * 3 * dim..rows.end * 3 * dim], self))
            .collect();
        let mut out = vec![0.0; self.packed.rows() * dim];
        self.tasks(&mut out, dim)
            .into_par_iter()
            .for_each(|task| self.attend(qkv, &sides[task.text], &task.rows, task.out));
        Ok((CpuStorage::F32(out), Shape::from((self.packed.rows(), dim))))
    }
}

impl Attention<'_> {
    fn tasks<'o>(&self, mut out: &'o mut [f32], dim: usize) -> Vec<Task<'o>> {
        let mut tasks = Vec::new();
        for (text, range) in self.packed.ranges().iter().enumerate() {
            for start in range.clone().step_by(ROWS) {
                let rows = start..range.end.min(start + ROWS);
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
    fn attend(&self, qkv: &[f32], text: &KeysAndValues, rows: &Range<usize>, out: &mut [f32]) {
        let dim = self.query_bias.len();
        let (count, width) = (rows.len(), dim / self.heads);
        let scale = 1.0 / (width as f32).sqrt();
        let mut queries = vec![0.0; width * count];
        let mut scores = vec![0.0; count * text.padded()];
        for head in 0..self.heads {
            let columns = head * width..(head + 1) * width;
            for (index, row) in rows.clone().enumerate() {
                let source = &qkv[row * 3 * dim..][columns.clone()];
                let bias = &self.query_bias[columns.clone()];
                let query = &mut queries[index * width..][..width];
                for ((query, source), bias) in query.iter_mut().zip(source).zip(bias) {
                    *query = (source + bias) * scale;
                }
            }
            products(&queries, count, text.keys(head), width, &mut scores);
            for row in scores.chunks_exact_mut(text.padded()) {
                kernels::softmax(&mut row[..text.length]);
            }
            let mut tile = Tile::default();
            for (number, panel) in text.values(head).chunks_exact(text.length).enumerate() {
                tile::multiply(&scores, text.padded(), count, panel, &mut tile);
                let first = number * COLUMNS;
                let here = first..width.min(first + COLUMNS);
                for (sums, out) in tile.iter().zip(out.chunks_exact_mut(dim)) {
                    let bias = &self.value_bias[columns.clone()][here.clone()];
                    let out = &mut out[columns.clone()][here.clone()];
                    for ((out, sum), bias) in out.iter_mut().zip(sums).zip(bias) {
                        *out = sum + bias;
                    }
                }
            }
        }
    }
}

/// All panels (of `steps` rows each) times `count` rows; a row of the result is as long as the panels are wide.
fn products(left: &[f32], count: usize, panels: &[[f32; COLUMNS]], steps: usize, out: &mut [f32]) {
    let width = panels.len() / steps * COLUMNS;
    let mut tile = Tile::default();
    for (number, panel) in panels.chunks_exact(steps).enumerate() {
        tile::multiply(left, steps, count, panel, &mut tile);
        for (sums, out) in tile.iter().zip(out.chunks_exact_mut(width)) {
            out[number * COLUMNS..][..COLUMNS].copy_from_slice(sums);
        }
    }
}

/// Keys and values of one text in the order in which tiles read them, head after head; panels are filled up with
/// zeros.
struct KeysAndValues {
    length: usize,
    heads: usize,
    /// For each head and 16 tokens: one row for each of the head's columns.
    keys: Vec<[f32; COLUMNS]>,
    /// For each head and 16 of its columns: one row for each token.
    values: Vec<[f32; COLUMNS]>,
}

impl KeysAndValues {
    /// From the rows `[tokens, 3 · dim]` of one text.
    fn new(qkv: &[f32], attention: &Attention<'_>) -> Self {
        let (dim, heads) = (attention.query_bias.len(), attention.heads);
        let width = dim / heads;
        let length = qkv.len() / (3 * dim);
        let token_panels = length.div_ceil(COLUMNS);
        let column_panels = width.div_ceil(COLUMNS);
        let mut keys = vec![[0.0; COLUMNS]; heads * token_panels * width];
        let mut values = vec![[0.0; COLUMNS]; heads * column_panels * length];
        for (token, row) in qkv.chunks_exact(3 * dim).enumerate() {
            let (panel, lane) = (token / COLUMNS, token % COLUMNS);
            for head in 0..heads {
                let key = &row[dim + head * width..][..width];
                let rows = &mut keys[(head * token_panels + panel) * width..][..width];
                for (target, value) in rows.iter_mut().zip(key) {
                    target[lane] = *value;
                }
                let value = &row[2 * dim + head * width..][..width];
                for (panel, value) in value.chunks(COLUMNS).enumerate() {
                    let target = &mut values[(head * column_panels + panel) * length + token];
                    target[..value.len()].copy_from_slice(value);
                }
            }
        }
        Self {
            length,
            heads,
            keys,
            values,
        }
    }

    /// Tokens, filled up to whole panels.
    fn padded(&self) -> usize {
        self.length.next_multiple_of(COLUMNS)
    }

    fn keys(&self, head: usize) -> &[[f32; COLUMNS]] {
        let size = self.keys.len() / self.heads;
        &self.keys[head * size..][..size]
    }

    fn values(&self, head: usize) -> &[[f32; COLUMNS]] {
        let size = self.values.len() / self.heads;
        &self.values[head * size..][..size]
    }
}
