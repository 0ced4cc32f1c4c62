//! The safety plan: reviewed headings, and under each what a person wrote. Comes in: parts with words; goes
//! out: the plan with all parts in order. Works without any other service.

use std::collections::BTreeMap;

use super::content::safety_plan::SafetyPlanContent;

/// Longest text of a part, in characters.
pub const MAXIMUM_CHARS: usize = 1_000;

/// Part to the person's words.
pub type PlanTexts = BTreeMap<String, String>;

/// Words that cannot be kept.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// There is no such part.
    #[error("there is no such part of the plan; the parts are {0}")]
    UnknownPart(String),
    /// Too many characters.
    #[error("{0} has more than {MAXIMUM_CHARS} characters")]
    TooLong(String),
}

/// Whether words can be kept.
///
/// # Errors
/// A part that does not exist, or words that are too long.
pub fn check(content: &SafetyPlanContent, new: &PlanTexts) -> Result<(), PlanError> {
    for (id, text) in new {
        if !content.parts.iter().any(|part| part.id == *id) {
            let known: Vec<&str> = content.parts.iter().map(|part| part.id.as_str()).collect();
            return Err(PlanError::UnknownPart(known.join(", ")));
        }
        if text.chars().count() > MAXIMUM_CHARS {
            return Err(PlanError::TooLong(id.clone()));
        }
    }
    Ok(())
}

/// Puts new words over the kept ones. Empty words clear a part.
pub fn merge(kept: &mut PlanTexts, new: PlanTexts) {
    for (id, text) in new {
        if text.trim().is_empty() {
            kept.remove(&id);
        } else {
            kept.insert(id, text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::content::{Content, tests::real_folder};

    fn texts(parts: &[(&str, &str)]) -> PlanTexts {
        let parts = parts.iter();
        parts
            .map(|(id, text)| ((*id).to_owned(), (*text).to_owned()))
            .collect()
    }

    #[test]
    fn words_are_kept_changed_and_cleared_part_by_part() {
        let mut plan = texts(&[("signs", "old"), ("professionals", "dr")]);
        merge(
            &mut plan,
            texts(&[("signs", "new"), ("professionals", "  ")]),
        );
        assert_eq!(plan, texts(&[("signs", "new")]));
    }

    #[test]
    fn what_cannot_be_kept_is_refused_and_not_repeated() {
        let content = Content::load(&real_folder()).unwrap().safety_plan;
        let unknown = check(&content, &texts(&[("signs", "new"), ("zz", "secret")]));
        assert!(!unknown.unwrap_err().to_string().contains("zz"));
        let long = "x".repeat(MAXIMUM_CHARS + 1);
        let error = check(&content, &texts(&[("signs", &long)]));
        assert_eq!(error, Err(PlanError::TooLong("signs".to_owned())));
    }
}
