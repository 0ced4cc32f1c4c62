//! One transformer layer of DistilBERT: attention, then the feed-forward network, each followed by
//! "add the input, normalise".

use candle_core::Tensor;

use crate::{
    attention::Attention,
    config::Config,
    error::EncoderError,
    ops::{AddLayerNorm, BiasActivation},
    packed::Packed,
    product::{Precision, Product},
    weights::Weights,
};

pub(crate) struct Layer {
    heads: usize,
    /// Query, key and value in one matrix `[3 · dim, dim]`: one product instead of three.
    qkv: Product,
    query_bias: Vec<f32>,
    value_bias: Vec<f32>,
    attention_out: Product,
    attention_norm: AddLayerNorm,
    widen: Product,
    activation: BiasActivation,
    narrow: Product,
    output_norm: AddLayerNorm,
}

impl Layer {
    pub(crate) fn read(
        weights: &Weights,
        prefix: &str,
        config: &Config,
        precision: Precision,
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
        let product = |weight: &Tensor| Product::new(weight, precision);
        // Its values have no influence (see `Attention::attend`); a folder without it is broken.
        bias("attention.k_lin", dim)?;
        Ok(Self {
            heads: config.n_heads,
            qkv: product(&Tensor::cat(&[query?, key?, value?], 0)?)?,
            query_bias: bias("attention.q_lin", dim)?,
            value_bias: bias("attention.v_lin", dim)?,
            attention_out: product(&matrix("attention.out_lin", dim, dim)?)?,
            attention_norm: norm("sa_layer_norm", bias("attention.out_lin", dim)?)?,
            widen: product(&matrix("ffn.lin1", hidden, dim)?)?,
            activation: BiasActivation {
                bias: bias("ffn.lin1", hidden)?,
                activation: config.activation,
            },
            narrow: product(&matrix("ffn.lin2", dim, hidden)?)?,
            output_norm: norm("output_layer_norm", bias("ffn.lin2", dim)?)?,
        })
    }

    /// `[tokens, dim]` to `[tokens, dim]`.
    pub(crate) fn forward(&self, input: &Tensor, packed: &Packed) -> Result<Tensor, EncoderError> {
        let attended = self.qkv.apply(input)?.apply_op1_no_bwd(&Attention {
            packed,
            heads: self.heads,
            query_bias: &self.query_bias,
            value_bias: &self.value_bias,
        })?;
        let attended = self
            .attention_out
            .apply(&attended)?
            .apply_op2_no_bwd(input, &self.attention_norm)?;
        let wide = self.widen.apply(&attended)?;
        wide.inplace_op1(&self.activation)?;
        let narrow = self.narrow.apply(&wide)?;
        Ok(narrow.apply_op2_no_bwd(&attended, &self.output_norm)?)
    }
}
