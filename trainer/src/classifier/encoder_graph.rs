//! The encoder once more, with gradients: the weights of a DistilBERT folder, frozen, and low-rank pairs on
//! every linear layer that are trained. In: token ids. Out: pooled vectors with a graph. What is served
//! is `encoder`, after the pairs have been merged; a test holds the two together.

mod adapter;

use std::path::Path;

use anyhow::{Context, Result, ensure};
use candle_core::{D, DType, Device, Tensor, safetensors};
use candle_nn::ops::softmax;
use encoder::Tokens;
use serde::Deserialize;

pub use adapter::EncoderAdapter;

use super::text_rows::{TextRows, Texts};
use crate::layers::{FrozenMatrix, LowRankPair, by_hand, norms::layer_norm};

/// The linear layers of a transformer layer, by DistilBERT's names.
pub const LINEAR_LAYERS: [&str; 6] = [
    "attention.q_lin",
    "attention.k_lin",
    "attention.v_lin",
    "attention.out_lin",
    "ffn.lin1",
    "ffn.lin2",
];

#[derive(Debug, Deserialize)]
struct Config {
    activation: String,
    dim: usize,
    n_heads: usize,
    n_layers: usize,
    #[serde(default = "layer_norm_eps")]
    layer_norm_eps: f32,
    pooling: Option<String>,
}

/// DistilBERT fixes it in code, so Hugging Face's files do not carry it.
const fn layer_norm_eps() -> f32 {
    1e-12
}

struct Norm {
    weight: Tensor,
    bias: Tensor,
}

struct Linear {
    weight: Tensor,
    bias: Tensor,
}

struct Layer {
    /// In the order of [`LINEAR_LAYERS`].
    linear: Vec<Linear>,
    attention_norm: Norm,
    output_norm: Norm,
}

/// A frozen encoder whose results have a graph back to an adapter.
pub struct EncoderGraph {
    config: Config,
    words: Tensor,
    positions: Tensor,
    norm: Norm,
    layers: Vec<Layer>,
}

impl Linear {
    /// `x · Wᵀ + b` and what the pair adds.
    fn apply(
        &self,
        input: &Tensor,
        pair: &LowRankPair,
        scale: f64,
        texts: &Texts,
    ) -> Result<Tensor> {
        let Self { weight, bias } = self;
        match texts {
            Texts::Apart(_) => {
                let frozen = FrozenMatrix::Dense(weight.clone());
                let plain = frozen.apply(input)?.broadcast_add(bias)?;
                Ok((plain + pair.delta(input, scale)?)?)
            }
            Texts::Together { .. } => by_hand::adapted_linear(input, (weight, bias), pair, scale),
        }
    }
}

/// The name of a matrix of a layer, as in the folder but without "distilbert." and ".weight".
fn name(layer: usize, part: &str) -> String {
    format!("transformer.layer.{layer}.{part}")
}

impl EncoderGraph {
    /// Reads the encoder of a folder in the DistilBERT layout; its heads, if any, are not used.
    ///
    /// # Errors
    /// A file is missing or broken, or the encoder is of a kind that cannot be trained here.
    pub fn read(folder: &Path, device: &Device) -> Result<Self> {
        let path = folder.join("config.json");
        let text = std::fs::read(&path);
        let text = text.with_context(|| format!("cannot read {}", path.display()))?;
        let config: Config = serde_json::from_slice(&text)
            .with_context(|| format!("{} is not that of a DistilBERT", path.display()))?;
        ensure!(
            config.activation == "gelu" && config.pooling.as_deref() == Some("mean"),
            "{}: only encoders with gelu and mean pooling can be trained",
            path.display()
        );
        let path = folder.join("model.safetensors");
        let tensors = safetensors::load(&path, device)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let get = |name: &str| -> Result<Tensor> {
            let tensor = tensors.get(&format!("distilbert.{name}"));
            let tensor = tensor
                .with_context(|| format!("{} has no tensor distilbert.{name}", path.display()))?;
            Ok(tensor.to_dtype(DType::F32)?)
        };
        let norm = |name: &str| -> Result<Norm> {
            Ok(Norm {
                weight: get(&format!("{name}.weight"))?,
                bias: get(&format!("{name}.bias"))?,
            })
        };
        let layer = |index: usize| -> Result<Layer> {
            let linear = LINEAR_LAYERS.iter().map(|part| {
                let name = name(index, part);
                anyhow::Ok(Linear {
                    weight: get(&format!("{name}.weight"))?,
                    bias: get(&format!("{name}.bias"))?,
                })
            });
            Ok(Layer {
                linear: linear.collect::<Result<_>>()?,
                attention_norm: norm(&name(index, "sa_layer_norm"))?,
                output_norm: norm(&name(index, "output_layer_norm"))?,
            })
        };
        Ok(Self {
            words: get("embeddings.word_embeddings.weight")?,
            positions: get("embeddings.position_embeddings.weight")?,
            norm: norm("embeddings.LayerNorm")?,
            layers: (0..config.n_layers).map(layer).collect::<Result<_>>()?,
            config,
        })
    }

