//! The questionnaire and its answers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How many options may be chosen, and how they are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum QuestionKind {
    /// Exactly one option.
    Single,
    /// Any number of options.
    Multi,
    /// Exactly one option, ordered from least to most.
    Scale,
}

/// One possible answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct QuestionOption {
    /// Stable identifier, unique within the question.
    pub id: String,
    /// What the person reads.
    pub label: String,
}

/// One question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Question {
    /// Stable identifier, unique within the questionnaire.
    pub id: String,
    /// How many options may be chosen.
    pub kind: QuestionKind,
    /// What the person reads.
    pub prompt: String,
    /// A second, smaller line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The assessment needs an answer.
    pub required: bool,
    /// The possible answers, in order.
    pub options: Vec<QuestionOption>,
}

/// Questions that belong together, shown as one step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Section {
    /// Stable identifier.
    pub id: String,
    /// What the person reads.
    pub title: String,
    /// In order.
    pub questions: Vec<Question>,
}

/// Answer to `GET /questionnaire`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Questionnaire {
    /// Sent back with the answers; a stale one is refused with 409.
    pub version: String,
    /// In order.
    pub sections: Vec<Section>,
}

/// Body of `PUT /sessions/me/answers`. May be partial: named questions are replaced, others stay.
/// An empty list takes an answer back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AnswersRequest {
    /// Version of the questionnaire that was shown.
    pub version: String,
    /// Question id to chosen option ids.
    pub answers: BTreeMap<String, Vec<String>>,
}

/// Answer to `PUT /sessions/me/answers`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AnswersProgress {
    /// Required questions with an answer.
    pub answered: usize,
    /// Required questions in all.
    pub required: usize,
    /// `answered == required`.
    pub complete: bool,
}
