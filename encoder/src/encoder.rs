//! The public face: a loaded folder that tokenises, embeds and classifies.

use std::{path::Path, sync::Arc};

use candle_core::{DType, Device, Tensor};

use crate::{
    config::{Config, Pooling},
    error::EncoderError,
    head::{Head, is_sequence_classification},
    model::Model,
    product::Precision,
    tokens::{TextTokenizer, Tokens},
    weights::Weights,
};

/// Tokens in one pass of the model: bounds the memory of a call whatever its texts are (about
/// 60 MB for width 384), and is far above where larger passes stop being faster.
const TOKENS_IN_ONE_PASS: usize = 4096;

/// What a text was classified as.
#[derive(Debug, Clone, PartialEq)]
pub struct Classification {
    /// One entry for each head that was asked for, in that order.
    pub heads: Vec<HeadScores>,
    /// Tokens that were looked at, special tokens included.
    pub tokens: usize,
    /// Whether the end of the text was left out because it did not fit.
    pub truncated: bool,
}

/// The result of one head.
#[derive(Debug, Clone, PartialEq)]
pub struct HeadScores {
    /// The head's name.
    pub head: Arc<str>,
    /// All labels in the head's order; the probabilities sum to 1.
    pub scores: Vec<LabelScore>,
}

impl HeadScores {
    /// The most probable label; the first one of equals.
    #[must_use]
    pub fn best(&self) -> Option<&LabelScore> {
        let scores = self.scores.iter();
        scores.reduce(|best, score| {
            if score.probability > best.probability {
                score
            } else {
                best
            }
        })
    }
}

/// A label with its probability.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelScore {
    /// The label.
    pub label: Arc<str>,
    /// From 0 to 1.
    pub probability: f32,
}

/// A model folder, loaded.
pub struct Encoder {
    tokenizer: TextTokenizer,
    model: Model,
    heads: Vec<Head>,
    dim: usize,
    max_tokens: usize,
}

impl Encoder {
    /// Loads config.json, model.safetensors, tokenizer.json and, if present, heads.safetensors. The products of its
    /// layers are computed in whole numbers of 8 bits.
    ///
    /// # Errors
    /// A file is missing, broken, or does not fit the others.
    pub fn load(folder: impl AsRef<Path>) -> Result<Self, EncoderError> {
        Self::load_with(folder.as_ref(), Precision::Rounded)
    }

    /// As [`Encoder::load`], but with products of 32 bits: two to three times slower, for tests and to measure what
    /// rounding costs.
    ///
    /// # Errors
    /// As [`Encoder::load`].
    pub fn load_exact(folder: impl AsRef<Path>) -> Result<Self, EncoderError> {
        Self::load_with(folder.as_ref(), Precision::Exact)
    }

    fn load_with(folder: &Path, precision: Precision) -> Result<Self, EncoderError> {
        let config = Config::read(&folder.join("config.json"))?;
        let max_tokens = config.max_position_embeddings;
        let tokenizer = TextTokenizer::read(
            &folder.join("tokenizer.json"),
            max_tokens,
            config.vocab_size,
        )?;
        let weights = Weights::read(folder)?;
        let pooling = config
            .pooling
            .unwrap_or(if is_sequence_classification(&weights) {
                Pooling::Cls
            } else {
                Pooling::Mean
            });
        Ok(Self {
            tokenizer,
            model: Model::read(&weights, &config, pooling, precision)?,
            heads: Head::read_all(&weights, &config)?,
            dim: config.dim,
            max_tokens,
        })
    }

    /// The heads of the folder in its order.
    #[must_use]
    pub fn heads(&self) -> &[Head] {
        &self.heads
    }

    /// The longest text in tokens, special tokens included.
    #[must_use]
    pub fn max_tokens(&self) -> usize {
        self.max_tokens
    }

    /// The width of an embedding.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// The token ids of each text.
    ///
    /// # Errors
    /// The tokenizer refuses a text.
    pub fn encode(&self, texts: &[&str]) -> Result<Vec<Tokens>, EncoderError> {
        texts.iter().map(|t| self.tokenizer.encode(t)).collect()
    }

    /// The pooled embeddings, `[texts, dim]`.
    ///
    /// # Errors
    /// As [`Encoder::encode`], or a computation fails.
    pub fn embed(&self, texts: &[&str]) -> Result<Tensor, EncoderError> {
        self.embed_tokens(&self.encode(texts)?)
    }

    /// Classifies each text with the named heads, or with all of them; results are in the order of
    /// the texts.
    ///
    /// # Errors
    /// An unknown head, or as [`Encoder::embed`].
    pub fn classify(
        &self,
        texts: &[&str],
        heads: Option<&[String]>,
    ) -> Result<Vec<Classification>, EncoderError> {
        let heads = self.select(heads)?;
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        let tokens = self.encode(texts)?;
        let pooled = self.embed_tokens(&tokens)?;
        let mut results: Vec<Classification> = tokens
            .iter()
            .map(|tokens| Classification {
                heads: Vec::with_capacity(heads.len()),
                tokens: tokens.ids.len(),
                truncated: tokens.truncated,
            })
            .collect();
        for head in heads {
            let rows = head.probabilities(&pooled)?;
            for (result, row) in results.iter_mut().zip(rows) {
                result.heads.push(scores(head, row));
            }
        }
        Ok(results)
    }

    fn select(&self, names: Option<&[String]>) -> Result<Vec<&Head>, EncoderError> {
        let Some(names) = names else {
            return Ok(self.heads.iter().collect());
        };
        let find = |name: &String| {
            let head = self.heads.iter().find(|head| **head.name() == **name);
            head.ok_or_else(|| EncoderError::UnknownHead {
                name: name.clone(),
                known: self.heads.iter().map(|h| h.name().to_string()).collect(),
            })
        };
        names.iter().map(find).collect()
    }

    fn embed_tokens(&self, texts: &[Tokens]) -> Result<Tensor, EncoderError> {
        let mut passes = Vec::new();
        let (mut start, mut tokens) = (0, 0);
        for (index, text) in texts.iter().enumerate() {
            if index > start && tokens + text.ids.len() > TOKENS_IN_ONE_PASS {
                passes.push(self.model.forward(&texts[start..index])?);
                (start, tokens) = (index, 0);
            }
            tokens += text.ids.len();
        }
        if start < texts.len() {
            passes.push(self.model.forward(&texts[start..])?);
        }
        if passes.is_empty() {
            return Ok(Tensor::zeros((0, self.dim), DType::F32, &Device::Cpu)?);
        }
        Ok(Tensor::cat(&passes, 0)?)
    }
}

fn scores(head: &Head, row: Vec<f32>) -> HeadScores {
    let scores = head.labels().iter().zip(row);
    HeadScores {
        head: head.name().clone(),
        scores: scores
            .map(|(label, probability)| LabelScore {
                label: label.clone(),
                probability,
            })
            .collect(),
    }
}

/// Fixes the number of threads of the process for all encoders; call before the first one is
/// loaded.
///
/// # Errors
/// Something has already computed in this process.
pub fn set_threads(threads: usize) -> Result<(), EncoderError> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global()
        .map_err(|error| EncoderError::Threads(error.to_string()))
}
