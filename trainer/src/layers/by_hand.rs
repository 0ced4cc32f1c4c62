//! Steps whose result is computed without a graph and whose gradients are written by hand. Candle's own gradients
//! need two to three times as many operations, and on a GPU small operations cost their launch. The CPU has
//! ways of its own; the tests hold both together.

use anyhow::Result;
use candle_core::{
    CpuStorage, CudaStorage, CustomOp1, CustomOp3, D, Device, Error, Layout, Shape, Storage,
    Tensor, backend::BackendStorage,
};
use candle_nn::ops::softmax_last_dim;

use super::LowRankPair;

/// From the gradient of a result to those of its `N` inputs.
type Backward<const N: usize> =
    Box<dyn Fn(&Tensor) -> candle_core::Result<[Tensor; N]> + Send + Sync>;

/// A result, and the way back.
struct ByHand<const N: usize> {
    value: Tensor,
    backward: Backward<N>,
}

impl<const N: usize> ByHand<N> {
    fn new(
        value: Tensor,
        backward: impl Fn(&Tensor) -> candle_core::Result<[Tensor; N]> + Send + Sync + 'static,
    ) -> Self {
        Self {
            value,
            backward: Box::new(backward),
        }
    }

    fn on_cpu(&self) -> candle_core::Result<(CpuStorage, Shape)> {
        let (guard, layout) = self.value.storage_and_layout();
        match &*guard {
            Storage::Cpu(storage) => Ok((storage.try_clone(layout)?, self.value.shape().clone())),
            _ => Err(Error::Msg("the result is not in main memory".to_owned())),
        }
    }

    fn on_gpu(&self) -> candle_core::Result<(CudaStorage, Shape)> {
        let (guard, layout) = self.value.storage_and_layout();
        match &*guard {
            Storage::Cuda(storage) => Ok((storage.try_clone(layout)?, self.value.shape().clone())),
            _ => Err(Error::Msg("the result is not on the GPU".to_owned())),
        }
    }
}

impl CustomOp1 for ByHand<1> {
    fn name(&self) -> &'static str {
        "by-hand"
    }

    fn cpu_fwd(&self, _: &CpuStorage, _: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        self.on_cpu()
    }

    fn cuda_fwd(&self, _: &CudaStorage, _: &Layout) -> candle_core::Result<(CudaStorage, Shape)> {
        self.on_gpu()
    }

    fn bwd(
        &self,
        _: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> candle_core::Result<Option<Tensor>> {
        let [input] = (self.backward)(&gradient.detach())?;
        Ok(Some(input))
    }
}

impl CustomOp3 for ByHand<3> {
    fn name(&self) -> &'static str {
        "by-hand"
    }

    fn cpu_fwd(
        &self,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        self.on_cpu()
    }

    fn cuda_fwd(
        &self,
        _: &CudaStorage,
        _: &Layout,
        _: &CudaStorage,
        _: &Layout,
        _: &CudaStorage,
        _: &Layout,
    ) -> candle_core::Result<(CudaStorage, Shape)> {
        self.on_gpu()
    }

    fn bwd(
        &self,
        _: &Tensor,
        _: &Tensor,
        _: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> candle_core::Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let [first, second, third] = (self.backward)(&gradient.detach())?;
        Ok((Some(first), Some(second), Some(third)))
    }
}

/// `(x − mean) / sqrt(variance + ε) · weight + bias` for each row.
pub(crate) fn layer_norm(
    input: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
    epsilon: f32,
) -> Result<Tensor> {
    let rows = input.detach().contiguous()?;
    let value = candle_nn::ops::layer_norm(&rows, weight, bias, epsilon)?;
    let weight = weight.clone();
    // With n the normalised row and h = g·w: dx = (h − mean(h) − n·mean(h·n)) / deviation.
    let backward = move |gradient: &Tensor| {
        let centred = rows.broadcast_sub(&rows.mean_keepdim(D::Minus1)?)?;
        let variance = centred.sqr()?.mean_keepdim(D::Minus1)?;
        let inverse = (variance + f64::from(epsilon))?.sqrt()?.recip()?;
        let normal = centred.broadcast_mul(&inverse)?;
        let scaled = gradient.broadcast_mul(&weight)?;
        let along = (&scaled * &normal)?.mean_keepdim(D::Minus1)?;
        let level = scaled.broadcast_sub(&scaled.mean_keepdim(D::Minus1)?)?;
        let out = (level - normal.broadcast_mul(&along)?)?;
        Ok([out.broadcast_mul(&inverse)?])
    };
    Ok(input.apply_op1(ByHand::new(value, backward))?)
}

