//! A message in the form that the rules are matched on.

use super::Softening;
use crate::domain::guardrails::{
    disguise, lexicon::Lexicon, normalise::fold, sayings::soften, sentences,
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
}

impl Message {
    pub(super) fn read(message: &str, lexicon: &Lexicon) -> Self {
        let mut read = Self {
            text: " ".to_owned(),
            segments: Vec::new(),
            words: 0,
        };
        for sentence in sentences::split(message) {
            if !sentence.continues && !read.segments.is_empty() {
                read.text.push_str(BOUNDARY);
                read.text.push(' ');
            }
            read.segments.push(read.text.len());
            for word in disguise::words(&fold(sentence.text), lexicon) {
                read.text.push_str(&word);
                read.text.push(' ');
                read.words += 1;
            }
        }
        read
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
