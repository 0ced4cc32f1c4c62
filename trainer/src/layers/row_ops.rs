//! The gate of a feed-forward network and the softmax of causal attention, with their gradients. On the CPU each
//! is one pass over the memory; elsewhere the same formulas are put together from candle's operations.

use anyhow::Result;
use candle_core::{CpuStorage, CustomOp1, CustomOp2, D, Layout, Shape, Tensor};
use candle_nn::ops::{silu, softmax};

use super::rows::{dot, for_rows, from_rows, numbers, row_width};

/// Far below any score, and still a number after sums.
pub(super) const MASKED: f32 = -1e9;

/// `silu(gate) · up`, both `[rows, width]` (Shazeer 2020).
pub(crate) fn swiglu(gate: &Tensor, up: &Tensor) -> Result<Tensor> {
    if gate.device().is_cpu() {
        return Ok(gate.apply_op2(up, SwiGlu)?);
    }
    Ok((silu(gate)? * up)?)
}

/// The weights of attention from scores `[heads, tokens, tokens]`: a softmax over the tokens up to the
/// row's own, 0 for those after it.
pub(crate) fn causal_softmax(scores: &Tensor) -> Result<Tensor> {
    if scores.device().is_cpu() {
        return Ok(scores.contiguous()?.apply_op1(CausalSoftmax)?);
    }
    let tokens = scores.dim(D::Minus1)?;
    let mask: Vec<f32> = (0..tokens)
        .flat_map(|row| (0..tokens).map(move |column| if column > row { MASKED } else { 0.0 }))
        .collect();
    let mask = Tensor::from_vec(mask, (tokens, tokens), scores.device())?;
    Ok(softmax(&scores.broadcast_add(&mask)?, D::Minus1)?)
}

struct SwiGlu;

fn sigmoid(x: f32) -> f32 {
    (1.0 + (-x).exp()).recip()
}

impl CustomOp2 for SwiGlu {
    fn name(&self) -> &'static str {
        "swiglu"
    }

    fn cpu_fwd(
        &self,
        gate: &CpuStorage,
        gate_layout: &Layout,
        up: &CpuStorage,
        up_layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let inputs = [numbers(gate, gate_layout)?, numbers(up, up_layout)?];
        let mut out = vec![0.0; inputs[0].len()];
        let width = row_width(gate_layout.shape())?;
        for_rows(&mut out, inputs, width, |_, out, [gate, up]| {
            for ((out, gate), up) in out.iter_mut().zip(gate).zip(up) {
                *out = gate * sigmoid(*gate) * up;
            }
        });
        Ok((CpuStorage::F32(out), gate_layout.shape().clone()))
    }

    /// With s = σ(gate): d(gate) = g·up·s·(1 + gate·(1 − s)), d(up) = g·gate·s.
    fn bwd(
        &self,
        gate: &Tensor,
        up: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> candle_core::Result<(Option<Tensor>, Option<Tensor>)> {
        let for_gate = from_rows(
            gate,
            [gate, up, gradient],
            |_, out, [gate, up, gradient]| {
                for (index, out) in out.iter_mut().enumerate() {
                    let (gate, share) = (gate[index], sigmoid(gate[index]));
                    *out = gradient[index] * up[index] * share * (1.0 + gate * (1.0 - share));
                }
            },
        )?;
        let for_up = from_rows(up, [gate, gradient], |_, out, [gate, gradient]| {
            for (index, out) in out.iter_mut().enumerate() {
                *out = gradient[index] * gate[index] * sigmoid(gate[index]);
            }
        })?;
        Ok((Some(for_gate), Some(for_up)))
    }
}

struct CausalSoftmax;

impl CustomOp1 for CausalSoftmax {
    fn name(&self) -> &'static str {
        "causal-softmax"
    }

    fn cpu_fwd(
        &self,
        storage: &CpuStorage,
        layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let scores = numbers(storage, layout)?;
        let tokens = row_width(layout.shape())?;
        let mut out = vec![0.0; scores.len()];
        for_rows(&mut out, [scores], tokens, |number, out, [scores]| {
            let seen = number % tokens + 1;
            let (out, scores) = (&mut out[..seen], &scores[..seen]);
            let largest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let mut sum = 0.0;
            for (out, score) in out.iter_mut().zip(scores) {
                *out = (score - largest).exp();
                sum += *out;
            }
            for out in out {
                *out /= sum;
            }
        });
        Ok((CpuStorage::F32(out), layout.shape().clone()))
    }

    /// With y the weights: dx = y·(g − Σ g·y).
    fn bwd(
        &self,
        _: &Tensor,
        weights: &Tensor,
        gradient: &Tensor,
    ) -> candle_core::Result<Option<Tensor>> {
        let tokens = row_width(weights.shape())?;
        from_rows(
            weights,
            [weights, gradient],
            |number, out, [weights, gradient]| {
                let seen = number % tokens + 1;
                let (weights, gradient) = (&weights[..seen], &gradient[..seen]);
                let shared = dot(weights, gradient);
                for ((out, weight), gradient) in out.iter_mut().zip(weights).zip(gradient) {
                    *out = weight * (gradient - shared);
                }
            },
        )
        .map(Some)
    }
}
