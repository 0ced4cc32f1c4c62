//! What the model must not say: the phrases of `safety/output.toml`, compiled once, and the gate
//! through which every answer passes.

mod gate;
mod gibberish;

use aho_corasick::AhoCorasick;

pub use self::gate::{GateStep, SentenceGate};
use super::{
    lexicon::Lexicon,
    normalise::{fold, plain_words},
};
use crate::domain::content::safety::OutputFile;

/// The output rules could not be compiled.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// A phrase has no letter or digit.
    #[error("{0:?} contains no word")]
    NoWord(String),
    /// There are too many phrases.
    #[error(transparent)]
    Automaton(#[from] aho_corasick::BuildError),
}

/// Phrases that the model must not say, compiled.
#[derive(Debug)]
pub struct OutputGuard {
    version: String,
    lexicon: Lexicon,
    phrases: AhoCorasick,
    /// The block of each phrase.
    blocks: Vec<String>,
}

impl OutputGuard {
    /// Compiles the phrases.
    ///
    /// # Errors
    /// A phrase has no word in it.
    pub fn compile(file: &OutputFile) -> Result<Self, OutputError> {
        let mut patterns = Vec::new();
        let mut blocks = Vec::new();
        for block in &file.blocks {
            for phrase in &block.phrases {
                let folded = fold(phrase);
                let words: Vec<&str> = plain_words(&folded).collect();
                if words.is_empty() {
                    return Err(OutputError::NoWord(phrase.clone()));
                }
                patterns.push(format!(" {} ", words.join(" ")));
                blocks.push(block.id.clone());
            }
        }
        let phrases = file
            .blocks
            .iter()
            .flat_map(|block| &block.phrases)
            .map(String::as_str);
        Ok(Self {
            version: file.version.clone(),
            lexicon: Lexicon::new(phrases),
            phrases: AhoCorasick::new(&patterns)?,
            blocks,
        })
    }

    /// Version of the file.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The block whose phrase stands in these words, if any.
    fn blocked_phrase(&self, words: &str) -> Option<&str> {
        let found = self.phrases.find_overlapping_iter(words).next()?;
        Some(self.blocks[found.pattern().as_usize()].as_str())
    }
}

#[cfg(test)]
mod tests;
