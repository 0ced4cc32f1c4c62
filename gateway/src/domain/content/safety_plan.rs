//! `safety/plan.toml`: the headings of the safety plan.

use serde::Deserialize;

use super::{
    ContentError,
    check::{not_blank, unique},
};

/// Name inside the content folder.
pub(super) const FILE: &str = "safety/plan.toml";
/// The parts of the intervention, in its order.
const PARTS: [&str; 6] = [
    "signs",
    "things_i_can_do",
    "places_and_people",
    "people_to_ask",
    "professionals",
    "safer_surroundings",
];

/// Words around a person's own.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SafetyPlanContent {
    /// Changes with every review.
    pub version: String,
    /// Heading.
    pub title: String,
    /// What it is for.
    pub intro: String,
    /// In order.
    pub parts: Vec<PlanPart>,
}

/// One part.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanPart {
    /// Stable identifier.
    pub id: String,
    /// Heading.
    pub title: String,
    /// What could be written here.
    pub hint: String,
}

impl SafetyPlanContent {
    pub(super) fn check(&self) -> Result<(), ContentError> {
        not_blank(FILE, "title", &self.title)?;
        not_blank(FILE, "intro", &self.intro)?;
        let ids: Vec<&str> = self.parts.iter().map(|part| part.id.as_str()).collect();
        unique(FILE, "part", ids.iter().copied())?;
        if ids != PARTS {
            let reason = format!("the parts must be {}", PARTS.join(", "));
            return Err(ContentError::invalid(FILE, reason));
        }
        for part in &self.parts {
            not_blank(FILE, "title of a part", &part.title)?;
            not_blank(FILE, "hint of a part", &part.hint)?;
        }
        Ok(())
    }
}
