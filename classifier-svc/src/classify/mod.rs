//! The domain: a bounded queue, a batcher that gathers texts for a moment, and one worker thread
//! that owns the model. Knows no gRPC and no particular model, only the [`Classifier`] trait.

mod batcher;
mod error;
mod model;
mod queue;
mod requests;
mod worker;

pub use encoder::{Classification, HeadScores, LabelScore};

pub use self::{
    error::ClassifyError,
    model::EncoderClassifier,
    queue::Limits,
    requests::{ClassifierHandle, MAX_BATCH_TEXTS, MAX_TEXT_BYTES},
};

/// What a loaded model offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelInfo {
    /// Name that answers show.
    pub name: String,
    /// Each head's name with its labels, in the model's order.
    pub heads: Vec<(String, Vec<String>)>,
    /// Longest text in tokens, special tokens included.
    pub max_tokens: usize,
}

/// A model. It is owned by one thread and asked for one batch at a time.
pub trait Classifier: Send + 'static {
    /// What it offers; asked once after loading.
    fn info(&self) -> ModelInfo;

    /// Classifies with all heads; one result for each text, in their order.
    ///
    /// # Errors
    /// What went wrong, without a word of the texts.
    fn classify(&self, texts: &[&str]) -> Result<Vec<Classification>, String>;
}
