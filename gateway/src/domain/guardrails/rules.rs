//! Finds the signs of `safety/rules.toml` in what a person writes. One automaton holds every
//! phrase, so a message is read once. Input is the raw message; output names the rules, never words.

mod hits;
mod message;
mod phrases;

use std::collections::HashSet;

use aho_corasick::AhoCorasick;

use self::{
    hits::{Around, Spans},
    message::Message,
    phrases::{meanings, spell_out_typos, spelt_out},
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
    /// Of a crisis rule: the words name a subject as well.
    pub names_subject: bool,
}

impl RuleHit {
    fn is_weaker_than(&self, other: &Self) -> bool {
        let strength = |hit: &Self| (hit.softened.is_none(), !hit.names_subject);
        strength(self) < strength(other)
    }
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
    /// A time that is near is named.
    pub is_urgent: bool,
    /// The person says what was meant instead.
    pub clarifies: bool,
    /// Something makes light of what is said.
    pub is_light: bool,
    /// There is a saying that only sounds like a crisis.
    pub has_idiom: bool,
    /// The person wants to protect themself or to make up for something.
    pub protects: bool,
    /// How many words there are.
    pub words: usize,
}

/// The rules could not be compiled.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// A phrase has no letter or digit.
    #[error("{0:?} contains no word")]
    NoWord(String),
    /// Its brackets do not match, or it stands for too many phrases.
    #[error("{0:?}: alternatives are written (one|other), without brackets inside")]
    Alternatives(String),
    /// There are too many phrases.
    #[error(transparent)]
    Automaton(#[from] aho_corasick::BuildError),
}

/// A phrase of a rule.
#[derive(Debug, Clone, Copy)]
struct Sign {
    rule: usize,
    names_subject: bool,
}

#[derive(Debug, Clone, Copy)]
enum Meaning {
    Phrase(Sign),
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
    /// Phrases without their spaces, and what each is a sign of.
    compact: AhoCorasick,
    compact_signs: Vec<Sign>,
}

impl RuleMatcher {
    /// Compiles the rules.
    ///
    /// # Errors
    /// A phrase has no word in it.
    pub fn compile(mut file: RulesFile) -> Result<Self, RulesError> {
        let texts = meanings(&file)?;
        spell_out_typos(&mut file.context, &texts);
        let spellings = &file.context.spellings;
        let known = texts.iter().map(|(text, _)| text.as_str());
        let known = known.chain(
            spellings
                .iter()
                .flat_map(|(short, long)| [short.as_str(), long]),
        );
        let lexicon = Lexicon::new(known);
        let mut patterns = Vec::new();
        let mut compact = Vec::new();
        let mut compact_signs = Vec::new();
        for (text, meaning) in &texts {
            let folded = fold(text);
            let written: Vec<&str> = plain_words(&folded).collect();
            if written.is_empty() {
                return Err(RulesError::NoWord(text.clone()));
            }
            let words = spelt_out(&written, &file.context.spellings);
            patterns.push(format!(" {} ", words.join(" ")));
            let joined = words.concat();
            if let Meaning::Phrase(sign) = meaning
                && words.len() > 1
                && joined.chars().count() >= MINIMUM_COMPACT_CHARS
            {
                compact.push(joined);
                compact_signs.push(*sign);
            }
        }
        Ok(Self {
            phrases: AhoCorasick::new(&patterns)?,
            compact: AhoCorasick::new(&compact)?,
            meanings: texts.into_iter().map(|(_, meaning)| meaning).collect(),
            compact_signs,
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

    /// The message with disguised and shortened words written out; none when there are none. For the classifier,
    /// which has only read ordinary spellings.
    #[must_use]
    pub fn plain_text(&self, message: &str) -> Option<String> {
        let read = Message::read(message, &self.lexicon, &self.file.context.spellings);
        read.is_changed.then(|| read.words_only())
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
        let message = Message::read(message, &self.lexicon, &self.file.context.spellings);
        let mut spans = Spans::default();
        for found in self.phrases.find_overlapping_iter(&message.text) {
            let span = (found.start(), found.end());
            let segment = message.segment_at(span.0 + 1);
            match self.meanings[found.pattern().as_usize()] {
                Meaning::Phrase(sign) => spans.phrases.push((sign, span)),
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
            is_urgent: spans.has(Around::Urgent),
            clarifies: spans.has(Around::Clarify),
            is_light: spans.is_light(),
            protects: spans.has(Around::Protect),
            has_idiom: spans.has_idiom(),
            words: message.words,
        }
    }

    fn find_compact(&self, message: &Message, spans: &mut Spans) {
        let mut start = 1;
        for word in message.text[1..].split(' ') {
            let end = start + word.len();
            if word.len() >= MINIMUM_COMPACT_CHARS && !self.lexicon.contains(word) {
                for found in self.compact.find_overlapping_iter(word) {
                    let sign = self.compact_signs[found.pattern().as_usize()];
                    // With the spaces around it, as for a phrase.
                    spans
                        .phrases
                        .push((sign, (start - 1, (end + 1).min(message.text.len()))));
                }
            }
            start = end + 1;
        }
    }
}

/// Adds the hits of rules that are not there yet; a hit that is not softened replaces one that is.
fn add_new(hits: &mut Vec<RuleHit>, more: Vec<RuleHit>) {
    for hit in more {
        match hits.iter_mut().find(|known| known.id == hit.id) {
            Some(known) if known.is_weaker_than(&hit) => *known = hit,
            Some(_) => {}
            None => hits.push(hit),
        }
    }
}

#[cfg(test)]
mod tests;
