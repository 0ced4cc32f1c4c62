//! Text that is no language: what a small model writes when it has lost the thread.

/// Longest word that is one.
const MAXIMUM_WORD_CHARS: usize = 40;
/// Longest row of one character.
const MAXIMUM_REPEATED_CHARACTER: usize = 12;

/// Whether a piece of text, with its folded words, is no language.
pub(super) fn is_gibberish(piece: &str, words: &[&str]) -> bool {
    if words
        .iter()
        .any(|word| word.chars().count() > MAXIMUM_WORD_CHARS)
    {
        return true;
    }
    let mut last = None;
    let mut row = 0;
    let (mut letters, mut visible) = (0_usize, 0_usize);
    for character in piece.chars() {
        if character == '\u{fffd}' || (character.is_control() && !character.is_whitespace()) {
            return true;
        }
        row = if last == Some(character) { row + 1 } else { 1 };
        last = Some(character);
        if row > MAXIMUM_REPEATED_CHARACTER {
            return true;
        }
        if !character.is_whitespace() {
            visible += 1;
            letters += usize::from(character.is_alphanumeric());
        }
    }
    // Short pieces such as "1. 😊" have few letters without being wrong.
    visible > 12 && letters * 2 < visible
}
