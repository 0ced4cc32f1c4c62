//! The gate that the model's words pass: text comes in as it is generated, only whole sentences
//! (or long clauses) that break no rule go out. A blocked sentence is dropped; after the second
//! one the answer has ended and reviewed words take its place. Works in time linear in the text.

use std::collections::{HashMap, HashSet};

use super::{OutputGuard, gibberish::is_gibberish};
use crate::domain::guardrails::{
    contacts::has_contact,
    disguise,
    normalise::{fold, plain_words},
    sentences::sentence_end,
};

/// A sentence is cut at a clause when it is longer than this, so that nobody waits for it.
const CLAUSE_CHARS: usize = 160;
/// A clause is not cut shorter than this.
const MINIMUM_CLAUSE_CHARS: usize = 60;
/// Blocked sentences that end the answer.
const MAXIMUM_BLOCKED: usize = 2;
/// Words in a row that are a copy of the system prompt.
const LEAK_WORDS: usize = 8;
/// Words in a row whose return is a loop.
const LOOP_WORDS: usize = 4;
/// Times that such words may stand in one answer.
const MAXIMUM_LOOPS: u8 = 2;
/// Parts of chat templates; a model that writes one has lost its role.
const TEMPLATE_MARKS: [&str; 14] = [
    "<|",
    "|>",
    "[inst]",
    "[/inst]",
    "<s>",
    "</s>",
    "<<sys>>",
    "im_start",
    "im_end",
    "<unk>",
    "### instruction",
    "### response",
    "<start_of_turn>",
    "<end_of_turn>",
];
/// How a model begins to speak for somebody else.
const ROLE_MARKS: [&str; 6] = [
    "user:",
    "system:",
    "assistant:",
    "human:",
    "ai:",
    "companion:",
];

/// What goes out after some text came in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GateStep {
    /// Text that passed; may be empty.
    pub released: String,
    /// The answer has ended; whatever comes in later is dropped.
    pub ended: bool,
}

/// The gate of one answer.
pub struct SentenceGate<'guard> {
    guard: &'guard OutputGuard,
    /// Rows of words of the system prompt.
    secrets: HashSet<String>,
    buffer: String,
    /// Bytes of the buffer that are known to hold no end of a sentence.
    scanned: usize,
    seen_sentences: HashSet<String>,
    seen_rows: HashMap<String, u8>,
    /// Last words that went by, because phrases may cross the cut of a clause.
    tail: Vec<String>,
    /// Whether the buffer goes on a sentence that was cut.
    continues: bool,
    blocked: Vec<String>,
    ended: bool,
}

impl<'guard> SentenceGate<'guard> {
    /// The gate of an answer to this system prompt.
    #[must_use]
    pub fn new(guard: &'guard OutputGuard, system_prompt: &str) -> Self {
        let folded = fold(system_prompt);
        let words: Vec<&str> = plain_words(&folded).collect();
        Self {
            guard,
            secrets: words.windows(LEAK_WORDS).map(|row| row.join(" ")).collect(),
            buffer: String::new(),
            scanned: 0,
            seen_sentences: HashSet::new(),
            seen_rows: HashMap::new(),
            tail: Vec::new(),
            continues: false,
            blocked: Vec::new(),
            ended: false,
        }
    }

    /// Codes of what was blocked so far, in order.
    #[must_use]
    pub fn blocked(&self) -> &[String] {
        &self.blocked
    }

    /// Takes text as it is generated.
    pub fn push(&mut self, text: &str) -> GateStep {
        let mut step = GateStep {
            ended: self.ended,
            ..GateStep::default()
        };
        if self.ended {
            return step;
        }
        self.buffer.push_str(text);
        while !self.ended {
            let Some((length, is_clause)) = self.next_cut() else {
                break;
            };
            let piece: String = self.buffer.drain(..length).collect();
            self.scanned = 0;
            self.pass(&piece, is_clause, &mut step);
        }
        step
    }

    /// The model has ended: what is left is judged as a sentence.
    pub fn finish(&mut self) -> GateStep {
        let mut step = GateStep {
            ended: self.ended,
            ..GateStep::default()
        };
        let piece = std::mem::take(&mut self.buffer);
        if !self.ended && !piece.trim().is_empty() {
            self.pass(&piece, false, &mut step);
        }
        step
    }

    /// Where the next sentence or clause ends, in bytes, and whether it is a clause.
    fn next_cut(&mut self) -> Option<(usize, bool)> {
        // A few characters before what is new: an end needs what follows it.
        let mut from = self.scanned.saturating_sub(16);
        while !self.buffer.is_char_boundary(from) {
            from -= 1;
        }
        // The end of a list number ("1.") can only be told from the start.
        let from = if from < 32 { 0 } else { from };
        if let Some((length, _)) = sentence_end(&self.buffer[from..]) {
            return Some((from + length, false));
        }
        self.scanned = self.buffer.len();
        self.clause_cut().map(|length| (length, true))
    }

