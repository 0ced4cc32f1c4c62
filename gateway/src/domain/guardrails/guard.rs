//! The input guard as the rest of the domain uses it: a message and what came before in, a decision out.
//! The classifier is asked once, for all texts together; without it rules decide alone.

use std::sync::Arc;

use super::{
    before::Before,
    decide::{Decision, decide},
    input::{RiskLabels, Texts, inspect},
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
    /// The highest probabilities over the message and its sentences; none when it could not be asked.
    pub risk: Option<RiskLabels>,
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
        let texts = Texts::of(&self.content.rules, message, before);
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
            risk: signals.labels,
            labels: labels.into_iter().next(),
        }
    }
}
