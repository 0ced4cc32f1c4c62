//! The words that matchers look for, and how a disguised spelling of one is found again: numbers
//! and signs for letters, stars, stretched letters. A word that is nothing of the kind stays as it
//! is, so ordinary text is never changed into something else.

use std::collections::{HashMap, HashSet};

use super::normalise::{fold, plain_words};

/// Letters that a run of one letter may be restored to, at most: 2^4 spellings are tried.
const MAXIMUM_RUNS: usize = 4;
/// Shortest word that is found again without its vowels.
const MINIMUM_SKELETON_WORD: usize = 5;
/// Fewest consonants that tell which word it was.
const MINIMUM_SKELETON: usize = 4;
/// Longest word that is looked at; longer ones are no disguise.
const MAXIMUM_WORD_CHARS: usize = 48;

/// Words that matchers look for.
#[derive(Debug, Clone, Default)]
pub struct Lexicon {
    words: HashSet<String>,
    /// Two words that stand side by side in a phrase.
    pairs: HashSet<String>,
    /// Long words without their vowels, where only one word has these consonants.
    skeletons: HashMap<String, Option<String>>,
    /// By length in characters, in the order of the file, for words with stars.
    by_length: HashMap<usize, Vec<Vec<char>>>,
}

impl Lexicon {
    /// The words of these phrases.
    pub fn new<'a>(phrases: impl IntoIterator<Item = &'a str>) -> Self {
        let mut lexicon = Self::default();
        for phrase in phrases {
            let folded = fold(phrase);
            let words: Vec<&str> = plain_words(&folded).collect();
            lexicon
                .pairs
                .extend(words.windows(2).map(|pair| pair.join(" ")));
            for word in words {
                if lexicon.words.insert(word.to_owned()) {
                    if word.chars().count() >= MINIMUM_SKELETON_WORD {
                        let only = lexicon.skeletons.entry(skeleton(word));
                        only.and_modify(|known| *known = None)
                            .or_insert_with(|| Some(word.to_owned()));
                    }
                    let letters: Vec<char> = word.chars().collect();
                    lexicon
                        .by_length
                        .entry(letters.len())
                        .or_default()
                        .push(letters);
                }
            }
        }
        lexicon
    }

    /// Whether this is one of the words.
    #[must_use]
    pub fn contains(&self, word: &str) -> bool {
        self.words.contains(word)
    }

    /// Whether these two words stand side by side in a phrase.
    #[must_use]
    pub fn contains_pair(&self, first: &str, second: &str) -> bool {
        self.pairs.contains(&format!("{first} {second}"))
    }

    /// The word of the lexicon that a folded spelling stands for, if any.
    #[must_use]
    pub fn restore(&self, spelling: &str) -> Option<String> {
        if self.contains(spelling) {
            return Some(spelling.to_owned());
        }
        if spelling.chars().count() > MAXIMUM_WORD_CHARS {
            return None;
        }
        let mut spellings = vec![spelling.to_owned()];
        for one in ['i', 'l'] {
            spellings.extend(letters_for_signs(spelling, one));
        }
        spellings
            .iter()
            .find(|spelling| self.contains(spelling))
            .cloned()
            .or_else(|| {
                spellings
                    .iter()
                    .find_map(|spelling| self.unstretch(spelling))
            })
            .or_else(|| self.fill_vowels(spelling))
    }

    /// The word that was written without its vowels: "myslf", "kllng".
    fn fill_vowels(&self, spelling: &str) -> Option<String> {
        let is_bare = spelling.len() >= MINIMUM_SKELETON
            && spelling
                .chars()
                .all(|c| c.is_ascii_lowercase() && !is_vowel(c));
        self.skeletons.get(spelling).filter(|_| is_bare)?.clone()
    }

    /// The word that stars hide: "su*cide". At least half of the letters must be seen.
    #[must_use]
    pub fn unmask(&self, spelling: &str) -> Option<String> {
        let letters: Vec<char> = spelling.chars().collect();
        let hidden = letters.iter().filter(|letter| is_mask(**letter)).count();
        if hidden == 0 || hidden * 2 > letters.len() || letters.len() < 3 {
            return None;
        }
        let fits = |word: &&Vec<char>| {
            word.iter()
                .zip(&letters)
                .all(|(own, seen)| own == seen || is_mask(*seen))
        };
        self.by_length
            .get(&letters.len())?
            .iter()
            .find(fits)
            .map(|word| word.iter().collect())
    }

    /// The word behind stretched letters: "dieee", "kmsss", "killll".
    fn unstretch(&self, spelling: &str) -> Option<String> {
        let runs = letter_runs(spelling);
        let last = runs.len().saturating_sub(1);
        let stretched: Vec<usize> = runs
            .iter()
            .enumerate()
            .filter(|(index, (_, length))| {
                *length > 2 || (*length == 2 && *index == last && spelling.len() > 3)
            })
            .map(|(index, _)| index)
            .take(MAXIMUM_RUNS)
            .collect();
        if stretched.is_empty() {
            return None;
        }
        (0..1_usize << stretched.len()).find_map(|choice| {
            let candidate: String = runs
                .iter()
                .enumerate()
                .flat_map(|(index, (letter, length))| {
                    let count = match stretched.iter().position(|run| *run == index) {
                        Some(place) => 1 + (choice >> place & 1),
                        None => *length,
                    };
                    std::iter::repeat_n(*letter, count)
                })
                .collect();
            self.contains(&candidate).then_some(candidate)
        })
    }

    /// Splits letters that were written one by one into words: "unaliveme". Single letters count
    /// only where English has them. The fewest words win.
    #[must_use]
    pub fn segment(&self, letters: &str) -> Option<Vec<String>> {
        let ends: Vec<usize> = letters
            .char_indices()
            .map(|(start, letter)| start + letter.len_utf8())
            .collect();
        if ends.len() > MAXIMUM_WORD_CHARS {
            return None;
        }
        let starts: Vec<usize> = std::iter::once(0).chain(ends.iter().copied()).collect();
        // For each position, the number of words up to it and where the last one starts.
        let mut best: Vec<Option<(usize, usize)>> = vec![None; starts.len()];
        best[0] = Some((0, 0));
        for end in 1..starts.len() {
            for start in 0..end {
                let Some((count, _)) = best[start] else {
                    continue;
                };
                let word = &letters[starts[start]..starts[end]];
                let allowed = if word.len() == 1 {
                    matches!(word, "a" | "i" | "u")
                } else {
                    self.contains(word)
                };
                if allowed && best[end].is_none_or(|(fewest, _)| count + 1 < fewest) {
                    best[end] = Some((count + 1, start));
                }
            }
        }
        let mut words = Vec::new();
        let mut end = starts.len() - 1;
        while end > 0 {
            let (_, start) = best[end]?;
            words.push(letters[starts[start]..starts[end]].to_owned());
            end = start;
        }
        words.reverse();
        Some(words)
    }
}

