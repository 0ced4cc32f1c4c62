//! The sizes of a llama-shaped model (Llama, Mistral, SmolLM2), from a GGUF header or a config.json.

use std::{fs, path::Path};

use anyhow::{Context, Result, bail, ensure};
use candle_core::quantized::gguf_file::Content;
use serde::Deserialize;

/// Which numbers of a head are turned together by the rotary position embedding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RopeLayout {
    /// The i-th with the one half a head away: Hugging Face's weights.
    Halves,
    /// Neighbours: the weights of GGUF files, whose query and key rows are reordered for it.
    Neighbours,
}

/// Sizes and constants.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelConfig {
    /// Width of a token's vector.
    pub hidden: usize,
    /// Number of layers.
    pub layers: usize,
    /// Query heads.
    pub heads: usize,
    /// Key and value heads; each serves `heads / kv_heads` query heads.
    pub kv_heads: usize,
    /// Width of a head.
    pub head_width: usize,
    /// Width of the feed-forward network.
    pub intermediate: usize,
    /// Number of tokens.
    pub vocabulary: usize,
    /// Longest sequence in tokens.
    pub context: usize,
    /// Added under the root of each RMS norm.
    pub norm_epsilon: f64,
    /// Base of the rotary frequencies.
    pub rope_base: f64,
    /// Which numbers are turned together.
    pub rope_layout: RopeLayout,
}

#[derive(Deserialize)]
struct HuggingFace {
    hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    num_key_value_heads: Option<usize>,
    head_dim: Option<usize>,
    intermediate_size: usize,
    vocab_size: usize,
    max_position_embeddings: usize,
    rms_norm_eps: f64,
    #[serde(default = "default_rope_base")]
    rope_theta: f64,
    rope_scaling: Option<serde_json::Value>,
    sliding_window: Option<usize>,
    #[serde(default)]
    architectures: Vec<String>,
}

/// What Hugging Face's llama configuration assumes when the key is missing.
const fn default_rope_base() -> f64 {
    10_000.0
}

impl ModelConfig {
    /// Reads config.json of a model folder.
    ///
    /// # Errors
    /// The file is missing or describes another architecture.
    pub fn from_folder(folder: &Path) -> Result<Self> {
        let path = folder.join("config.json");
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let config: HuggingFace = serde_json::from_str(&text)
            .with_context(|| format!("{} is no llama or mistral configuration", path.display()))?;
        let known = ["LlamaForCausalLM", "MistralForCausalLM"];
        if let Some(other) = config
            .architectures
            .iter()
            .find(|name| !known.contains(&name.as_str()))
        {
            bail!("{}: {other} is not one of {known:?}", path.display());
        }
        ensure!(
            config.rope_scaling.is_none(),
            "{}: scaled rotary embeddings are not supported",
            path.display()
        );
        // Inside the window both kinds of attention are the same.
        let context = config
            .sliding_window
            .map_or(config.max_position_embeddings, |window| {
                window.min(config.max_position_embeddings)
            });
        Self {
            hidden: config.hidden_size,
            layers: config.num_hidden_layers,
            heads: config.num_attention_heads,
            kv_heads: config
                .num_key_value_heads
                .unwrap_or(config.num_attention_heads),
            head_width: config
                .head_dim
                .unwrap_or(config.hidden_size / config.num_attention_heads.max(1)),
            intermediate: config.intermediate_size,
            vocabulary: config.vocab_size,
            context,
            norm_epsilon: config.rms_norm_eps,
            rope_base: config.rope_theta,
            rope_layout: RopeLayout::Halves,
        }
        .checked()
    }

    /// Reads the header of a GGUF file.
    ///
    /// # Errors
    /// A key is missing or the architecture is another one.
    pub fn from_gguf(content: &Content) -> Result<Self> {
        let metadata = &content.metadata;
        let embeddings = content.tensor_infos.get("token_embd.weight");
        let embeddings = embeddings.context("the GGUF file has no token_embd.weight")?;
        let vocabulary = embeddings.shape.dims2()?.0;
        let value = |key: &str| {
            metadata
                .get(key)
                .with_context(|| format!("the GGUF header has no {key}"))
        };
        let architecture = value("general.architecture")?.to_string()?;
        ensure!(
            architecture == "llama",
            "the architecture is {architecture}; llama (which Mistral uses too) is supported"
        );
        let number = |key: &str| -> Result<usize> {
            Ok(usize::try_from(value(&format!("llama.{key}"))?.to_u32()?)?)
        };
        let (hidden, heads) = (number("embedding_length")?, number("attention.head_count")?);
        let epsilon = value("llama.attention.layer_norm_rms_epsilon")?.to_f32()?;
        let rope_base = match metadata.get("llama.rope.freq_base") {
            Some(base) => f64::from(base.to_f32()?),
            None => default_rope_base(),
        };
        ensure!(
            metadata
                .get("llama.rope.scaling.type")
                .is_none_or(|kind| kind.to_string().is_ok_and(|kind| kind == "none")),
            "scaled rotary embeddings are not supported"
        );
        Self {
            hidden,
            layers: number("block_count")?,
            heads,
            kv_heads: number("attention.head_count_kv").unwrap_or(heads),
            head_width: number("rope.dimension_count").unwrap_or(hidden / heads.max(1)),
            intermediate: number("feed_forward_length")?,
            vocabulary,
            context: number("context_length")?,
            norm_epsilon: f64::from(epsilon),
            rope_base,
            rope_layout: RopeLayout::Neighbours,
        }
        .checked()
    }

    fn checked(self) -> Result<Self> {
        let sizes = [
            ("hidden size", self.hidden),
            ("number of layers", self.layers),
            ("number of heads", self.heads),
            ("number of key heads", self.kv_heads),
            ("head width", self.head_width),
            ("feed-forward width", self.intermediate),
            ("vocabulary", self.vocabulary),
        ];
        for (name, size) in sizes {
            ensure!(size > 0, "the model's {name} is 0");
        }
        ensure!(
            self.heads.is_multiple_of(self.kv_heads) && self.head_width.is_multiple_of(2),
            "{} heads of width {} do not fit {} key heads",
            self.heads,
            self.head_width,
            self.kv_heads
        );
        Ok(self)
    }
}
