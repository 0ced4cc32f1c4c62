//! One transformer layer of DistilBERT: attention, then the feed-forward network, each followed by
//! "add the input, normalise".

use candle_core::Tensor;

use crate::{
    attention::Attention,
    config::Config,
    error::EncoderError,
    ops::{AddLayerNorm, BiasActivation},
    packed::Packed,
    weights::Weights,
};

/// Weight matrices are stored transposed, `[in, out]` row by row: the product packs them faster,
/// which shows for single short texts.
pub(crate) struct Layer {
    heads: usize,
    /// Query, key and value in one matrix `[dim, 3 · dim]`: one product instead of three.
    qkv: Tensor,
    query_bias: Vec<f32>,
    value_bias: Vec<f32>,
    attention_out: Tensor,
    attention_norm: AddLayerNorm,
    widen: Tensor,
    activation: BiasActivation,
    narrow: Tensor,
    output_norm: AddLayerNorm,
}

impl Layer {
    pub(crate) fn read(
        weights: &Weights,
        prefix: &str,
        config: &Config,
    ) -> Result<Self, EncoderError> {
        let (dim, hidden) = (config.dim, config.hidden_dim);
        let bias = |name: &str, size| weights.values(&format!("{prefix}.{name}.bias"), &[size]);
        let matrix = |name: &str, rows, columns| {
            weights.get(&format!("{prefix}.{name}.weight"), &[rows, columns])
        };
        let norm = |name: &str, bias| -> Result<_, EncoderError> {
            Ok(AddLayerNorm {
                bias,
                scale: weights.values(&format!("{prefix}.{name}.weight"), &[dim])?,
                shift: weights.values(&format!("{prefix}.{name}.bias"), &[dim])?,
                epsilon: config.layer_norm_eps,
            })
        };
        let projections =
            ["q_lin", "k_lin", "v_lin"].map(|name| matrix(&format!("attention.{name}"), dim, dim));
        let [query, key, value] = projections;
        // Its values have no influence (see `Attention::attend`); a folder without it is broken.
        bias("attention.k_lin", dim)?;
        Ok(Self {
            heads: config.n_heads,
            qkv: Tensor::cat(&[query?, key?, value?], 0)?.t()?.contiguous()?,
            query_bias: bias("attention.q_lin", dim)?,
            value_bias: bias("attention.v_lin", dim)?,
            attention_out: matrix("attention.out_lin", dim, dim)?.t()?.contiguous()?,
            attention_norm: norm("sa_layer_norm", bias("attention.out_lin", dim)?)?,
            widen: matrix("ffn.lin1", hidden, dim)?.t()?.contiguous()?,
            activation: BiasActivation {
                bias: bias("ffn.lin1", hidden)?,
                activation: config.activation,
            },
            narrow: matrix("ffn.lin2", dim, hidden)?.t()?.contiguous()?,
            output_norm: norm("output_layer_norm", bias("ffn.lin2", dim)?)?,
        })
    }

    /// `[tokens, dim]` to `[tokens, dim]`.
    pub(crate) fn forward(&self, input: &Tensor, packed: &Packed) -> Result<Tensor, EncoderError> {
        let attended = input.matmul(&self.qkv)?.apply_op1_no_bwd(&Attention {
            packed,
            heads: self.heads,
            query_bias: &self.query_bias,
            value_bias: &self.value_bias,
        })?;
        let attended = attended
            .matmul(&self.attention_out)?
            .apply_op2_no_bwd(input, &self.attention_norm)?;
        let wide = attended.matmul(&self.widen)?;
        wide.inplace_op1(&self.activation)?;
        Ok(wide
            .matmul(&self.narrow)?
            .apply_op2_no_bwd(&attended, &self.output_norm)?)
    }
}
