//! `guidance.toml`: headlines and steps, each with its source.

use std::collections::BTreeMap;

use api_types::StepSource;
use serde::Deserialize;

use super::{
    ContentError,
    check::{not_blank, unique},
};
use crate::domain::assessment::{
    Severity, Topic,
    guidance::{MINIMUM_STEPS, steps},
};

/// Name inside the content folder.
pub(super) const FILE: &str = "guidance.toml";

/// Everything that is shown for a result.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuidanceContent {
    /// What each topic is called and means.
    pub topics: BTreeMap<Topic, TopicText>,
    /// In order of showing.
    pub steps: Vec<GuidanceStep>,
}

/// What a topic is called and means.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TopicText {
    /// As it stands in a sentence.
    pub label: String,
    /// For example "Problem diagnosed: cyberbullying".
    pub headline: String,
    /// Two sentences, one of which says that this is a screening.
    pub summary: String,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuidanceStep {
    /// Stable identifier.
    pub id: String,
    /// Where it helps.
    pub topic: Topic,
    /// From which level on.
    pub severity: Severity,
    /// What to do.
    pub title: String,
    /// Why it helps.
    pub why: String,
    /// Where this is known from.
    pub source: StepSource,
}

impl GuidanceContent {
    /// What a topic is called in a sentence.
    #[must_use]
    pub fn label(&self, topic: Topic) -> &str {
        self.topics
            .get(&topic)
            .map_or(topic.as_str(), |text| text.label.as_str())
    }

    pub(super) fn check(&self) -> Result<(), ContentError> {
        unique(FILE, "step", self.steps.iter().map(|step| step.id.as_str()))?;
        for step in &self.steps {
            not_blank(FILE, &format!("title of step {:?}", step.id), &step.title)?;
            not_blank(FILE, &format!("why of step {:?}", step.id), &step.why)?;
            not_blank(
                FILE,
                &format!("source of step {:?}", step.id),
                &step.source.name,
            )?;
        }
        for topic in Topic::ALL {
            let text = self.topics.get(&topic).ok_or_else(|| {
                ContentError::invalid(FILE, format!("topics.{} is missing", topic.as_str()))
            })?;
            not_blank(
                FILE,
                &format!("headline of {}", topic.as_str()),
                &text.headline,
            )?;
            if !text.summary.contains("not a diagnosis") {
                let reason = format!(
                    "summary of {} must say that this is a screening, not a diagnosis",
                    topic.as_str()
                );
                return Err(ContentError::invalid(FILE, reason));
            }
            for severity in Severity::ALL {
                if steps(self, topic, severity).len() < MINIMUM_STEPS {
                    let reason = format!(
                        "fewer than {MINIMUM_STEPS} steps for {}, {}",
                        topic.as_str(),
                        severity.as_str()
                    );
                    return Err(ContentError::invalid(FILE, reason));
                }
            }
        }
        Ok(())
    }
}
