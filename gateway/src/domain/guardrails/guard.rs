//! The input guard as the rest of the domain uses it: a message and what came before in, a decision out.
//! The classifier is asked once, for all texts together; without it rules decide alone.

use std::sync::Arc;

use super::{
    before::Before,
    decide::{Decision, decide},
    input::{Texts, inspect},
};
use crate::domain::{
    content::Content,
    ports::{Classification, TextClassifier},
};

/// Reads what a person writes before anything else does.
#[derive(Clone)]
pub struct InputGuard {
    content: Arc<Content>,
    classifier: Arc<dyn TextClassifier>,
}

/// What the guard found.
pub struct Guarded {
    /// What follows.
    pub decision: Decision,
    /// What the classifier says of the whole message; none when it could not be asked.
    pub labels: Option<Classification>,
}

impl InputGuard {
    /// A guard with these rules and this classifier.
    #[must_use]
    pub fn new(content: Arc<Content>, classifier: Arc<dyn TextClassifier>) -> Self {
        Self {
            content,
            classifier,
        }
    }

    /// Decides what follows from a message.
    pub async fn read(&self, message: &str, before: &Before) -> Guarded {
        let texts = Texts::of(message, before);
        let labels = match self.classifier.classify(texts.texts.clone()).await {
            Ok(labels) => labels,
            Err(error) => {
                tracing::warn!(%error, "deciding without the classifier");
                Vec::new()
            }
        };
        let signals = inspect(&self.content.rules, message, before, &texts, &labels);
        Guarded {
            decision: decide(&signals, before),
            labels: labels.into_iter().next(),
        }
    }
}
