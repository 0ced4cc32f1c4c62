//! The row-wise steps of a layer with their gradients. On the CPU each is one pass over the memory,
//! rows shared among the threads; elsewhere the same formulas are put together from candle's operations,
//! which have gradients of their own.

use anyhow::Result;
use candle_core::{CpuStorage, CustomOp1, CustomOp2, D, Error, Layout, Shape, Tensor};
use candle_nn::ops::{silu, softmax};
use rayon::prelude::*;

/// Rows that one thread takes at a time.
const ROWS_AT_ONCE: usize = 8;
/// Far below any score, and still a number after sums.
const MASKED: f32 = -1e9;

/// `x / sqrt(mean(x²) + ε) · weight` for each row of `[rows, width]` (Zhang & Sennrich 2019).
pub(super) fn rms_norm(input: &Tensor, weight: &Tensor, epsilon: f64) -> Result<Tensor> {
    if input.device().is_cpu() {
        let weight = weight.to_vec1()?;
        let epsilon = epsilon as f32;
        return Ok(input.contiguous()?.apply_op1(RmsNorm { weight, epsilon })?);
    }
    let scale = (input.sqr()?.mean_keepdim(D::Minus1)? + epsilon)?.sqrt()?;
    Ok(input.broadcast_div(&scale)?.broadcast_mul(weight)?)
}

/// `silu(gate) · up`, both `[rows, width]` (Shazeer 2020).
pub(super) fn swiglu(gate: &Tensor, up: &Tensor) -> Result<Tensor> {
    if gate.device().is_cpu() {
        return Ok(gate.apply_op2(up, SwiGlu)?);
    }
    Ok((silu(gate)? * up)?)
}

/// The weights of attention from scores `[heads, tokens, tokens]`: a softmax over the tokens up to the
/// row's own, 0 for those after it.
pub(super) fn causal_softmax(scores: &Tensor) -> Result<Tensor> {
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

fn numbers<'a>(storage: &'a CpuStorage, layout: &Layout) -> candle_core::Result<&'a [f32]> {
    let (start, end) = layout
        .contiguous_offsets()
        .ok_or_else(|| Error::Msg("the tensor is not contiguous".to_owned()))?;
    Ok(&storage.as_slice::<f32>()?[start..end])
}

fn row_width(shape: &Shape) -> candle_core::Result<usize> {
    let width = shape.dims().last().copied();
    width.ok_or_else(|| Error::Msg("a scalar has no rows".to_owned()))
}

/// Calls `each` with the number of a row, the row of `out` and those of `inputs`.
fn for_rows<const N: usize>(
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
fn from_rows<const N: usize>(
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

fn dot(left: &[f32], right: &[f32]) -> f32 {
    let products = left.iter().zip(right).map(|(left, right)| left * right);
    products.sum()
}

struct RmsNorm {
    weight: Vec<f32>,
    epsilon: f32,
}

impl RmsNorm {
    fn inverse(&self, row: &[f32]) -> f32 {
        (dot(row, row) / row.len() as f32 + self.epsilon)
            .sqrt()
            .recip()
    }
}

impl CustomOp1 for RmsNorm {
    fn name(&self) -> &'static str {
        "rms-norm"
    }

    fn cpu_fwd(
        &self,
        storage: &CpuStorage,
        layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let input = numbers(storage, layout)?;
        let mut out = vec![0.0; input.len()];
        for_rows(&mut out, [input], self.weight.len(), |_, out, [row]| {
            let inverse = self.inverse(row);
            for ((out, value), weight) in out.iter_mut().zip(row).zip(&self.weight) {
                *out = value * inverse * weight;
            }
        });
        Ok((CpuStorage::F32(out), layout.shape().clone()))
    }

    /// With r = 1/√(mean(x²)+ε) and h = g·w: dx = r·h − x·r³·mean(h·x).
    fn bwd(
        &self,
        input: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> candle_core::Result<Option<Tensor>> {
        from_rows(input, [input, gradient], |_, out, [row, gradient]| {
            let inverse = self.inverse(row);
            for ((out, gradient), weight) in out.iter_mut().zip(gradient).zip(&self.weight) {
                *out = gradient * weight;
            }
            let shared = dot(out, row) / row.len() as f32 * inverse.powi(3);
            for (out, value) in out.iter_mut().zip(row) {
                *out = *out * inverse - value * shared;
            }
        })
        .map(Some)
    }
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

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;

    /// Compares the gradients of two ways to compute the same thing, and the results.
    fn same(inputs: &[Var], one: impl Fn(&[Var]) -> Tensor, other: impl Fn(&[Var]) -> Tensor) {
        let (one, other) = (one(inputs), other(inputs));
        let close = |a: &Tensor, b: &Tensor| {
            let difference = (a - b).unwrap().abs().unwrap().max_all().unwrap();
            assert!(difference.to_scalar::<f32>().unwrap() < 1e-4, "{a} {b}");
        };
        close(&one, &other);
        let weights = Tensor::randn(0.0_f32, 1.0, one.shape(), &Device::Cpu).unwrap();
        let gradients = |out: &Tensor| {
            let loss = (out * &weights).unwrap().sum_all().unwrap();
            loss.backward().unwrap()
        };
        let (one, other) = (gradients(&one), gradients(&other));
        for input in inputs {
            close(one.get(input).unwrap(), other.get(input).unwrap());
        }
    }

    fn random(shape: &[usize]) -> Var {
        Var::randn(0.0_f32, 2.0, shape, &Device::Cpu).unwrap()
    }

    #[test]
    fn rms_norm_and_its_gradient_are_those_of_the_formula() {
        let weight = Tensor::randn(0.0_f32, 1.0, 24, &Device::Cpu).unwrap();
        same(
            &[random(&[19, 24])],
            |inputs| rms_norm(&inputs[0], &weight, 1e-5).unwrap(),
            |inputs| {
                let mean = inputs[0].sqr().unwrap().mean_keepdim(1).unwrap();
                let scale = (mean + 1e-5).unwrap().sqrt().unwrap();
                let normed = inputs[0].broadcast_div(&scale).unwrap();
                normed.broadcast_mul(&weight).unwrap()
            },
        );
    }

    #[test]
    fn swiglu_and_its_gradients_are_those_of_the_formula() {
        same(
            &[random(&[11, 16]), random(&[11, 16])],
            |inputs| swiglu(&inputs[0], &inputs[1]).unwrap(),
            |inputs| (silu(&inputs[0]).unwrap() * inputs[1].as_tensor()).unwrap(),
        );
    }

    #[test]
    fn a_token_looks_back_only_and_the_gradient_agrees() {
        let mask: Vec<f32> = (0..9)
            .flat_map(|row| (0..9).map(move |column| if column > row { MASKED } else { 0.0 }))
            .collect();
        let mask = Tensor::from_vec(mask, (9, 9), &Device::Cpu).unwrap();
        same(
            &[random(&[3, 9, 9])],
            |inputs| causal_softmax(&inputs[0]).unwrap(),
            |inputs| softmax(&inputs[0].broadcast_add(&mask).unwrap(), D::Minus1).unwrap(),
        );
    }
}
