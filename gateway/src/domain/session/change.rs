//! What may change in a session's record. A change says what is new, not how the whole record looks, so that two tabs
//! that write at the same time both keep what they wrote.

use std::collections::BTreeMap;

use super::SessionRecord;
use crate::domain::{
    questionnaire,
    safety_plan::{self, PlanTexts},
};

/// Earlier phrases that are remembered until they are closed; more are never made at once.
const REPLACED_LOOKUPS: usize = 16;

/// A change of a session's record.
#[derive(Clone)]
pub enum SessionChange {
    /// Answers that were checked against the questionnaire of this version.
    Answers {
        /// Version of the questionnaire.
        version: String,
        /// Question id to option ids; an empty list takes an answer back.
        answers: BTreeMap<String, Vec<String>>,
    },
    /// Topic and severity of an assessment.
    Assessment(String, String),
    /// Checked parts of the safety plan; empty words clear a part.
    SafetyPlan(PlanTexts),
    /// So many crisis cards have been shown.
    Cards(i64),
    /// The way in that belongs to the recovery phrase; an earlier phrase no longer counts.
    RecoveryPhrase(Vec<u8>),
}

impl SessionRecord {
    /// Puts a change over the record.
    pub fn apply(&mut self, change: SessionChange) {
        match change {
            SessionChange::Answers { version, answers } => {
                if self.questionnaire_version.as_deref() != Some(version.as_str()) {
                    self.answers.clear();
                    self.questionnaire_version = Some(version);
                }
                questionnaire::merge(&mut self.answers, answers);
            }
            SessionChange::Assessment(topic, severity) => {
                self.assessment = Some((topic, severity));
            }
            SessionChange::SafetyPlan(parts) => safety_plan::merge(&mut self.safety_plan, parts),
            SessionChange::Cards(cards) => self.cards = self.cards.max(cards),
            SessionChange::RecoveryPhrase(lookup) => {
                let replaced = self.recovery_lookup.replace(lookup);
                self.replaced_lookups.extend(replaced);
                let old = self.replaced_lookups.len().saturating_sub(REPLACED_LOOKUPS);
                self.replaced_lookups.drain(..old);
            }
        }
    }
}