fn is_vowel(letter: char) -> bool {
    matches!(letter, 'a' | 'e' | 'i' | 'o' | 'u')
}

fn skeleton(word: &str) -> String {
    word.chars().filter(|letter| !is_vowel(*letter)).collect()
}

/// Signs that stand for any letter.
pub(super) fn is_mask(character: char) -> bool {
    matches!(
        character,
        '*' | '#' | '•' | '●' | '×' | '█' | '_' | '?' | '\u{fffd}'
    )
}

/// The letter that a number or sign is used for; `one` is what "1" and "|" mean.
pub(super) fn letter_for_sign(sign: char, one: char) -> Option<char> {
    match sign {
        '0' => Some('o'),
        '1' | '|' => Some(one),
        '!' | '¡' => Some('i'),
        '3' | '€' => Some('e'),
        '4' | '@' => Some('a'),
        '5' | '$' => Some('s'),
        '7' | '+' => Some('t'),
        '(' => Some('c'),
        _ => None,
    }
}

/// The spelling with letters for signs; none when it has no letter or no sign.
fn letters_for_signs(spelling: &str, one: char) -> Option<String> {
    let has_letter = spelling.chars().any(char::is_alphabetic);
    let has_sign = spelling
        .chars()
        .any(|sign| letter_for_sign(sign, one).is_some());
    (has_letter && has_sign).then(|| {
        spelling
            .chars()
            .map(|sign| letter_for_sign(sign, one).unwrap_or(sign))
            .collect()
    })
}

fn letter_runs(word: &str) -> Vec<(char, usize)> {
    let mut runs: Vec<(char, usize)> = Vec::new();
    for letter in word.chars() {
        match runs.last_mut() {
            Some((last, length)) if *last == letter => *length += 1,
            _ => runs.push((letter, 1)),
        }
    }
    runs
}

#[cfg(test)]
mod tests;