    fn clause_cut(&self) -> Option<usize> {
        if self.buffer.len() <= CLAUSE_CHARS || self.buffer.chars().count() <= CLAUSE_CHARS {
            return None;
        }
        let characters: Vec<(usize, char)> = self.buffer.char_indices().collect();
        let is_cut = |place: &usize| {
            let (_, space) = characters[*place];
            // A number must not be cut: its parts would pass.
            let is_near =
                |c: char| c.is_numeric() || matches!(c, '(' | '+' | '-' | '@' | '/' | '.');
            let nearby = place.saturating_sub(4)..(place + 4).min(characters.len());
            space == ' ' && !characters[nearby].iter().any(|(_, c)| is_near(*c))
        };
        let range = MINIMUM_CLAUSE_CHARS..characters.len() - 4;
        let after_comma = range
            .clone()
            .rev()
            .filter(|place| matches!(characters[place - 1].1, ',' | ';' | ':' | '—' | '–'))
            .find(is_cut);
        // A text without spaces is cut all the same, and judged as gibberish.
        let place = after_comma.or_else(|| range.rev().find(is_cut));
        match place {
            Some(place) => Some(characters[place].0 + 1),
            None => (characters.len() > 4 * CLAUSE_CHARS).then_some(self.buffer.len()),
        }
    }

    fn pass(&mut self, piece: &str, is_clause: bool, step: &mut GateStep) {
        let folded = fold(piece);
        let words: Vec<&str> = plain_words(&folded).collect();
        match self.fault(piece, &folded, &words) {
            None => {
                step.released.push_str(piece);
                self.remember(&words);
            }
            Some(code) => {
                self.blocked.push(code);
                self.ended = self.blocked.len() >= MAXIMUM_BLOCKED;
                step.ended = self.ended;
            }
        }
        if !is_clause && !self.continues {
            self.seen_sentences.insert(words.join(" "));
        }
        self.continues = is_clause;
    }

    /// The code of the first rule that the piece breaks.
    fn fault(&self, piece: &str, folded: &str, words: &[&str]) -> Option<String> {
        let code = |code: &str| Some(code.to_owned());
        let lower = piece.trim_start().to_lowercase();
        if TEMPLATE_MARKS.iter().any(|mark| lower.contains(mark))
            || ROLE_MARKS.iter().any(|mark| lower.starts_with(mark))
        {
            return code("template");
        }
        if words.is_empty() {
            // Punctuation and pictures alone say nothing wrong.
            return None;
        }
        if has_contact(piece, words) {
            return code("contact");
        }
        if let Some(block) = self.broken_phrase(folded) {
            return Some(block);
        }
        if self.leaks(words) {
            return code("leak");
        }
        if self.loops(words) {
            return code("loop");
        }
        is_gibberish(piece, words).then(|| "gibberish".to_owned())
    }

    fn broken_phrase(&self, folded: &str) -> Option<String> {
        let mut line = " ".to_owned();
        if self.continues {
            for word in &self.tail {
                line.push_str(word);
                line.push(' ');
            }
        }
        for word in disguise::words(folded, &self.guard.lexicon) {
            line.push_str(&word);
            line.push(' ');
        }
        self.guard.blocked_phrase(&line).map(str::to_owned)
    }

    fn leaks(&self, words: &[&str]) -> bool {
        let tail = self
            .tail
            .iter()
            .rev()
            .take(LEAK_WORDS - 1)
            .rev()
            .map(String::as_str);
        let line: Vec<&str> = tail.chain(words.iter().copied()).collect();
        line.windows(LEAK_WORDS)
            .any(|row| self.secrets.contains(&row.join(" ")))
    }

    fn loops(&self, words: &[&str]) -> bool {
        if words.len() > 1 && self.seen_sentences.contains(&words.join(" ")) {
            return true;
        }
        let mut here: HashMap<String, u8> = HashMap::new();
        words.windows(LOOP_WORDS).any(|row| {
            let row = row.join(" ");
            let before = self.seen_rows.get(&row).copied().unwrap_or_default();
            let count = here.entry(row).or_default();
            *count = count.saturating_add(1);
            *count > 1 || before.saturating_add(*count) > MAXIMUM_LOOPS
        })
    }

    fn remember(&mut self, words: &[&str]) {
        for row in words.windows(LOOP_WORDS) {
            let count = self.seen_rows.entry(row.join(" ")).or_default();
            *count = count.saturating_add(1);
        }
        self.tail
            .extend(words.iter().map(|word| (*word).to_owned()));
        let surplus = self.tail.len().saturating_sub(2 * LEAK_WORDS);
        self.tail.drain(..surplus);
    }
}
