//! The trainable part of an adapted matrix W `[out, in]` (LoRA, Hu et al. 2021,
//! <https://arxiv.org/abs/2106.09685>): A `[rank, in]` and B `[out, rank]`, which add
//! `scale · x · Aᵀ · Bᵀ` to `x · Wᵀ`.

use anyhow::Result;
use candle_core::{DType, Device, Tensor, Var};
use rand::{Rng, rngs::StdRng};

/// A and B of one matrix.
#[derive(Debug, Clone)]
pub struct LowRankPair {
    /// A, `[rank, in]`.
    pub down: Var,
    /// B, `[out, rank]`.
    pub up: Var,
}

impl LowRankPair {
    /// A pair that changes nothing yet: A is uniform in ±1/√in (PEFT's default), B is zero.
    ///
    /// # Errors
    /// The device has no memory left.
    pub fn new(
        (out, input): (usize, usize),
        rank: usize,
        random: &mut StdRng,
        device: &Device,
    ) -> Result<Self> {
        let bound = (1.0 / input as f32).sqrt();
        let values: Vec<f32> = (0..rank * input)
            .map(|_| random.random_range(-bound..bound))
            .collect();
        Ok(Self {
            down: Var::from_vec(values, (rank, input), device)?,
            up: Var::zeros((out, rank), DType::F32, device)?,
        })
    }

    /// What is added to the product of the matrix and `input` `[rows, in]`, with its graph.
    ///
    /// # Errors
    /// The widths do not fit.
    pub fn delta(&self, input: &Tensor, scale: f64) -> Result<Tensor> {
        let narrow = (input.matmul(&self.down.t()?)? * scale)?;
        Ok(narrow.matmul(&self.up.t()?)?)
    }

    /// `scale · B · A`, what merging adds to the matrix.
    ///
    /// # Errors
    /// The device has no memory left.
    pub fn merged(&self, scale: f64) -> Result<Tensor> {
        let (up, down) = (self.up.as_detached_tensor(), self.down.as_detached_tensor());
        Ok((up.matmul(&down)? * scale)?)
    }
}
