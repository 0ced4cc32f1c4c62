//! The real model behind the [`Classifier`] trait.

use std::path::Path;

use encoder::{Classification, Encoder, EncoderError};

use super::{Classifier, ModelInfo};

/// A loaded model folder.
pub struct EncoderClassifier {
    name: String,
    encoder: Encoder,
}

impl EncoderClassifier {
    /// Loads a folder; takes a moment and blocks.
    ///
    /// # Errors
    /// A file is missing or broken.
    pub fn load(folder: &Path, name: String) -> Result<Self, EncoderError> {
        Ok(Self {
            name,
            encoder: Encoder::load(folder)?,
        })
    }
}

impl Classifier for EncoderClassifier {
    fn info(&self) -> ModelInfo {
        let heads = self.encoder.heads().iter();
        ModelInfo {
            name: self.name.clone(),
            heads: heads
                .map(|head| {
                    let labels = head.labels().iter().map(ToString::to_string);
                    (head.name().to_string(), labels.collect())
                })
                .collect(),
            max_tokens: self.encoder.max_tokens(),
        }
    }

    fn classify(&self, texts: &[&str]) -> Result<Vec<Classification>, String> {
        let results = self.encoder.classify(texts, None);
        results.map_err(|error| error.to_string())
    }
}
