//! Matrices that are not trained. They may stay quantised and are then spread out for each use
//! (QLoRA, Dettmers et al. 2023, <https://arxiv.org/abs/2305.14314>); gradients pass through them to
//! the input, and none is computed for the matrix itself.

use std::sync::Arc;

use anyhow::Result;
use candle_core::{
    CpuStorage, CudaStorage, CustomOp1, DType, Device, Error, Layout, Shape, Storage, Tensor,
    backend::BackendStorage, quantized::QTensor,
};

/// A matrix `[out, in]`.
#[derive(Debug, Clone)]
pub enum FrozenMatrix {
    /// As numbers.
    Dense(Tensor),
    /// As quantised blocks.
    Quantised(Arc<QTensor>, Device),
}

impl FrozenMatrix {
    /// `[out, in]` as numbers.
    ///
    /// # Errors
    /// The device has no memory left.
    pub fn dense(&self) -> candle_core::Result<Tensor> {
        match self {
            Self::Dense(weight) => Ok(weight.clone()),
            Self::Quantised(weight, device) => weight.dequantize(device)?.to_dtype(DType::F32),
        }
    }

    /// Rows and columns.
    ///
    /// # Errors
    /// It is no matrix.
    pub fn dims(&self) -> Result<(usize, usize)> {
        Ok(match self {
            Self::Dense(weight) => weight.dims2()?,
            Self::Quantised(weight, _) => weight.shape().dims2()?,
        })
    }

    /// `[rows, in]` to `[rows, out]`.
    ///
    /// # Errors
    /// The widths do not fit.
    pub fn apply(&self, input: &Tensor) -> Result<Tensor> {
        Ok(input
            .contiguous()?
            .apply_op1(TimesTransposed(self.clone()))?)
    }
}

/// `x · Wᵀ` with the gradient `g · W` for x.
struct TimesTransposed(FrozenMatrix);

impl TimesTransposed {
    fn sizes(&self, input: &Layout, weight: &Tensor) -> candle_core::Result<[usize; 3]> {
        let (rows, width) = input.shape().dims2()?;
        let (out, inner) = weight.dims2()?;
        if width == inner {
            Ok([rows, out, inner])
        } else {
            Err(Error::Msg(format!(
                "a matrix for width {inner} got width {width}"
            )))
        }
    }
}

impl CustomOp1 for TimesTransposed {
    fn name(&self) -> &'static str {
        "times-frozen-transposed"
    }

    fn cpu_fwd(
        &self,
        storage: &CpuStorage,
        layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let weight = self.0.dense()?;
        let [rows, out, inner] = self.sizes(layout, &weight)?;
        let (guard, weight_layout) = weight.storage_and_layout();
        let Storage::Cpu(weight) = &*guard else {
            return Err(Error::Msg("the matrix is not in main memory".to_owned()));
        };
        let transposed = weight_layout.transpose(0, 1)?;
        let product = storage.matmul(weight, (1, rows, out, inner), layout, &transposed)?;
        Ok((product, Shape::from((rows, out))))
    }

    fn cuda_fwd(
        &self,
        storage: &CudaStorage,
        layout: &Layout,
    ) -> candle_core::Result<(CudaStorage, Shape)> {
        let weight = self.0.dense()?;
        let [rows, out, inner] = self.sizes(layout, &weight)?;
        let (guard, weight_layout) = weight.storage_and_layout();
        let Storage::Cuda(weight) = &*guard else {
            return Err(Error::Msg("the matrix is not on the GPU".to_owned()));
        };
        let transposed = weight_layout.transpose(0, 1)?;
        let product = storage.matmul(weight, (1, rows, out, inner), layout, &transposed)?;
        Ok((product, Shape::from((rows, out))))
    }

    fn bwd(
        &self,
        _: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> candle_core::Result<Option<Tensor>> {
        Ok(Some(gradient.contiguous()?.matmul(&self.0.dense()?)?))
    }
}
