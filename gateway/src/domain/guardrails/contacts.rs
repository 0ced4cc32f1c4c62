//! Finds ways to reach somebody in the model's words: phone numbers in any writing, addresses of
//! pages, e-mail. Contacts are reviewed data in this product; one that a model writes may be wrong
//! or lead to harm, so it never reaches a person.

/// Digits in a row that are more than a year.
const MAXIMUM_DIGITS: usize = 4;
/// Short numbers that are called in many countries, whatever is said about them.
const KNOWN_NUMBERS: [&str; 26] = [
    "000", "024", "100", "102", "110", "111", "112", "113", "116", "117", "118", "119", "122",
    "188", "190", "192", "911", "988", "999", "1098", "1737", "1767", "1771", "3114", "1199",
    "1925",
];
/// With one of these in the sentence, every number of three digits is one to call.
const CALLING: [&str; 14] = [
    "call", "calling", "dial", "text", "texting", "number", "hotline", "helpline", "lifeline",
    "phone", "sms", "whatsapp", "line", "reach",
];
const DIGIT_WORDS: [(&str, u32); 12] = [
    ("zero", 0),
    ("oh", 0),
    ("one", 1),
    ("two", 2),
    ("three", 3),
    ("four", 4),
    ("five", 5),
    ("six", 6),
    ("seven", 7),
    ("eight", 8),
    ("nine", 9),
    // Never a step of one away from a digit, so it never looks like counting.
    ("double", 99),
];
/// Spelled digits in a row that are a number.
const MINIMUM_SPELLED_DIGITS: usize = 3;
const DOMAIN_ENDINGS: [&str; 34] = [
    "com", "org", "net", "edu", "gov", "info", "io", "co", "app", "me", "uk", "us", "in", "au",
    "ca", "de", "fr", "ie", "nz", "eu", "tv", "gg", "ly", "ai", "dev", "xyz", "link", "site",
    "online", "health", "help", "chat", "care", "support",
];
const KEYCAP: char = '\u{20e3}';

/// Whether a sentence has a contact in it. `words` are its folded words.
pub(super) fn has_contact(sentence: &str, words: &[&str]) -> bool {
    has_address(sentence) || has_number(sentence, words) || has_spelled_number(words)
}

fn has_address(sentence: &str) -> bool {
    let lower = sentence.to_lowercase();
    if lower.contains("://") || lower.contains("www.") || lower.contains("mailto:") {
        return true;
    }
    let unhidden = lower
        .replace("(dot)", ".")
        .replace("[dot]", ".")
        .replace(" dot ", ".")
        .replace("(at)", "@")
        .replace("[at]", "@");
    unhidden
        .split(|c: char| c.is_whitespace() || matches!(c, ',' | '(' | ')' | '<' | '>' | '"'))
        .any(is_address)
}

fn is_address(chunk: &str) -> bool {
    let chunk = chunk.trim_matches(|c: char| !c.is_alphanumeric() && c != '@');
    if let Some((before, after)) = chunk.split_once('@') {
        // A handle is a contact too.
        return !after.is_empty() && (before.is_empty() || after.contains('.'));
    }
    let host = chunk.split(['/', '?', '#']).next().unwrap_or_default();
    let Some((name, ending)) = host.rsplit_once('.') else {
        return false;
    };
    let has_path = host.len() < chunk.len();
    !name.is_empty()
        && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '.'))
        && name.chars().any(char::is_alphabetic)
        // "e.g." and "me.in" differ in length only.
        && (name.chars().count() > 2 || has_path)
        && DOMAIN_ENDINGS.contains(&ending)
}

