//! The encoder once more, with gradients: the weights of a DistilBERT folder, frozen, and low-rank pairs on
//! every linear layer that are trained. In: token ids. Out: pooled vectors with a graph. What is served
//! is `encoder`, after the pairs have been merged; a test holds the two together.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context, Result, bail, ensure};
use candle_core::{D, Device, Tensor, Var, safetensors};
use candle_nn::ops::softmax;
use encoder::Tokens;
use rand::{SeedableRng, rngs::StdRng};
use serde::Deserialize;

use crate::layers::{FrozenMatrix, LowRankPair, norms::layer_norm};

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
    weight: Vec<f32>,
    bias: Vec<f32>,
}

struct Linear {
    weight: FrozenMatrix,
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

/// The trainable part.
pub struct EncoderAdapter {
    /// The sum is scaled by alpha / rank.
    pub scale: f64,
    pairs: BTreeMap<String, LowRankPair>,
}

/// The name of a matrix of a layer, as in the folder but without "distilbert." and ".weight".
fn name(layer: usize, part: &str) -> String {
    format!("transformer.layer.{layer}.{part}")
}

impl EncoderAdapter {
    /// Pairs on every linear layer that change nothing yet.
    ///
    /// # Errors
    /// The rank is 0.
    pub fn new(graph: &EncoderGraph, rank: usize, alpha: f64, seed: u64) -> Result<Self> {
        ensure!(rank > 0, "the rank of an adapter must be at least 1");
        let mut random = StdRng::seed_from_u64(seed);
        let mut pairs = BTreeMap::new();
        for (index, layer) in graph.layers.iter().enumerate() {
            for (part, linear) in LINEAR_LAYERS.iter().zip(&layer.linear) {
                let dims = linear.weight.dims()?;
                let pair = LowRankPair::new(dims, rank, &mut random, &Device::Cpu)?;
                pairs.insert(name(index, part), pair);
            }
        }
        Ok(Self {
            scale: alpha / rank as f64,
            pairs,
        })
    }

    /// All trainable tensors under stable names.
    #[must_use]
    pub fn variables(&self) -> Vec<(String, Var)> {
        let pairs = self.pairs.iter();
        pairs
            .flat_map(|(name, pair)| {
                [
                    (format!("{name}.A"), pair.down.clone()),
                    (format!("{name}.B"), pair.up.clone()),
                ]
            })
            .collect()
    }
}

impl EncoderGraph {
    /// Reads the encoder of a folder in the DistilBERT layout; its heads, if any, are not used.
    ///
    /// # Errors
    /// A file is missing or broken, or the encoder is of a kind that cannot be trained here.
    pub fn read(folder: &Path) -> Result<Self> {
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
        let tensors = safetensors::load(&path, &Device::Cpu)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let get = |name: &str| -> Result<Tensor> {
            let tensor = tensors.get(&format!("distilbert.{name}"));
            tensor
                .cloned()
                .with_context(|| format!("{} has no tensor distilbert.{name}", path.display()))
        };
        let norm = |name: &str| -> Result<Norm> {
            Ok(Norm {
                weight: get(&format!("{name}.weight"))?.to_vec1()?,
                bias: get(&format!("{name}.bias"))?.to_vec1()?,
            })
        };
        let layer = |index: usize| -> Result<Layer> {
            let linear = LINEAR_LAYERS.iter().map(|part| {
                let name = name(index, part);
                anyhow::Ok(Linear {
                    weight: FrozenMatrix::Dense(get(&format!("{name}.weight"))?),
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

    /// Pooled vectors `[texts, dim]`. Texts lie one after the other, without padding.
    ///
    /// # Errors
    /// There is no text, or a text has no token.
    pub fn forward(&self, texts: &[&Tokens], adapter: &EncoderAdapter) -> Result<Tensor> {
        let ids: Vec<u32> = texts.iter().flat_map(|text| text.ids.clone()).collect();
        let mut positions: Vec<u32> = Vec::with_capacity(ids.len());
        let mut ranges = Vec::with_capacity(texts.len());
        for text in texts {
            ranges.push((positions.len(), text.ids.len()));
            positions.extend(0..u32::try_from(text.ids.len())?);
        }
        if ranges.iter().any(|(_, length)| *length == 0) || ranges.is_empty() {
            bail!("a text without tokens");
        }
        let words = self
            .words
            .index_select(&Tensor::new(ids, &Device::Cpu)?, 0)?;
        let places = Tensor::new(positions, &Device::Cpu)?;
        let sum = (words + self.positions.index_select(&places, 0)?)?;
        let mut hidden = self.normalise(&sum, &self.norm)?;
        for (index, layer) in self.layers.iter().enumerate() {
            hidden = self.layer(index, layer, &hidden, &ranges, adapter)?;
        }
        let pooled = ranges.iter().map(|(start, length)| {
            let rows = hidden.narrow(0, *start, *length)?;
            anyhow::Ok(rows.mean_keepdim(0)?)
        });
        Ok(Tensor::cat(&pooled.collect::<Result<Vec<_>>>()?, 0)?)
    }

    fn normalise(&self, input: &Tensor, norm: &Norm) -> Result<Tensor> {
        layer_norm(input, &norm.weight, &norm.bias, self.config.layer_norm_eps)
    }

    fn layer(
        &self,
        index: usize,
        layer: &Layer,
        input: &Tensor,
        ranges: &[(usize, usize)],
        adapter: &EncoderAdapter,
    ) -> Result<Tensor> {
        let apply = |position: usize, input: &Tensor| -> Result<Tensor> {
            let linear = &layer.linear[position];
            let plain = linear.weight.apply(input)?.broadcast_add(&linear.bias)?;
            match adapter.pairs.get(&name(index, LINEAR_LAYERS[position])) {
                Some(pair) => Ok((plain + pair.delta(input, adapter.scale)?)?),
                None => Ok(plain),
            }
        };
        let projected = [apply(0, input)?, apply(1, input)?, apply(2, input)?];
        let mixed = ranges.iter().map(|(start, length)| {
            let of_text = |tensor: &Tensor| self.split_heads(&tensor.narrow(0, *start, *length)?);
            let [query, key, value] = [0, 1, 2].map(|part| of_text(&projected[part]));
            self.attend(&query?, &key?, &value?)
        });
        let mixed = Tensor::cat(&mixed.collect::<Result<Vec<_>>>()?, 0)?;
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
