//! The safety folder: words of the crisis card, rules for what people write, and phrases that the
//! model must not write.

use serde::Deserialize;

use super::{
    ContentError,
    check::{enough, unique},
};

/// Name inside the content folder.
pub(super) const CRISIS_FILE: &str = "safety/crisis.toml";
/// Name inside the content folder.
pub(super) const RULES_FILE: &str = "safety/rules.toml";
/// Name inside the content folder.
pub(super) const OUTPUT_FILE: &str = "safety/output.toml";

/// Words of the crisis card.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CrisisContent {
    /// Changes with every review.
    pub version: String,
    /// What to do now, in order.
    pub safety_steps: Vec<String>,
    /// Variants of the card's words.
    pub messages: Vec<Wording>,
    /// Variants of a gentle second look, while the state is open.
    pub recheck: Vec<Wording>,
}

/// One variant of reviewed words.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wording {
    /// Stable identifier.
    pub id: String,
    /// The words.
    pub text: String,
}

impl CrisisContent {
    pub(super) fn check(&self) -> Result<(), ContentError> {
        let variants = self.messages.iter().chain(&self.recheck);
        unique(
            CRISIS_FILE,
            "wording",
            variants.map(|wording| wording.id.as_str()),
        )?;
        let texts = |list: &[Wording]| list.iter().map(|w| w.text.clone()).collect::<Vec<_>>();
        let (messages, recheck) = (texts(&self.messages), texts(&self.recheck));
        enough(
            CRISIS_FILE,
            "messages",
            4,
            messages.iter().map(String::as_str),
        )?;
        enough(
            CRISIS_FILE,
            "recheck",
            4,
            recheck.iter().map(String::as_str),
        )?;
        enough(
            CRISIS_FILE,
            "safety_steps",
            3,
            self.safety_steps.iter().map(String::as_str),
        )
    }
}

/// `rules.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RulesFile {
    /// Changes with every review.
    pub version: String,
    /// What to look for.
    pub rules: Vec<Rule>,
    /// Sayings that only sound like a crisis.
    #[serde(default)]
    pub idioms: Vec<Idiom>,
}

/// One sign in what a person writes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Code that is reported as a reason.
    pub id: String,
    /// What follows from it.
    pub route: RuleRoute,
    /// Any of them is the sign.
    pub phrases: Vec<String>,
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
    /// A warmer answer.
    Support,
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

/// A saying that only sounds like a crisis.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Idiom {
    /// The saying.
    pub phrase: String,
}

impl RulesFile {
    pub(super) fn check(&self) -> Result<(), ContentError> {
        unique(
            RULES_FILE,
            "rule",
            self.rules.iter().map(|rule| rule.id.as_str()),
        )?;
        for rule in &self.rules {
            let what = format!("phrases of {:?}", rule.id);
            enough(
                RULES_FILE,
                &what,
                1,
                rule.phrases.iter().map(String::as_str),
            )?;
            let what = format!("unless of {:?}", rule.id);
            enough(RULES_FILE, &what, 0, rule.unless.iter().map(String::as_str))?;
        }
        enough(
            RULES_FILE,
            "idioms",
            0,
            self.idioms.iter().map(|idiom| idiom.phrase.as_str()),
        )?;
        for (route, name) in [
            (RuleRoute::Crisis, "crisis"),
            (RuleRoute::Support, "support"),
            (RuleRoute::Decline, "decline"),
        ] {
            if !self.rules.iter().any(|rule| rule.route == route) {
                let reason = format!("there is no rule with route {name:?}");
                return Err(ContentError::invalid(RULES_FILE, reason));
            }
        }
        Ok(())
    }
}

/// `output.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutputFile {
    /// Changes with every review.
    pub version: String,
    /// What the model must not say.
    pub blocks: Vec<OutputBlock>,
}

/// Phrases that keep a sentence of the model from a person.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutputBlock {
    /// Code that is counted.
    pub id: String,
    /// Any of them blocks.
    pub phrases: Vec<String>,
    /// For reviewers.
    #[serde(default)]
    pub note: String,
    /// Where the rule is known from.
    #[serde(default)]
    pub source: String,
}

impl OutputFile {
    pub(super) fn check(&self) -> Result<(), ContentError> {
        unique(
            OUTPUT_FILE,
            "block",
            self.blocks.iter().map(|block| block.id.as_str()),
        )?;
        self.blocks.iter().try_for_each(|block| {
            let what = format!("phrases of {:?}", block.id);
            enough(
                OUTPUT_FILE,
                &what,
                1,
                block.phrases.iter().map(String::as_str),
            )
        })
    }
}
