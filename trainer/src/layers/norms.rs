//! RMS norm and layer norm with their gradients. On the CPU each is one pass over the memory; elsewhere both are
//! put together from candle's operations.

use anyhow::Result;
use candle_core::{CpuStorage, CustomOp1, D, Layout, Shape, Tensor};

use super::{
    by_hand,
    rows::{dot, for_rows, from_rows, numbers},
};

/// `x / sqrt(mean(x²) + ε) · weight` for each row of `[rows, width]` (Zhang & Sennrich 2019).
pub(crate) fn rms_norm(input: &Tensor, weight: &Tensor, epsilon: f64) -> Result<Tensor> {
    if input.device().is_cpu() {
        let weight = weight.to_vec1()?;
        let epsilon = epsilon as f32;
        return Ok(input.contiguous()?.apply_op1(RmsNorm { weight, epsilon })?);
    }
    let scale = (input.sqr()?.mean_keepdim(D::Minus1)? + epsilon)?.sqrt()?;
    Ok(input.broadcast_div(&scale)?.broadcast_mul(weight)?)
}

/// `(x − mean) / sqrt(variance + ε) · weight + bias` for each row of `[rows, width]` (Ba et al. 2016).
pub(crate) fn layer_norm(
    input: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
    epsilon: f32,
) -> Result<Tensor> {
    if !input.device().is_cpu() {
        return by_hand::layer_norm(input, weight, bias, epsilon);
    }
    let norm = LayerNorm {
        weight: weight.to_vec1()?,
        bias: bias.to_vec1()?,
        epsilon,
    };
    Ok(input.contiguous()?.apply_op1(norm)?)
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

struct LayerNorm {
    weight: Vec<f32>,
    bias: Vec<f32>,
    epsilon: f32,
}

impl LayerNorm {
    /// Mean, and one over the deviation.
    fn moments(&self, row: &[f32]) -> (f32, f32) {
        let count = row.len() as f32;
        let mean = row.iter().sum::<f32>() / count;
        let squares: f32 = row.iter().map(|value| (value - mean).powi(2)).sum();
        (mean, (squares / count + self.epsilon).sqrt().recip())
    }
}

impl CustomOp1 for LayerNorm {
    fn name(&self) -> &'static str {
        "layer-norm"
    }

    fn cpu_fwd(
        &self,
        storage: &CpuStorage,
        layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let input = numbers(storage, layout)?;
        let mut out = vec![0.0; input.len()];
        for_rows(&mut out, [input], self.weight.len(), |_, out, [row]| {
            let (mean, inverse) = self.moments(row);
            for (index, out) in out.iter_mut().enumerate() {
                *out = (row[index] - mean) * inverse * self.weight[index] + self.bias[index];
            }
        });
        Ok((CpuStorage::F32(out), layout.shape().clone()))
    }

    /// With n the normalised row and h = g·w: dx = (h − mean(h) − n·mean(h·n)) / deviation.
    fn bwd(
        &self,
        input: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> candle_core::Result<Option<Tensor>> {
        from_rows(input, [input, gradient], |_, out, [row, gradient]| {
            let (mean, inverse) = self.moments(row);
            let count = row.len() as f32;
            let (mut sum, mut along) = (0.0, 0.0);
            for (index, out) in out.iter_mut().enumerate() {
                *out = gradient[index] * self.weight[index];
                sum += *out;
                along += *out * (row[index] - mean) * inverse;
            }
            for (out, value) in out.iter_mut().zip(row) {
                let normal = (value - mean) * inverse;
                *out = (*out - sum / count - normal * along / count) * inverse;
            }
        })
        .map(Some)
    }
}

#[cfg(test)]
mod tests;
