//! The safety folder: words of the crisis card, rules for what people write, and phrases that the
//! model must not write.

use serde::Deserialize;

use super::{
    ContentError,
    check::{enough, unique},
};
use crate::domain::guardrails::concern::Concern;

/// Name inside the content folder.
pub(super) const CRISIS_FILE: &str = "safety/crisis.toml";
/// Name inside the content folder.
pub(super) const OUTPUT_FILE: &str = "safety/output.toml";

/// Words of the crisis card.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CrisisContent {
    /// Changes with every review.
    pub version: String,
    /// One for each concern, and one for immediate danger.
    pub cards: Vec<CardContent>,
    /// Variants of a gentle second look, while the state is open.
    pub recheck: Vec<Wording>,
}

/// The card for one concern.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CardContent {
    /// What it speaks to.
    pub concern: Concern,
    /// Whether somebody must be with the person now.
    #[serde(default)]
    pub immediate: bool,
    /// What to do now, in order.
    pub safety_steps: Vec<String>,
    /// Variants of the card's words.
    pub messages: Vec<Wording>,
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

/// Most questions in one message.
const MAXIMUM_QUESTIONS: usize = 2;

impl CrisisContent {
    /// The card for a concern. Immediate danger has the words of its own; they are about staying alive,
    /// whatever the concern was.
    #[must_use]
    pub fn card(&self, concern: Concern, immediate: bool) -> Option<&CardContent> {
        let of = |concern, immediate| {
            self.cards
                .iter()
                .find(|card| card.concern == concern && card.immediate == immediate)
        };
        of(concern, immediate)
            .or_else(|| immediate.then(|| of(Concern::Thoughts, true)).flatten())
            .or_else(|| of(Concern::Thoughts, false))
    }

    pub(super) fn check(&self) -> Result<(), ContentError> {
        let invalid = |reason: String| Err(ContentError::invalid(CRISIS_FILE, reason));
        let messages = self.cards.iter().flat_map(|card| &card.messages);
        let wordings: Vec<&Wording> = messages.chain(&self.recheck).collect();
        unique(
            CRISIS_FILE,
            "wording",
            wordings.iter().map(|wording| wording.id.as_str()),
        )?;
        for wording in wordings {
            if wording.text.matches('?').count() > MAXIMUM_QUESTIONS {
                return invalid(format!(
                    "{:?} asks more than {MAXIMUM_QUESTIONS} questions",
                    wording.id
                ));
            }
        }
        let needed = Concern::ALL.map(|concern| (concern, false));
        for (concern, immediate) in needed.into_iter().chain([(Concern::Thoughts, true)]) {
            let of = |card: &&CardContent| card.concern == concern && card.immediate == immediate;
            if self.cards.iter().filter(of).count() != 1 {
                return invalid(format!(
                    "exactly one card is needed for {}, immediate = {immediate}",
                    concern.code()
                ));
            }
        }
        for card in &self.cards {
            let steps = card.safety_steps.iter().map(String::as_str);
            enough(CRISIS_FILE, "safety_steps", 3, steps)?;
            let texts = card.messages.iter().map(|wording| wording.text.as_str());
            enough(CRISIS_FILE, "messages", 4, texts)?;
        }
        let recheck = self.recheck.iter().map(|wording| wording.text.as_str());
        enough(CRISIS_FILE, "recheck", 4, recheck)
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
