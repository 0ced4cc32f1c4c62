//! How often words occur in each column and theme, without the words that every text has.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::data::steps;

/// The columns with texts.
pub(super) const COLUMNS: [&str; 3] = ["prompt", "chosen", "rejected"];
/// Shorter ones say nothing.
const SHORTEST: usize = 3;

/// Counts of words.
#[derive(Debug)]
pub(super) struct WordCounts {
    ignored: HashSet<String>,
    counts: BTreeMap<(&'static str, &'static str), HashMap<String, usize>>,
}

impl WordCounts {
    pub(super) fn new() -> Self {
        let list = stop_words::get(stop_words::LANGUAGE::English);
        let ignored = list.iter().map(|word| without_apostrophe(word.as_ref()));
        Self {
            ignored: ignored.collect(),
            counts: BTreeMap::new(),
        }
    }

    /// Counts the words of a text.
    pub(super) fn add(&mut self, column: &'static str, category: &'static str, text: &str) {
        let counts = self.counts.entry((column, category)).or_default();
        for word in steps::cleaned_for_analysis(text).split(' ') {
            let plain = without_apostrophe(word);
            if plain.chars().count() >= SHORTEST && !self.ignored.contains(&plain) {
                *counts.entry(word.to_owned()).or_default() += 1;
            }
        }
    }

    /// The most frequent words, by count and then by alphabet.
    pub(super) fn top(
        &self,
        column: &'static str,
        category: &'static str,
        most: usize,
    ) -> Vec<(String, usize)> {
        let Some(counts) = self.counts.get(&(column, category)) else {
            return Vec::new();
        };
        let mut words: Vec<_> = counts
            .iter()
            .map(|(word, count)| (word.clone(), *count))
            .collect();
        words.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        words.truncate(most);
        words
    }
}

/// The first words with their counts as bars of a chart.
pub(super) fn as_bars(words: &[(String, usize)], most: usize) -> Vec<(String, f64)> {
    let first = words.iter().take(most);
    first
        .map(|(word, count)| (word.clone(), *count as f64))
        .collect()
}

/// People type "dont" as well as "don't".
fn without_apostrophe(word: &str) -> String {
    word.replace(['\'', '\u{2019}'], "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequent_words_come_first_and_stop_words_not_at_all() {
        let mut words = WordCounts::new();
        words.add(
            "prompt",
            "cyberbullying",
            "They don't send pictures, they mock. dont MOCK the picture, mock!",
        );
        words.add("prompt", "social isolation", "alone");
        let top = words.top("prompt", "cyberbullying", 2);
        assert_eq!(top, [("mock".to_owned(), 3), ("picture".to_owned(), 1)]);
        assert!(words.top("chosen", "cyberbullying", 5).is_empty());
    }
}
