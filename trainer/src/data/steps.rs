//! The steps of the preprocessing, each a function of its own: what happens to a row is their composition
//! in `prepare.rs`, and nothing else.

use anyhow::{Result, bail};

/// The themes, as they are written everywhere.
pub const CATEGORIES: [&str; 3] = [
    "cyberbullying",
    "social media addiction",
    "social isolation",
];
/// The severities, from light to heavy.
pub const SEVERITIES: [&str; 3] = ["mild", "moderate", "severe"];

/// Other spellings of the themes, after lower case and single spaces.
const SPELLINGS: [(&str, &str); 12] = [
    ("cyber bullying", "cyberbullying"),
    ("cyberbully", "cyberbullying"),
    ("cyberbulling", "cyberbullying"),
    ("online bullying", "cyberbullying"),
    ("social media addict", "social media addiction"),
    ("social media addictions", "social media addiction"),
    ("socialmedia addiction", "social media addiction"),
    ("addiction to social media", "social media addiction"),
    ("social media overuse", "social media addiction"),
    ("social isolations", "social isolation"),
    ("socialisolation", "social isolation"),
    ("isolation", "social isolation"),
];

/// A text that is there: null, empty and white space are missing.
#[must_use]
pub fn present(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

/// The theme in its one spelling; nothing for a category that is none of the themes. Case, white space,
/// `_`, `-` and `/` do not matter.
#[must_use]
pub fn standard_category(text: &str) -> Option<&'static str> {
    let plain = text.to_lowercase().replace(['_', '-', '/'], " ");
    let plain = single_spaces(&plain);
    let plain = SPELLINGS
        .iter()
        .find(|(spelling, _)| *spelling == plain)
        .map_or(plain.as_str(), |(_, category)| category);
    CATEGORIES.into_iter().find(|category| *category == plain)
}

/// The severity in its one spelling.
///
/// # Errors
/// It is none of the three.
pub fn standard_severity(text: &str) -> Result<&'static str> {
    let plain = text.trim().to_lowercase();
    let found = SEVERITIES.into_iter().find(|severity| *severity == plain);
    match found {
        Some(severity) => Ok(severity),
        None => bail!("the severity {text:?} is none of {SEVERITIES:?}"),
    }
}

/// Removes the double quotes, straight or typographic, that stand around a whole text: they come from
/// tables and not from people. Quotes inside stay, for models see what people write; the text for counting
/// words has none.
#[must_use]
pub fn without_quotes(text: &str) -> &str {
    const PAIRS: [(char, char); 4] = [
        ('"', '"'),
        ('\u{201C}', '\u{201D}'),
        ('\u{201E}', '\u{201C}'),
        ('«', '»'),
    ];
    let text = text.trim();
    for (open, close) in PAIRS {
        if let Some(inner) = text
            .strip_prefix(open)
            .and_then(|text| text.strip_suffix(close))
            && !inner.contains([open, close])
        {
            return inner.trim();
        }
    }
    text
}

/// The text for counting words: lower case, without links, mentions, digits and punctuation. Models never
/// see it.
#[must_use]
pub fn cleaned_for_analysis(text: &str) -> String {
    let words = text.split_whitespace().filter(|word| {
        let is_link = word.contains("://") || word.starts_with("www.");
        !is_link && !word.starts_with('@')
    });
    let mut cleaned = String::with_capacity(text.len());
    for word in words {
        for c in word.chars() {
            match c {
                '\'' | '\u{2019}' => cleaned.push('\''),
                c if c.is_alphabetic() => cleaned.extend(c.to_lowercase()),
                _ => cleaned.push(' '),
            }
        }
        cleaned.push(' ');
    }
    single_spaces(&cleaned)
}

fn single_spaces(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Length of a text in characters.
#[must_use]
pub fn length(text: &str) -> usize {
    text.chars().count()
}

/// Number of words between white space.
#[must_use]
pub fn word_count(text: &str) -> usize {
    text.split_whitespace().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_spellings_of_a_theme_become_one() {
        for text in [
            "SOCIAL ISOLATION",
            "Social Isolation",
            "Social isolation",
            " social_isolation ",
            "isolation",
        ] {
            assert_eq!(standard_category(text), Some("social isolation"), "{text}");
        }
        for text in ["CYBERBULLYING", "Cyber-Bullying", "cyber  bullying"] {
            assert_eq!(standard_category(text), Some("cyberbullying"), "{text}");
        }
        assert_eq!(
            standard_category("Social-Media Addiction"),
            Some("social media addiction")
        );
        for text in ["exam stress", "", "social"] {
            assert_eq!(standard_category(text), None, "{text}");
        }
    }

    #[test]
    fn severities_are_three() {
        assert_eq!(standard_severity(" Severe").unwrap(), "severe");
        assert!(standard_severity("very bad").is_err());
    }

    #[test]
    fn missing_is_null_empty_or_white_space() {
        assert_eq!(present(None), None);
        assert_eq!(present(Some(" \n")), None);
        assert_eq!(present(Some(" a ")), Some("a"));
    }

    #[test]
    fn quotes_around_a_text_go_and_those_inside_stay() {
        assert_eq!(without_quotes(" \"it's old\" "), "it's old");
        assert_eq!(without_quotes("\u{201C}hey\u{201D}"), "hey");
        for inside in ["say \"hi\" to her", "\"hi\" and \"bye\""] {
            assert_eq!(without_quotes(inside), inside);
        }
    }

    #[test]
    fn the_text_for_counting_has_words_only() {
        assert_eq!(
            cleaned_for_analysis("Hey @kim, LOOK: https://x.example/a 3 times!! don't... Größe"),
            "hey look times don't größe"
        );
        assert_eq!((length("né 😊"), word_count(" a  b\nc ")), (4, 3));
    }
}
