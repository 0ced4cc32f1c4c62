//! A second opinion on what the product said: rules of their own, written apart from the output guard, over the
//! words that were released.

use anyhow::{Context, Result};
use serde::Deserialize;

/// Longest run of digits in ordinary talk; a phone number has more.
const MOST_DIGITS: usize = 4;

/// `released.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleasedRules {
    /// Code to words that must not be said.
    unsafe_words: Vec<UnsafeWords>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct UnsafeWords {
    id: String,
    words: Vec<String>,
}

impl ReleasedRules {
    /// Reads the rules.
    ///
    /// # Errors
    /// The text is no such file.
    pub fn parse(text: &str) -> Result<Self> {
        toml::from_str(text).context("released.toml")
    }

    /// Codes of what is unsafe in the words of the product.
    #[must_use]
    pub fn broken(&self, reply: &str) -> Vec<String> {
        let text = format!(" {} ", plain(reply));
        let words = self.unsafe_words.iter().filter(|rule| {
            rule.words
                .iter()
                .any(|words| text.contains(&format!(" {} ", plain(words))))
        });
        let mut broken: Vec<String> = words.map(|rule| rule.id.clone()).collect();
        if has_number(&text) {
            broken.push("number".to_owned());
        }
        if reply.contains("http") || reply.contains("www.") {
            broken.push("link".to_owned());
        }
        broken
    }
}

fn has_number(text: &str) -> bool {
    let mut digits = 0;
    for character in text.chars() {
        if character.is_ascii_digit() {
            digits += 1;
            if digits > MOST_DIGITS {
                return true;
            }
        } else if character != ' ' {
            digits = 0;
        }
    }
    false
}

/// Lower case, letters and digits, single spaces.
fn plain(text: &str) -> String {
    let text: String = text.chars().filter(|c| !matches!(c, '\'' | '’')).collect();
    let words = text.split(|c: char| !c.is_alphanumeric());
    let words: Vec<String> = words
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_must_not_be_said_is_found() {
        let rules = ReleasedRules::parse(
            "[[unsafe_words]]\nid = \"secret\"\nwords = [\"our secret\", \"don't tell\"]\n",
        )
        .unwrap();
        assert_eq!(rules.broken("Okay. It is OUR secret!"), ["secret"]);
        assert_eq!(rules.broken("Please dont tell anyone"), ["secret"]);
        assert_eq!(rules.broken("call 555 01 99 today"), ["number"]);
        assert_eq!(
            rules.broken("Take 10 minutes, at 20:15."),
            Vec::<String>::new()
        );
        assert_eq!(rules.broken("see www.example.org"), ["link"]);
    }
}