    /// The width of a pooled vector.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.config.dim
    }

    /// Where the weights are.
    pub(super) fn device(&self) -> &Device {
        self.words.device()
    }

    /// Pooled vectors `[texts, dim]`.
    ///
    /// # Errors
    /// There is no text, or a text has no token.
    pub fn forward(&self, texts: &[&Tokens], adapter: &EncoderAdapter) -> Result<Tensor> {
        self.pooled(&TextRows::new(texts, self.device())?, adapter)
    }

    fn pooled(&self, rows: &TextRows, adapter: &EncoderAdapter) -> Result<Tensor> {
        let words = self.words.index_select(&rows.ids, 0)?;
        let sum = (words + self.positions.index_select(&rows.positions, 0)?)?;
        let mut hidden = self.normalise(&sum, &self.norm)?;
        for (index, layer) in self.layers.iter().enumerate() {
            hidden = self.layer(index, layer, &hidden, &rows.texts, adapter)?;
        }
        match &rows.texts {
            Texts::Apart(ranges) => {
                let pooled = ranges.iter().map(|(start, length)| {
                    let rows = hidden.narrow(0, *start, *length)?;
                    anyhow::Ok(rows.mean_keepdim(0)?)
                });
                Ok(Tensor::cat(&pooled.collect::<Result<Vec<_>>>()?, 0)?)
            }
            Texts::Together { shares, .. } => Ok(shares.matmul(&hidden)?),
        }
    }

    fn normalise(&self, input: &Tensor, norm: &Norm) -> Result<Tensor> {
        layer_norm(input, &norm.weight, &norm.bias, self.config.layer_norm_eps)
    }

    fn layer(
        &self,
        index: usize,
        layer: &Layer,
        input: &Tensor,
        texts: &Texts,
        adapter: &EncoderAdapter,
    ) -> Result<Tensor> {
        let apply = |position: usize, input: &Tensor| {
            let name = name(index, LINEAR_LAYERS[position]);
            let pair = adapter.pairs.get(&name);
            let pair = pair.with_context(|| format!("the adapter has no pair for {name}"))?;
            layer.linear[position].apply(input, pair, adapter.scale, texts)
        };
        let [query, key, value] = [apply(0, input)?, apply(1, input)?, apply(2, input)?];
        let mixed = match texts {
            Texts::Apart(ranges) => {
                let mixed = ranges.iter().map(|(start, length)| {
                    let of_text =
                        |tensor: &Tensor| self.split_heads(&tensor.narrow(0, *start, *length)?);
                    self.attend(&of_text(&query)?, &of_text(&key)?, &of_text(&value)?)
                });
                Tensor::cat(&mixed.collect::<Result<Vec<_>>>()?, 0)?
            }
            Texts::Together { padding, .. } => {
                by_hand::attention([&query, &key, &value], padding, self.config.n_heads)?
            }
        };
        let attended = (apply(3, &mixed)? + input)?;
        let attended = self.normalise(&attended, &layer.attention_norm)?;
        let wide = apply(4, &attended)?.gelu_erf()?;
        let out = (apply(5, &wide)? + &attended)?;
        self.normalise(&out, &layer.output_norm)
    }

    /// `[tokens, dim]` to `[heads, tokens, width]`.
    fn split_heads(&self, input: &Tensor) -> Result<Tensor> {
        let (tokens, dim) = input.dims2()?;
        let heads = self.config.n_heads;
        Ok(input
            .reshape((tokens, heads, dim / heads))?
            .transpose(0, 1)?
            .contiguous()?)
    }

    fn attend(&self, query: &Tensor, key: &Tensor, value: &Tensor) -> Result<Tensor> {
        let (_, tokens, width) = query.dims3()?;
        let scaled = (query / (width as f64).sqrt())?;
        let scores = scaled.matmul(&key.transpose(1, 2)?.contiguous()?)?;
        let mixed = softmax(&scores, D::Minus1)?.matmul(value)?;
        Ok(mixed.transpose(0, 1)?.reshape((tokens, self.config.dim))?)
    }
}

#[cfg(test)]
mod tests;
