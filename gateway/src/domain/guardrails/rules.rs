//! Finds the signs of `safety/rules.toml` in what a person writes. One automaton holds every
//! phrase, so a message is read once. Input is the raw message; output names the rules, never words.

mod message;

use std::collections::HashSet;

use aho_corasick::AhoCorasick;

use self::message::{Message, Span};
pub use super::sayings::Softening;
use super::{
    lexicon::Lexicon,
    normalise::{fold, plain_words},
};
use crate::domain::content::safety::{RuleRoute, RulesFile};

/// Phrases of several words are also found when written as one word of at least this length.
const MINIMUM_COMPACT_CHARS: usize = 8;
/// How people take back what they said, or say that nothing is wrong.
const RETREATS: [&str; 30] = [
    "im fine",
    "im ok",
    "im okay",
    "im good",
    "im alright",
    "i am fine",
    "i am ok",
    "i am okay",
    "its fine",
    "its nothing",
    "just kidding",
    "jk",
    "was kidding",
    "was joking",
    "was a joke",
    "just a joke",
    "only joking",
    "forget it",
    "forget what i said",
    "forget i said",
    "nevermind",
    "never mind",
    "nvm",
    "didnt mean it",
    "dont worry",
    "just venting",
    "ignore that",
    "ignore me",
    "im safe",
    "was just being dramatic",
];

/// A sign was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleHit {
    /// The rule.
    pub id: String,
    /// What follows from it.
    pub route: RuleRoute,
    /// Why a crisis phrase does not ask for the card.
    pub softened: Option<Softening>,
}

/// What was found in a message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuleFindings {
    /// One entry a rule, in the order of the file.
    pub hits: Vec<RuleHit>,
    /// The person takes something back, or says that nothing is wrong.
    pub retreats: bool,
    /// How many words there are.
    pub words: usize,
}

/// The rules could not be compiled.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// A phrase has no letter or digit.
    #[error("{0:?} contains no word")]
    NoWord(String),
    /// There are too many phrases.
    #[error(transparent)]
    Automaton(#[from] aho_corasick::BuildError),
}

#[derive(Debug, Clone, Copy)]
enum Meaning {
    Phrase(usize),
    Unless(usize),
    Idiom,
    Retreat,
}

/// All rules, compiled.
#[derive(Debug)]
pub struct RuleMatcher {
    file: RulesFile,
    lexicon: Lexicon,
    phrases: AhoCorasick,
    meanings: Vec<Meaning>,
    /// Phrases without their spaces, and the rule of each.
    compact: AhoCorasick,
    compact_rules: Vec<usize>,
}

impl RuleMatcher {
    /// Compiles the rules.
    ///
    /// # Errors
    /// A phrase has no word in it.
    pub fn compile(file: RulesFile) -> Result<Self, RulesError> {
        let mut texts: Vec<(String, Meaning)> = Vec::new();
        for (index, rule) in file.rules.iter().enumerate() {
            texts.extend(
                rule.phrases
                    .iter()
                    .map(|text| (text.clone(), Meaning::Phrase(index))),
            );
            texts.extend(
                rule.unless
                    .iter()
                    .map(|text| (text.clone(), Meaning::Unless(index))),
            );
        }
        texts.extend(
            file.idioms
                .iter()
                .map(|idiom| (idiom.phrase.clone(), Meaning::Idiom)),
        );
        texts.extend(RETREATS.map(|text| (text.to_owned(), Meaning::Retreat)));

        let lexicon = Lexicon::new(texts.iter().map(|(text, _)| text.as_str()));
        let mut patterns = Vec::new();
        let mut compact = Vec::new();
        let mut compact_rules = Vec::new();
        for (text, meaning) in &texts {
            let folded = fold(text);
            let words: Vec<&str> = plain_words(&folded).collect();
            if words.is_empty() {
                return Err(RulesError::NoWord(text.clone()));
            }
            patterns.push(format!(" {} ", words.join(" ")));
            let joined = words.concat();
            if let Meaning::Phrase(rule) = meaning
                && words.len() > 1
                && joined.chars().count() >= MINIMUM_COMPACT_CHARS
            {
                compact.push(joined);
                compact_rules.push(*rule);
            }
        }
        Ok(Self {
            phrases: AhoCorasick::new(&patterns)?,
            compact: AhoCorasick::new(&compact)?,
            meanings: texts.into_iter().map(|(_, meaning)| meaning).collect(),
            compact_rules,
            lexicon,
            file,
        })
    }

