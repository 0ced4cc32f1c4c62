//! Text as the matchers see it: one alphabet, lower case, nothing invisible, no apostrophes, split
//! into words. Only ever used on a copy for matching; what people wrote stays as it is.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// One alphabet, lower case, nothing invisible, emoji apart. Whitespace and punctuation stay.
#[must_use]
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    // One character that stands for a whole phrase would only make the copy many times longer.
    let text = text
        .chars()
        .filter(|c| !matches!(c, '\u{fdf0}'..='\u{fdff}'));
    for character in text.nfkd() {
        if is_combining_mark(character) || is_invisible(character) || is_apostrophe(character) {
            continue;
        }
        if is_emoji(character) {
            folded.extend([' ', character, ' ']);
        } else if character.is_ascii() {
            folded.push(character.to_ascii_lowercase());
        } else {
            folded.extend(character.to_lowercase().map(latin_lookalike));
        }
    }
    folded
}

/// The words of a folded text, as they are: everything between letters and digits separates.
pub fn plain_words(folded: &str) -> impl Iterator<Item = &str> {
    folded
        .split(|character: char| !is_word(character))
        .filter(|word| !word.is_empty())
}

/// Letters, digits, and emoji, which rules may name.
pub(super) fn is_word(character: char) -> bool {
    character.is_alphanumeric() || is_emoji(character)
}

/// Pictures that carry meaning of their own.
pub(super) fn is_emoji(character: char) -> bool {
    matches!(character, '\u{2600}'..='\u{27bf}' | '\u{1f300}'..='\u{1faff}')
}

/// Characters that show nothing: controls, zero-width, bidirectional marks, fillers, tags, and
/// variation selectors. Whitespace is kept, because it separates words.
fn is_invisible(character: char) -> bool {
    if character.is_whitespace() {
        return false;
    }
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// Removed, so that "don't", "don’t" and "dont" are one word.
fn is_apostrophe(character: char) -> bool {
    matches!(
        character,
        '\'' | '`' | '\u{b4}' | '\u{2b9}'..='\u{2bd}' | '\u{2c8}' | '\u{2018}'..='\u{201b}'
            | '\u{2032}' | '\u{2035}' | '\u{ff07}'
    )
}

/// Lower-case letters of other alphabets that look like a Latin one.
fn latin_lookalike(character: char) -> char {
    match character {
        // Cyrillic
        'а' => 'a',
        'в' | 'ь' => 'b',
        'с' => 'c',
        'ԁ' => 'd',
        'е' | 'є' | 'ё' => 'e',
        'һ' | 'н' => 'h',
        'і' | 'ї' => 'i',
        'ј' => 'j',
        'к' => 'k',
        'ӏ' => 'l',
        'м' => 'm',
        'п' => 'n',
        'о' => 'o',
        'р' => 'p',
        'ԛ' => 'q',
        'г' | 'я' => 'r',
        'ѕ' => 's',
        'т' => 't',
        'ц' => 'u',
        'ѵ' => 'v',
        'ш' | 'щ' | 'ԝ' => 'w',
        'х' => 'x',
        'у' => 'y',
        // Greek
        'α' => 'a',
        'β' => 'b',
        'ε' => 'e',
        'η' => 'n',
        'ι' => 'i',
        'κ' => 'k',
        'ν' => 'v',
        'ο' | 'σ' => 'o',
        'ρ' => 'p',
        'ς' => 's',
        'τ' => 't',
        'υ' => 'u',
        'χ' => 'x',
        'ω' => 'w',
        // Latin letters that decomposition leaves alone
        'ı' | 'ɩ' => 'i',
        'ø' => 'o',
        'ł' => 'l',
        'đ' => 'd',
        'ß' => 's',
        'ɑ' => 'a',
        'ɡ' => 'g',
        'ʟ' => 'l',
        'ɪ' => 'i',
        'ʏ' => 'y',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_are_one_alphabet_without_anything_invisible() {
        let cases = [
            ("Kill MYSELF", "kill myself"),
            ("ｋｉｌｌ", "kill"),
            ("𝓴𝓲𝓵𝓵", "kill"),
            ("k\u{200b}i\u{200d}l\u{202e}l", "kill"),
            ("s\u{336}u\u{336}i\u{336}", "sui"),
            ("кιll", "kill"),
            ("сutting", "cutting"),
            ("I don’t, don't, don`t", "i dont, dont, dont"),
            ("café", "cafe"),
            ("a\u{0}b\tc\nd", "ab\tc\nd"),
        ];
        for (text, expected) in cases {
            assert_eq!(fold(text), expected, "{text:?}");
        }
    }

    #[test]
    fn words_are_what_stands_between_separators() {
        let folded = fold("I'm done... 4ever💀, really-really");
        let words: Vec<_> = plain_words(&folded).collect();
        assert_eq!(words, ["im", "done", "4ever", "💀", "really", "really"]);
    }
}
