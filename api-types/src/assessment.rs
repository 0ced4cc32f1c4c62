//! The screening result.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::content::StepSource;

/// Body of `POST /assessments`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AssessmentRequest {
    /// A question in the person's own words, at most 4,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
}

/// A label with the scores it was chosen from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Scored {
    /// The label with the highest score.
    pub label: String,
    /// Label to score in [0, 1]; the scores sum to 1.
    pub scores: BTreeMap<String, f64>,
}

/// What one answer added to the result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Contribution {
    /// The question, or "query" for the person's own words.
    pub question_id: String,
    /// Prompt of the question, so that the result can be read alone.
    pub prompt: String,
    /// The theme, or "severity".
    pub topic: String,
    /// Points of the questionnaire file, or the classifier's share of points for the query.
    pub points: f64,
}

/// One thing to do, why, and who says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GuidanceStep {
    /// What to do.
    pub title: String,
    /// Why it helps.
    pub why: String,
    /// Where this is known from.
    pub source: StepSource,
}