/// `x · Wᵀ + b + scale · x · Aᵀ · Bᵀ`, with gradients for x, A and B.
pub(crate) fn adapted_linear(
    input: &Tensor,
    (weight, bias): (&Tensor, &Tensor),
    pair: &LowRankPair,
    scale: f64,
) -> Result<Tensor> {
    let rows = input.detach();
    let (down, up) = (pair.down.as_detached_tensor(), pair.up.as_detached_tensor());
    let narrow = (rows.matmul(&down.t()?)? * scale)?;
    let plain = rows.matmul(&weight.t()?)?.broadcast_add(bias)?;
    let value = (plain + narrow.matmul(&up.t()?)?)?;
    let weight = weight.clone();
    let backward = move |gradient: &Tensor| {
        let back = (gradient.matmul(&up)? * scale)?;
        let for_input = (gradient.matmul(&weight)? + back.matmul(&down)?)?;
        let for_down = back.t()?.matmul(&rows)?;
        let for_up = gradient.t()?.matmul(&narrow)?;
        Ok([for_input, for_down, for_up])
    };
    Ok(input.apply_op3(&pair.down, &pair.up, ByHand::new(value, backward))?)
}

/// Below any score of a row that counts, and still a number after sums.
const MASKED: f32 = -1e9;

/// Texts of different lengths as parts of one tensor, each filled up to the longest.
#[derive(Debug, Clone)]
pub(crate) struct Padding {
    /// The row at each place; row 0 where there is none. `[texts · longest]`.
    rows: Tensor,
    /// The place of each row. `[rows]`.
    places: Tensor,
    /// 1 where there is a row, 0 elsewhere. `[texts, 1, longest, 1]`.
    taken: Tensor,
    /// Added to the scores of attention. `[texts, 1, 1, longest]`.
    mask: Tensor,
}

impl Padding {
    /// From the first row and the length of each text; texts lie one after the other.
    pub(crate) fn new(texts: &[(usize, usize)], device: &Device) -> Result<Self> {
        let longest = texts.iter().map(|(_, length)| *length).max().unwrap_or(0);
        let count = texts.len() * longest;
        let (mut rows, mut taken, mut mask) =
            (vec![0; count], vec![0.0_f32; count], vec![MASKED; count]);
        let mut places = Vec::new();
        for (text, (start, length)) in texts.iter().enumerate() {
            for index in 0..*length {
                let place = text * longest + index;
                rows[place] = u32::try_from(start + index)?;
                taken[place] = 1.0;
                mask[place] = 0.0;
                places.push(u32::try_from(place)?);
            }
        }
        Ok(Self {
            rows: Tensor::new(rows, device)?,
            places: Tensor::new(places, device)?,
            taken: Tensor::from_vec(taken, (texts.len(), 1, longest, 1), device)?,
            mask: Tensor::from_vec(mask, (texts.len(), 1, 1, longest), device)?,
        })
    }

    /// `[rows, dim]` to `[texts, heads, longest, dim / heads]`.
    fn split(&self, rows: &Tensor, heads: usize) -> candle_core::Result<Tensor> {
        let (texts, _, _, longest) = self.mask.dims4()?;
        let width = rows.dim(D::Minus1)? / heads;
        let padded = rows.index_select(&self.rows, 0)?;
        let parts = padded.reshape((texts, longest, heads, width))?;
        parts.transpose(1, 2)?.contiguous()
    }

    /// The way back.
    fn join(&self, parts: &Tensor) -> candle_core::Result<Tensor> {
        let (texts, heads, longest, width) = parts.dims4()?;
        let padded = parts.transpose(1, 2)?;
        let padded = padded.reshape((texts * longest, heads * width))?;
        padded.index_select(&self.places, 0)
    }
}

/// Attention among the tokens of each text. Queries, keys and values are `[rows, dim]`.
pub(crate) fn attention(
    [query, key, value]: [&Tensor; 3],
    padding: &Padding,
    heads: usize,
) -> Result<Tensor> {
    let scale = (heads as f64 / query.dim(D::Minus1)? as f64).sqrt();
    let [queries, keys, values] =
        [query, key, value].map(|rows| padding.split(&rows.detach(), heads));
    let (queries, keys, values) = ((queries? * scale)?, keys?, values?);
    let scores = queries.matmul(&keys.t()?)?.broadcast_add(&padding.mask)?;
    let weights = softmax_last_dim(&scores)?;
    let mixed = padding.join(&weights.matmul(&values)?)?;
    let padding = padding.clone();
    // With y the weights and h the gradient for them: d(scores) = y·(h − Σ h·y).
    let backward = move |gradient: &Tensor| {
        let gradient = padding.split(gradient, heads)?;
        let gradient = gradient.broadcast_mul(&padding.taken)?;
        let for_value = weights.t()?.matmul(&gradient)?;
        let for_weights = gradient.matmul(&values.t()?)?;
        let shared = (&for_weights * &weights)?.sum_keepdim(D::Minus1)?;
        let for_scores = (&weights * for_weights.broadcast_sub(&shared)?)?;
        let for_query = (for_scores.matmul(&keys)? * scale)?;
        let for_key = for_scores.t()?.matmul(&queries)?;
        Ok([
            padding.join(&for_query)?,
            padding.join(&for_key)?,
            padding.join(&for_value)?,
        ])
    };
    Ok(query.apply_op3(key, value, ByHand::new(mixed, backward))?)
}
