//! One decoder layer for one sequence, in operations that have a gradient: RMS norm, grouped-query
//! attention with rotary positions, RMS norm, gated feed-forward network (Touvron et al. 2023).

use anyhow::Result;
use candle_core::{D, Tensor};

use super::{
    adapter::{Adapter, Module},
    config::{ModelConfig, RopeLayout},
};
use crate::layers::{
    FrozenMatrix,
    norms::rms_norm,
    row_ops::{causal_softmax, swiglu},
};

/// The frozen weights of a layer.
pub(super) struct Layer {
    pub(super) index: usize,
    pub(super) attention_norm: Tensor,
    pub(super) feed_forward_norm: Tensor,
    /// In the order of [`Module::ALL`].
    pub(super) matrices: [FrozenMatrix; 7],
}

/// What depends on the length of the sequence only.
pub(super) struct Positions {
    /// `[tokens, head_width / 2]`.
    cosines: Tensor,
    sines: Tensor,
}

impl Positions {
    pub(super) fn new(
        config: &ModelConfig,
        tokens: usize,
        device: &candle_core::Device,
    ) -> Result<Self> {
        let half = config.head_width / 2;
        let mut angles = Vec::with_capacity(tokens * half);
        for position in 0..tokens {
            for pair in 0..half {
                let exponent = 2.0 * pair as f64 / config.head_width as f64;
                angles.push((position as f64 / config.rope_base.powf(exponent)) as f32);
            }
        }
        let angles = Tensor::from_vec(angles, (tokens, half), device)?;
        Ok(Self {
            cosines: angles.cos()?,
            sines: angles.sin()?,
        })
    }

    /// Turns `[heads, tokens, head_width]`.
    fn rotate(&self, input: &Tensor, layout: RopeLayout) -> Result<Tensor> {
        let (heads, tokens, width) = input.dims3()?;
        let half = width / 2;
        match layout {
            RopeLayout::Halves => {
                let (first, second) = (
                    input.narrow(D::Minus1, 0, half)?,
                    input.narrow(D::Minus1, half, half)?,
                );
                let (first, second) = self.turn(&first, &second)?;
                Ok(Tensor::cat(&[first, second], D::Minus1)?)
            }
            RopeLayout::Neighbours => {
                let pairs = input.reshape((heads, tokens, half, 2))?;
                let first = pairs.narrow(D::Minus1, 0, 1)?.squeeze(D::Minus1)?;
                let second = pairs.narrow(D::Minus1, 1, 1)?.squeeze(D::Minus1)?;
                let (first, second) = self.turn(&first, &second)?;
                Ok(Tensor::stack(&[first, second], D::Minus1)?.reshape((heads, tokens, width))?)
            }
        }
    }

    fn turn(&self, first: &Tensor, second: &Tensor) -> Result<(Tensor, Tensor)> {
        let (cosines, sines) = (&self.cosines, &self.sines);
        Ok((
            (first.broadcast_mul(cosines)? - second.broadcast_mul(sines)?)?,
            (first.broadcast_mul(sines)? + second.broadcast_mul(cosines)?)?,
        ))
    }
}

impl Layer {
    /// `[tokens, hidden]` to `[tokens, hidden]`.
    pub(super) fn forward(
        &self,
        config: &ModelConfig,
        input: &Tensor,
        positions: &Positions,
        adapter: Option<&Adapter>,
    ) -> Result<Tensor> {
        let normed = rms_norm(input, &self.attention_norm, config.norm_epsilon)?;
        let attended = self.attend(config, &normed, positions, adapter)?;
        let middle = (input + self.project(Module::Output, &attended, adapter)?)?;
        let normed = rms_norm(&middle, &self.feed_forward_norm, config.norm_epsilon)?;
        let gate = self.project(Module::Gate, &normed, adapter)?;
        let wide = swiglu(&gate, &self.project(Module::Up, &normed, adapter)?)?;
        Ok((middle + self.project(Module::Down, &wide, adapter)?)?)
    }

    fn attend(
        &self,
        config: &ModelConfig,
        input: &Tensor,
        positions: &Positions,
        adapter: Option<&Adapter>,
    ) -> Result<Tensor> {
        let tokens = input.dim(0)?;
        let (width, kv_heads) = (config.head_width, config.kv_heads);
        let group = config.heads / kv_heads;
        let split = |module, heads: usize| -> Result<Tensor> {
            let projected = self.project(module, input, adapter)?;
            Ok(projected
                .reshape((tokens, heads, width))?
                .transpose(0, 1)?
                .contiguous()?)
        };
        let query = positions.rotate(&split(Module::Query, config.heads)?, config.rope_layout)?;
        let key = positions.rotate(&split(Module::Key, kv_heads)?, config.rope_layout)?;
        let value = split(Module::Value, kv_heads)?;
        // The query heads that share a key head lie one after the other.
        let query = (query.reshape((kv_heads, group * tokens, width))? / (width as f64).sqrt())?;
        let scores = query.matmul(&key.transpose(1, 2)?.contiguous()?)?;
        let scores = scores.reshape((config.heads, tokens, tokens))?;
        let weights = causal_softmax(&scores)?.reshape((kv_heads, group * tokens, tokens))?;
        let mixed = weights
            .matmul(&value)?
            .reshape((config.heads, tokens, width))?;
        Ok(mixed
            .transpose(0, 1)?
            .reshape((tokens, config.heads * width))?)
    }

    fn project(&self, module: Module, input: &Tensor, adapter: Option<&Adapter>) -> Result<Tensor> {
        let frozen = self.matrices[module as usize].apply(input)?;
        match adapter.and_then(|adapter| adapter.delta(self.index, module, input).transpose()) {
            Some(delta) => Ok((frozen + delta?)?),
            None => Ok(frozen),
        }
    }
}
