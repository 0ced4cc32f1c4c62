//! config.json: the keys of Hugging Face's DistilBERT, and ours beside them ("pooling", "heads",
//! each with its labels, temperature and optional hidden layer).

use std::{collections::BTreeMap, path::Path};

use serde::Deserialize;

use crate::error::EncoderError;

/// The non-linear function of a feed-forward layer or of a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Activation {
    /// x · Φ(x), with the error function.
    Gelu,
    /// max(x, 0).
    Relu,
}

/// How the vectors of a text's tokens become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pooling {
    /// The mean over all tokens of the text.
    Mean,
    /// The first token, `[CLS]`.
    Cls,
}

/// One head of our own folders.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct HeadConfig {
    pub(crate) name: String,
    pub(crate) labels: Vec<String>,
    #[serde(default = "one")]
    pub(crate) temperature: f32,
    /// The activation behind a hidden layer `dim -> dim`; without it the head is linear.
    #[serde(default)]
    pub(crate) hidden: Option<Activation>,
}

/// The parts of config.json that are used.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Config {
    pub(crate) activation: Activation,
    pub(crate) dim: usize,
    pub(crate) hidden_dim: usize,
    pub(crate) max_position_embeddings: usize,
    pub(crate) n_heads: usize,
    pub(crate) n_layers: usize,
    pub(crate) vocab_size: usize,
    #[serde(default = "layer_norm_eps")]
    pub(crate) layer_norm_eps: f32,
    pub(crate) pooling: Option<Pooling>,
    #[serde(default)]
    pub(crate) heads: Vec<HeadConfig>,
    /// Hugging Face: class number to label.
    pub(crate) id2label: Option<BTreeMap<String, String>>,
    /// The name of the one head of a Hugging Face folder.
    pub(crate) problem: Option<String>,
}

const fn one() -> f32 {
    1.0
}

/// DistilBERT fixes it in code, so Hugging Face's files do not carry it.
const fn layer_norm_eps() -> f32 {
    1e-12
}

impl Config {
    pub(crate) fn read(path: &Path) -> Result<Self, EncoderError> {
        let bytes = crate::weights::read_file(path)?;
        let invalid = |reason: String| EncoderError::InvalidConfig {
            path: path.to_owned(),
            reason,
        };
        let config: Self =
            serde_json::from_slice(&bytes).map_err(|error| invalid(error.to_string()))?;
        config.check().map_err(invalid)?;
        Ok(config)
    }

    fn check(&self) -> Result<(), String> {
        let sizes = [
            ("dim", self.dim),
            ("hidden_dim", self.hidden_dim),
            ("n_layers", self.n_layers),
            ("n_heads", self.n_heads),
            ("vocab_size", self.vocab_size),
        ];
        if let Some((name, _)) = sizes.iter().find(|(_, size)| *size == 0) {
            return Err(format!("{name} is 0"));
        }
        if !self.dim.is_multiple_of(self.n_heads) {
            return Err(format!(
                "dim {} is not a multiple of n_heads {}",
                self.dim, self.n_heads
            ));
        }
        if self.max_position_embeddings < 4 {
            return Err("max_position_embeddings is below 4".to_owned());
        }
        for (index, head) in self.heads.iter().enumerate() {
            if head.labels.is_empty() {
                return Err(format!("head {} has no labels", head.name));
            }
            if !(head.temperature.is_finite() && head.temperature > 0.0) {
                return Err(format!("head {}: temperature is not above 0", head.name));
            }
            if self.heads[..index].iter().any(|h| h.name == head.name) {
                return Err(format!("head {} is there twice", head.name));
            }
        }
        Ok(())
    }

    /// The labels of a Hugging Face folder in the order of its classes; its own default names when
    /// the file does not have all of them.
    pub(crate) fn class_labels(&self, classes: usize) -> Vec<String> {
        let label = |class: usize| {
            let id2label = self.id2label.as_ref();
            id2label
                .and_then(|labels| labels.get(&class.to_string()))
                .cloned()
                .unwrap_or_else(|| format!("LABEL_{class}"))
        };
        (0..classes).map(label).collect()
    }
}