fn has_number(sentence: &str, words: &[&str]) -> bool {
    let is_calling = words.iter().any(|word| CALLING.contains(word));
    let mut groups: Vec<String> = Vec::new();
    let mut digits = String::new();
    let mut between = 0;
    for character in sentence.chars() {
        if let Some(digit) = digit(character) {
            if between > 3 && !digits.is_empty() {
                groups.push(std::mem::take(&mut digits));
            }
            digits.push(digit);
            between = 0;
        } else if is_number_glue(character) {
            between += 1;
        } else if !digits.is_empty() {
            groups.push(std::mem::take(&mut digits));
        }
    }
    groups.push(digits);
    groups
        .iter()
        .filter(|digits| !is_count(&digits_of(digits)))
        .any(|digits| {
            digits.len() > MAXIMUM_DIGITS
                || KNOWN_NUMBERS.contains(&digits.as_str())
                || (is_calling && digits.len() >= 3)
        })
}

fn digit(character: char) -> Option<char> {
    match character {
        '0'..='9' => Some(character),
        // Digits of other scripts, circled and raised ones: any of them makes a number.
        _ if character.is_numeric() => Some('0'),
        _ => None,
    }
}

/// What stands between the digits of one number.
fn is_number_glue(character: char) -> bool {
    character.is_whitespace()
        || matches!(
            character,
            '-' | '.' | '(' | ')' | '/' | '+' | '–' | '‑' | '—' | '_' | '*' | KEYCAP
        )
        || matches!(character, '\u{fe00}'..='\u{fe0f}' | '\u{200b}'..='\u{200f}' | '\u{2060}')
}

fn digits_of(text: &str) -> Vec<u32> {
    text.chars()
        .filter_map(|digit| digit.to_digit(10))
        .collect()
}

/// Counting up or down, as in breathing and grounding exercises: 5, 4, 3, 2, 1.
fn is_count(digits: &[u32]) -> bool {
    digits.len() >= MINIMUM_SPELLED_DIGITS
        && digits.windows(2).all(|pair| pair[0].abs_diff(pair[1]) == 1)
}

fn has_spelled_number(words: &[&str]) -> bool {
    let mut row: Vec<u32> = Vec::new();
    words.iter().any(|word| {
        let spelled = DIGIT_WORDS
            .iter()
            .find(|(name, _)| name == word)
            .map(|(_, digit)| *digit);
        let mut characters = word.chars();
        let single = match (characters.next(), characters.next()) {
            (Some(digit), None) => digit.to_digit(10),
            _ => None,
        };
        match spelled.or(single) {
            Some(digit) => row.push(digit),
            None => row.clear(),
        }
        row.len() >= MINIMUM_SPELLED_DIGITS && !is_count(&row)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::guardrails::normalise::{fold, plain_words};

    fn found(sentence: &str) -> bool {
        let folded = fold(sentence);
        has_contact(sentence, &plain_words(&folded).collect::<Vec<_>>())
    }

    #[test]
    fn contacts_in_any_writing_are_found() {
        for sentence in [
            "Call 988 now.",
            "You can dial 14416.",
            "Text HOME to 741741.",
            "It is 1-800-891-4416.",
            "Ring +44 (0)20 7946 0000.",
            "Try 116 123.",
            "call nine eight eight",
            "call 9 8 8",
            "９８８",
            "9\u{fe0f}\u{20e3}8\u{fe0f}\u{20e3}8\u{fe0f}\u{20e3}",
            "See https://example.org.",
            "Go to findahelpline.com today.",
            "findahelpline dot com",
            "write to help@example.org",
            "follow @someone",
            "visit befrienders.org/help",
        ] {
            assert!(found(sentence), "{sentence}");
        }
    }

    #[test]
    fn ordinary_numbers_and_points_are_not_contacts() {
        for sentence in [
            "Take 10 slow breaths, 3 times a day.",
            "In 2024 many teens said so.",
            "About 46% feel it.",
            "Put the phone away at 10:30 pm.",
            "Rest, e.g. with music.",
            "One or two friends are enough.",
            "Wait.Then try again.",
            "Breathe in for four, hold for four.",
            "Count one, two, three, four.",
            "Try 5-4-3-2-1 grounding.",
            "5, 4, 3, 2, 1: name what you see.",
        ] {
            assert!(!found(sentence), "{sentence}");
        }
    }
}
