//! `safety/replies.toml`: reviewed words in place of the model's.

use serde::Deserialize;

use super::{
    ContentError,
    check::{enough, not_blank, unique},
};
use crate::domain::assessment::Topic;

/// Name inside the content folder.
pub(super) const FILE: &str = "safety/replies.toml";

/// `replies.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replies {
    /// Changes with every review.
    pub version: String,
    /// One neutral question each, for signs that may be none.
    pub check_in: Vec<String>,
    /// Who can answer instead.
    pub redirect: Vec<ReasonReplies>,
    /// Kind refusals.
    pub decline: Vec<ReasonReplies>,
    /// Words for when the model cannot answer.
    pub fallback: Vec<FallbackReplies>,
}

/// Words for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReasonReplies {
    /// To decline: "methods", "revenge", "manipulation", "sexual" or "default". To redirect: "diagnosis",
    /// "therapist", "medicine", "diet" or "legal".
    pub reason: String,
    /// Variants.
    pub texts: Vec<String>,
}

/// Reviewed words for one topic.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FallbackReplies {
    /// The topic.
    pub topic: Topic,
    /// Variants.
    pub texts: Vec<String>,
}

impl Replies {
    pub(super) fn check(&self) -> Result<(), ContentError> {
        not_blank(FILE, "version", &self.version)?;
        enough(
            FILE,
            "check_in",
            4,
            self.check_in.iter().map(String::as_str),
        )?;
        for (name, entries) in [("decline", &self.decline), ("redirect", &self.redirect)] {
            unique(
                FILE,
                name,
                entries.iter().map(|entry| entry.reason.as_str()),
            )?;
        }
        unique(
            FILE,
            "fallback",
            self.fallback.iter().map(|entry| entry.topic.as_str()),
        )?;
        for entry in self.decline.iter().chain(&self.redirect) {
            let what = format!("texts of {:?}", entry.reason);
            enough(FILE, &what, 2, entry.texts.iter().map(String::as_str))?;
        }
        if self.redirect.is_empty() {
            return Err(ContentError::invalid(FILE, "redirect is missing"));
        }
        if !self.decline.iter().any(|entry| entry.reason == "default") {
            return Err(ContentError::invalid(
                FILE,
                "decline \"default\" is missing",
            ));
        }
        for topic in Topic::ALL {
            let entry = self
                .fallback
                .iter()
                .find(|entry| entry.topic == topic)
                .ok_or_else(|| {
                    let reason = format!("fallback {:?} is missing", topic.as_str());
                    ContentError::invalid(FILE, reason)
                })?;
            let what = format!("texts of {:?}", topic.as_str());
            enough(FILE, &what, 2, entry.texts.iter().map(String::as_str))?;
        }
        Ok(())
    }
}
