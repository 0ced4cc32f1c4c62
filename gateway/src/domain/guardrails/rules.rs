//! Finds the signs of `safety/rules.toml` in what a person writes. One automaton holds every
//! phrase, so a message is read once. Input is the raw message; output names the rules, never words.

mod hits;
mod message;

use std::collections::HashSet;

use aho_corasick::AhoCorasick;

use self::{
    hits::{Around, Spans},
    message::Message,
};
pub use super::sayings::Softening;
use super::{
    concern::Alarm,
    decode::hidden_texts,
    lexicon::Lexicon,
    normalise::{fold, plain_words},
};
use crate::domain::content::rules_file::{RuleRoute, RulesFile};

/// Phrases of several words are also found when written as one word of at least this length.
const MINIMUM_COMPACT_CHARS: usize = 8;

/// A sign was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleHit {
    /// The rule.
    pub id: String,
    /// What follows from it.
    pub route: RuleRoute,
    /// Why a crisis phrase does not ask for the card.
    pub softened: Option<Softening>,
    /// Of a crisis rule: what it is about.
    pub alarm: Alarm,
}

/// What was found in a message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuleFindings {
    /// One entry a rule, in the order of the file.
    pub hits: Vec<RuleHit>,
    /// The person takes something back, or says that nothing is wrong.
    pub retreats: bool,
    /// The message begins with a yes.
    pub affirms: bool,
    /// The person says what was meant instead.
    pub clarifies: bool,
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
    Around(Around),
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
        let texts = meanings(&file);
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

    /// Reads a message, and what may be hidden in it.
    #[must_use]
    pub fn find(&self, message: &str) -> RuleFindings {
        let mut findings = self.read(message);
        for text in hidden_texts(message) {
            add_new(&mut findings.hits, self.read(&text).hits);
        }
        findings
    }

    /// Signs that a message shows only together with what was written right before it.
    #[must_use]
    pub fn find_across(&self, earlier: &str, message: &str) -> Vec<RuleHit> {
        let joined = format!(
            "{} {message}",
            earlier.trim_end_matches(|c: char| !c.is_alphanumeric())
        );
        let alone: HashSet<String> = [earlier, message]
            .into_iter()
            .flat_map(|text| self.read(text).hits)
            .map(|hit| hit.id)
            .collect();
        let mut hits = self.read(&joined).hits;
        hits.retain(|hit| hit.softened.is_none() && !alone.contains(&hit.id));
        hits
    }

    fn read(&self, message: &str) -> RuleFindings {
        let message = Message::read(message, &self.lexicon);
        let mut spans = Spans::default();
        for found in self.phrases.find_overlapping_iter(&message.text) {
            let span = (found.start(), found.end());
            let segment = message.segment_at(span.0 + 1);
            match self.meanings[found.pattern().as_usize()] {
                Meaning::Phrase(rule) => spans.phrases.push((rule, span)),
                Meaning::Unless(rule) => spans.note_unless(rule, segment),
                Meaning::Idiom => spans.idioms.push(span),
                Meaning::Around(around) => spans.note(around, segment, span.0 == 0),
            }
        }
        self.find_compact(&message, &mut spans);
        RuleFindings {
            hits: spans.hits(&self.file, &message),
            retreats: spans.has(Around::Retreat),
            affirms: spans.begins_with_yes,
            clarifies: spans.has(Around::Clarify),
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
}

/// Every phrase of the file with what it means.
fn meanings(file: &RulesFile) -> Vec<(String, Meaning)> {
    let mut texts: Vec<(String, Meaning)> = Vec::new();
    for (index, rule) in file.rules.iter().enumerate() {
        let phrases = rule.phrases.iter();
        texts.extend(phrases.map(|text| (text.clone(), Meaning::Phrase(index))));
        let unless = rule.unless.iter();
        texts.extend(unless.map(|text| (text.clone(), Meaning::Unless(index))));
    }
    texts.extend(
        file.idioms
            .iter()
            .map(|idiom| (idiom.clone(), Meaning::Idiom)),
    );
    let context = &file.context;
    for (around, list) in [
        (Around::Laugh, &context.laughs),
        (Around::Trivial, &context.trivial),
        (Around::Weight, &context.weight),
        (Around::Urgent, &context.urgent),
        (Around::Request, &context.requests),
        (Around::Affirm, &context.affirms),
        (Around::Retreat, &context.retreats),
        (Around::Clarify, &context.clarifies),
    ] {
        texts.extend(
            list.iter()
                .map(|text| (text.clone(), Meaning::Around(around))),
        );
    }
    texts
}

/// Adds the hits of rules that are not there yet; a hit that is not softened replaces one that is.
fn add_new(hits: &mut Vec<RuleHit>, more: Vec<RuleHit>) {
    for hit in more {
        match hits.iter_mut().find(|known| known.id == hit.id) {
            Some(known) if known.softened.is_some() && hit.softened.is_none() => *known = hit,
            Some(_) => {}
            None => hits.push(hit),
        }
    }
}

#[cfg(test)]
mod tests;
