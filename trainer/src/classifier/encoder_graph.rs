//! The encoder once more, with gradients: the weights of a DistilBERT folder, frozen, and low-rank pairs on
//! every linear layer that are trained. In: token ids. Out: pooled vectors with a graph. What is served
//! is `encoder`, after the pairs have been merged; a test holds the two together.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context, Result, ensure};
use candle_core::{D, DType, Device, Tensor, Var, safetensors};
use candle_nn::ops::softmax;
use encoder::Tokens;
use rand::{SeedableRng, rngs::StdRng};
use serde::Deserialize;

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

/// The trainable part.
pub struct EncoderAdapter {
    /// The sum is scaled by alpha / rank.
    pub scale: f64,
    pairs: BTreeMap<String, LowRankPair>,
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
                let dims = linear.weight.dims2()?;
                let pair = LowRankPair::new(dims, rank, &mut random, graph.device())?;
                pairs.insert(name(index, part), pair);
            }
        }
        Ok(Self {
            scale: alpha / rank as f64,
            pairs,
        })
    }

    /// From a pair for each linear layer, with a scale of 1.
    pub(super) fn from_pairs(
        graph: &EncoderGraph,
        pair: impl Fn(&str) -> Result<LowRankPair>,
    ) -> Result<Self> {
        let names =
            (0..graph.layers.len()).flat_map(|index| LINEAR_LAYERS.map(|part| name(index, part)));
        let pairs = names.map(|name| {
            let pair = pair(&name)?;
            Ok((name, pair))
        });
        Ok(Self {
            scale: 1.0,
            pairs: pairs.collect::<Result<_>>()?,
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
mod tests {
    use encoder::{Encoder, testing};

    use super::*;

    #[test]
    fn texts_have_the_same_vectors_and_gradients_together_and_apart() {
        let folder = tempfile::tempdir().unwrap();
        testing::write_multi_head(folder.path(), 3).unwrap();
        let graph = EncoderGraph::read(folder.path(), &Device::Cpu).unwrap();
        let adapter = EncoderAdapter::new(&graph, 2, 4.0, 1).unwrap();
        for (_, variable) in adapter.variables() {
            let values = variable.rand_like(-0.3, 0.3).unwrap();
            variable.set(&values).unwrap();
        }
        let texts = [
            "me",
            "they laugh at me",
            "i am alone. they laugh at me at me",
        ];
        let tokens = Encoder::load(folder.path())
            .unwrap()
            .encode(&texts)
            .unwrap();
        let tokens: Vec<&Tokens> = tokens.iter().collect();
        let run = |rows: Result<TextRows>| {
            let pooled = graph.pooled(&rows.unwrap(), &adapter).unwrap();
            let gradients = pooled.sqr().unwrap().sum_all().unwrap().backward().unwrap();
            (pooled, gradients)
        };
        let (apart, expected) = run(TextRows::new(&tokens, &Device::Cpu));
        let (together, found) = run(TextRows::together(&tokens, &Device::Cpu));
        let close = |a: &Tensor, b: &Tensor| {
            let difference = (a - b).unwrap().abs().unwrap().max_all().unwrap();
            let largest = a.abs().unwrap().max_all().unwrap();
            let [difference, largest] =
                [difference, largest].map(|tensor| tensor.to_scalar::<f32>().unwrap());
            assert!(
                largest > 0.0 && difference < 1e-4 * largest.max(1.0),
                "{a} {b}"
            );
        };
        close(&apart, &together);
        for (_, variable) in adapter.variables() {
            let gradient = |store: &candle_core::backprop::GradStore| {
                store.get(variable.as_tensor()).unwrap().clone()
            };
            close(&gradient(&expected), &gradient(&found));
        }
    }
}
