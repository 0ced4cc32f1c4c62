//! The whole model for one sequence: embeddings, layers, final norm, and the log-probabilities of the
//! tokens of a reply.

use anyhow::{Result, ensure};
use candle_core::{D, DType, Device, Tensor};

use super::{
    adapter::Adapter,
    config::ModelConfig,
    layer::{Layer, Positions},
};
use crate::layers::{FrozenMatrix, norms::rms_norm};

/// A llama-shaped model whose own weights are never trained.
pub struct LanguageModel {
    pub(super) config: ModelConfig,
    pub(super) device: Device,
    /// `[vocabulary, hidden]`.
    pub(super) embeddings: FrozenMatrix,
    pub(super) layers: Vec<Layer>,
    pub(super) norm: Tensor,
    /// `[vocabulary, hidden]`; often the embeddings once more.
    pub(super) head: FrozenMatrix,
}

impl LanguageModel {
    /// Sizes and constants.
    #[must_use]
    pub fn config(&self) -> &ModelConfig {
        &self.config
    }

    /// Where it computes.
    #[must_use]
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The vectors of tokens, `[tokens, hidden]`.
    pub(super) fn embed(&self, tokens: &[u32]) -> Result<Tensor> {
        ensure!(!tokens.is_empty(), "a sequence without tokens");
        ensure!(
            tokens.len() <= self.config.context,
            "{} tokens do not fit the context of {}",
            tokens.len(),
            self.config.context
        );
        let ids = Tensor::new(tokens, &self.device)?;
        Ok(self
            .embeddings
            .dense()?
            .index_select(&ids, 0)?
            .to_dtype(DType::F32)?)
    }

    pub(super) fn positions(&self, tokens: usize) -> Result<Positions> {
        Positions::new(&self.config, tokens, &self.device)
    }

    /// The last layer's vectors, `[tokens, hidden]`, with a graph back to the adapter.
    ///
    /// # Errors
    /// The sequence is empty or does not fit.
    pub fn hidden(&self, tokens: &[u32], adapter: Option<&Adapter>) -> Result<Tensor> {
        let positions = self.positions(tokens.len())?;
        let mut hidden = self.embed(tokens)?;
        for layer in &self.layers {
            hidden = layer.forward(&self.config, &hidden, &positions, adapter)?;
        }
        Ok(hidden)
    }

    /// Logits `[rows, vocabulary]` of rows of [`Self::hidden`].
    ///
    /// # Errors
    /// The shapes do not fit.
    pub fn logits(&self, hidden: &Tensor) -> Result<Tensor> {
        let normed = rms_norm(hidden, &self.norm, self.config.norm_epsilon)?;
        self.head.apply(&normed)
    }

    /// What the model thinks of a reply, given the vectors of prompt and reply together.
    ///
    /// # Errors
    /// The reply is empty or longer than the vectors.
    pub fn reply(&self, hidden: &Tensor, reply: &[u32]) -> Result<ReplyScores> {
        let tokens = hidden.dim(0)?;
        ensure!(
            !reply.is_empty() && reply.len() < tokens,
            "a reply of {} tokens in a sequence of {tokens}",
            reply.len()
        );
        // The vector before a token predicts it.
        let rows = hidden.narrow(0, tokens - reply.len() - 1, reply.len())?;
        let logits = self.logits(&rows)?;
        let targets = Tensor::new(reply, &self.device)?.unsqueeze(1)?;
        let log_probabilities = candle_nn::ops::log_softmax(&logits, D::Minus1)?
            .gather(&targets, 1)?
            .squeeze(1)?;
        Ok(ReplyScores {
            log_probabilities,
            mean_logit: logits.detach().mean_all()?,
        })
    }
}

/// See [`LanguageModel::reply`].
pub struct ReplyScores {
    /// One for each token of the reply, `[reply]`.
    pub log_probabilities: Tensor,
    /// The mean over all logits of the reply, a scalar without a graph.
    pub mean_logit: Tensor,
}
