//! The elementwise steps of a layer as candle operations, each one pass over the memory, rows
//! shared among the threads.

use candle_core::{CpuStorage, CustomOp2, Error, InplaceOp1, Layout, Result, Shape};
use rayon::prelude::*;

use crate::{config::Activation, kernels};

/// Rows that one thread takes at a time: less would cost more in handing out than in computing.
const ROWS_AT_ONCE: usize = 16;

/// The numbers of a contiguous f32 tensor.
pub(crate) fn numbers<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    let (start, end) = layout
        .contiguous_offsets()
        .ok_or_else(|| Error::Msg("the tensor is not contiguous".to_owned()))?;
    Ok(&storage.as_slice::<f32>()?[start..end])
}

/// `x = activation(x + bias)`, in place.
pub(crate) struct BiasActivation {
    pub(crate) bias: Vec<f32>,
    pub(crate) activation: Activation,
}

impl InplaceOp1 for BiasActivation {
    fn name(&self) -> &'static str {
        "bias-activation"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> Result<()> {
        let (start, end) = layout
            .contiguous_offsets()
            .ok_or_else(|| Error::Msg("the tensor is not contiguous".to_owned()))?;
        let CpuStorage::F32(values) = storage else {
            return Err(Error::Msg("the tensor is not f32".to_owned()));
        };
        let width = self.bias.len();
        values[start..end]
            .par_chunks_mut(width * ROWS_AT_ONCE)
            .for_each(|rows| {
                for row in rows.chunks_exact_mut(width) {
                    kernels::bias_activation(row, &self.bias, self.activation);
                }
            });
        Ok(())
    }
}

/// `layer_norm(x + bias + residual)`.
pub(crate) struct AddLayerNorm {
    pub(crate) bias: Vec<f32>,
    pub(crate) scale: Vec<f32>,
    pub(crate) shift: Vec<f32>,
    pub(crate) epsilon: f32,
}

impl CustomOp2 for AddLayerNorm {
    fn name(&self) -> &'static str {
        "add-layer-norm"
    }

    fn cpu_fwd(
        &self,
        storage: &CpuStorage,
        layout: &Layout,
        residual_storage: &CpuStorage,
        residual_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let values = numbers(storage, layout)?;
        let residual = numbers(residual_storage, residual_layout)?;
        let width = self.scale.len();
        let mut sums = vec![0.0; values.len()];
        sums.par_chunks_mut(width * ROWS_AT_ONCE)
            .zip(values.par_chunks(width * ROWS_AT_ONCE))
            .zip(residual.par_chunks(width * ROWS_AT_ONCE))
            .for_each(|((sums, values), residual)| {
                let rows = sums
                    .chunks_exact_mut(width)
                    .zip(values.chunks_exact(width))
                    .zip(residual.chunks_exact(width));
                for ((sum, value), residual) in rows {
                    for (index, sum) in sum.iter_mut().enumerate() {
                        *sum = value[index] + residual[index] + self.bias[index];
                    }
                    kernels::layer_norm(sum, &self.scale, &self.shift, self.epsilon);
                }
            });
        Ok((CpuStorage::F32(sums), layout.shape().clone()))
    }
}
