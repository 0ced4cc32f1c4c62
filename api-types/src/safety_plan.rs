//! The safety plan in a person's own words.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One part of the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SafetyPlanPart {
    /// Stable identifier.
    pub id: String,
    /// Heading.
    pub title: String,
    /// What could be written here.
    pub hint: String,
    /// The person's words; empty when there are none yet.
    pub text: String,
}

/// Answer to `GET` and `PUT /sessions/me/safety-plan`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SafetyPlan {
    /// Heading.
    pub title: String,
    /// What it is for.
    pub intro: String,
    /// In order.
    pub parts: Vec<SafetyPlanPart>,
}

/// Body of `PUT /sessions/me/safety-plan`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SafetyPlanRequest {
    /// Part to words, a few or all; at most 1,000 characters each. Empty words clear a part.
    pub parts: BTreeMap<String, String>,
}
