//! `safety/rules.toml`: what is looked for in a person's words, and what around it changes its meaning.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    ContentError,
    check::{enough, unique},
};
use crate::domain::guardrails::concern::{Concern, Level};

/// Name inside the content folder.
pub(super) const FILE: &str = "safety/rules.toml";

/// `rules.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RulesFile {
    /// Changes with every review.
    pub version: String,
    /// What changes the meaning of a sign.
    #[serde(default)]
    pub context: Context,
    /// What to look for.
    pub rules: Vec<Rule>,
    /// Sayings that only sound like a crisis.
    #[serde(default)]
    pub idioms: Vec<String>,
}

/// Phrases around a sign. None of them is a sign of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Context {
    /// Laughter.
    pub laughs: Vec<String>,
    /// Everyday reasons for a big word.
    pub trivial: Vec<String>,
    /// Says that it is meant.
    pub weight: Vec<String>,
    /// Time that is near.
    pub urgent: Vec<String>,
    /// Asks for something to be done or explained.
    pub requests: Vec<String>,
    /// Begins an answer that says yes.
    pub affirms: Vec<String>,
    /// Takes something back, or says that nothing is wrong.
    pub retreats: Vec<String>,
    /// Says what was meant instead.
    pub clarifies: Vec<String>,
    /// Says that the person wants to protect themself or to make up for something.
    pub protects: Vec<String>,
    /// How words are shortened, and what they stand for; in messages and in the phrases of this file.
    pub spellings: BTreeMap<String, String>,
    /// Words of which a missing letter and two swapped ones are understood as well.
    #[serde(default)]
    pub mistyped: Vec<String>,
}

/// One sign in what a person writes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Code that is reported as a reason.
    pub id: String,
    /// What follows from it.
    pub route: RuleRoute,
    /// What a crisis is about.
    #[serde(default)]
    pub concern: Concern,
    /// How near the danger seems; only for a crisis.
    #[serde(default)]
    pub level: Option<Level>,
    /// Laughter or an everyday reason turns the crisis into a question.
    #[serde(default)]
    pub jokes: bool,
    /// Counts only in a sentence that asks for something.
    #[serde(default)]
    pub request: bool,
    /// The question that a check-in asks.
    #[serde(default)]
    pub ask: Option<String>,
    /// Any of them is the sign.
    #[serde(default)]
    pub phrases: Vec<String>,
    /// These as well, but they also name a subject ("suicide in Hamlet"): where there is no other phrase and the
    /// classifier sees next to nothing of a crisis, the card becomes a question. Without the classifier it is the card.
    #[serde(default)]
    pub subjects: Vec<String>,
    /// Any of them in the same sentence takes the sign back.
    #[serde(default)]
    pub unless: Vec<String>,
    /// For reviewers.
    #[serde(default)]
    pub note: String,
    /// Where the phrases are known from.
    #[serde(default)]
    pub source: String,
    /// Sentences that must and must not show the sign.
    #[serde(default)]
    pub tests: RuleTests,
}

/// What follows from a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleRoute {
    /// The fixed card.
    Crisis,
    /// One neutral question.
    CheckIn,
    /// A warmer answer.
    Support,
    /// Who can answer this instead.
    Redirect,
    /// A kind no.
    Decline,
}

/// Sentences that must and must not show a sign.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RuleTests {
    /// Must.
    pub hit: Vec<String>,
    /// Must not.
    pub miss: Vec<String>,
}

impl RulesFile {
    pub(super) fn check(&self) -> Result<(), ContentError> {
        unique(FILE, "rule", self.rules.iter().map(|rule| rule.id.as_str()))?;
        for rule in &self.rules {
            let what = format!("phrases of {:?}", rule.id);
            let phrases = rule.phrases.iter().chain(&rule.subjects);
            enough(FILE, &what, 1, phrases.map(String::as_str))?;
            let what = format!("unless of {:?}", rule.id);
            enough(FILE, &what, 0, rule.unless.iter().map(String::as_str))?;
            if rule.route != RuleRoute::Crisis
                && (rule.level.is_some() || rule.jokes || !rule.subjects.is_empty())
            {
                let reason = format!(
                    "{:?}: level, jokes and subjects are for crisis rules",
                    rule.id
                );
                return Err(ContentError::invalid(FILE, reason));
            }
        }
        enough(FILE, "idioms", 0, self.idioms.iter().map(String::as_str))?;
        for (route, name) in [
            (RuleRoute::Crisis, "crisis"),
            (RuleRoute::Support, "support"),
            (RuleRoute::Decline, "decline"),
        ] {
            if !self.rules.iter().any(|rule| rule.route == route) {
                let reason = format!("there is no rule with route {name:?}");
                return Err(ContentError::invalid(FILE, reason));
            }
        }
        Ok(())
    }
}
