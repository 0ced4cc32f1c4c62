//! A message in the form that the rules are matched on.

use std::collections::BTreeMap;

use super::{Softening, spelt_out};
use crate::domain::guardrails::{
    disguise,
    lexicon::Lexicon,
    normalise::{fold, plain_words},
    sayings::soften,
    sentences,
};

/// A word of its own that no phrase contains; it stands between sentences.
const BOUNDARY: &str = "\u{1}";

/// Bytes around a phrase that are looked at for what changes its meaning.
const NEARBY: usize = 400;

/// First byte and the byte after the last one.
pub(super) type Span = (usize, usize);

/// A message as one line of words, with the sentences marked.
pub(super) struct Message {
    /// Words between single spaces, a space at either end, [`BOUNDARY`] between sentences.
    pub(super) text: String,
    /// Where each sentence or line starts.
    segments: Vec<usize>,
    pub(super) words: usize,
    /// Whether a word is not as it was written.
    pub(super) is_changed: bool,
}

impl Message {
    pub(super) fn read(
        message: &str,
        lexicon: &Lexicon,
        spellings: &BTreeMap<String, String>,
    ) -> Self {
        let mut read = Self {
            text: " ".to_owned(),
            segments: Vec::new(),
            words: 0,
            is_changed: false,
        };
        for sentence in sentences::split(message) {
            if !sentence.continues && !read.segments.is_empty() {
                read.text.push_str(BOUNDARY);
                read.text.push(' ');
            }
            read.segments.push(read.text.len());
            let folded = fold(sentence.text);
            let words = disguise::words(&folded, lexicon);
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let words = spelt_out(&words, spellings);
            read.is_changed |= !words.iter().copied().eq(plain_words(&folded));
            for word in words {
                read.text.push_str(word);
                read.text.push(' ');
                read.words += 1;
            }
        }
        read
    }

    /// The words without the marks between sentences.
    pub(super) fn words_only(&self) -> String {
        let words = self.text.split(' ');
        let words = words.filter(|word| !word.is_empty() && *word != BOUNDARY);
        words.collect::<Vec<_>>().join(" ")
    }

    /// The sentence or line that a position belongs to.
    pub(super) fn segment_at(&self, at: usize) -> usize {
        self.segments
            .partition_point(|start| *start <= at)
            .saturating_sub(1)
    }

    pub(super) fn soften(&self, (start, end): Span) -> Option<Softening> {
        let first = self.segment_at(start + 1);
        let last = self.segment_at(end - 2);
        let from = self.segments.get(first).map_or(0, |at| at - 1).min(start);
        let to = self
            .segments
            .get(last + 1)
            .map_or(self.text.len(), |at| *at)
            .max(end);
        // What changes the meaning stands near; without this, time would grow with the square of a message.
        let from = from.max(self.text.floor_char_boundary(start.saturating_sub(NEARBY)));
        let to = to.min(self.text.ceil_char_boundary(end.saturating_add(NEARBY)));
        soften(&self.text[from..to], start - from, end - from)
    }
}