    /// The rules as they are in the file.
    #[must_use]
    pub const fn file(&self) -> &RulesFile {
        &self.file
    }

    /// Reads a message.
    #[must_use]
    pub fn find(&self, message: &str) -> RuleFindings {
        let message = Message::read(message, &self.lexicon);
        let mut spans = Spans::default();
        for found in self.phrases.find_overlapping_iter(&message.text) {
            let span = (found.start(), found.end());
            match self.meanings[found.pattern().as_usize()] {
                Meaning::Phrase(rule) => spans.phrases.push((rule, span)),
                Meaning::Unless(rule) => {
                    spans.unless.insert((rule, message.segment_at(span.0 + 1)));
                }
                Meaning::Idiom => spans.idioms.push(span),
                Meaning::Retreat => spans.retreats = true,
            }
        }
        self.find_compact(&message, &mut spans);
        RuleFindings {
            hits: self.hits(&message, &spans),
            retreats: spans.retreats,
            words: message.words,
        }
    }

    fn find_compact(&self, message: &Message, spans: &mut Spans) {
        let mut start = 1;
        for word in message.text[1..].split(' ') {
            let end = start + word.len();
            if word.len() >= MINIMUM_COMPACT_CHARS && !self.lexicon.contains(word) {
                for found in self.compact.find_overlapping_iter(word) {
                    let rule = self.compact_rules[found.pattern().as_usize()];
                    // With the spaces around it, as for a phrase.
                    spans
                        .phrases
                        .push((rule, (start - 1, (end + 1).min(message.text.len()))));
                }
            }
            start = end + 1;
        }
    }

    fn hits(&self, message: &Message, spans: &Spans) -> Vec<RuleHit> {
        // None: not found. Some(None): found as it is. Some(Some(_)): found, softened.
        let mut found: Vec<Option<Option<Softening>>> = vec![None; self.file.rules.len()];
        for (rule, span) in &spans.phrases {
            if matches!(found[*rule], Some(None)) || spans.takes_back(*rule, *span, message) {
                continue;
            }
            let softened = match self.file.rules[*rule].route {
                RuleRoute::Crisis => message.soften(*span),
                RuleRoute::Support | RuleRoute::Decline => None,
            };
            if found[*rule].is_none() || softened.is_none() {
                found[*rule] = Some(softened);
            }
        }
        self.file
            .rules
            .iter()
            .zip(found)
            .filter_map(|(rule, found)| {
                found.map(|softened| RuleHit {
                    id: rule.id.clone(),
                    route: rule.route,
                    softened,
                })
            })
            .collect()
    }
}

#[derive(Default)]
struct Spans {
    phrases: Vec<(usize, Span)>,
    /// Rule and segment.
    unless: HashSet<(usize, usize)>,
    /// In the order of their ends.
    idioms: Vec<Span>,
    retreats: bool,
}

impl Spans {
    /// Whether an `unless` of the rule stands in the same sentence, or the phrase is part of an
    /// idiom. A phrase that says more than the idiom stays.
    fn takes_back(&self, rule: usize, (start, end): Span, message: &Message) -> bool {
        let mut segments = message.segment_at(start + 1)..=message.segment_at(end - 2);
        if segments.any(|segment| self.unless.contains(&(rule, segment))) {
            return true;
        }
        // Spaces at the ends are shared between neighbours, so spans touch by one.
        let from = self.idioms.partition_point(|idiom| idiom.1 <= start + 1);
        self.idioms[from..]
            .iter()
            .take_while(|idiom| idiom.0 < end + 200)
            .any(|idiom| {
                idiom.0 + 1 < end && !(start <= idiom.0 && idiom.1 <= end && (start, end) != *idiom)
            })
    }
}

#[cfg(test)]
mod tests;
