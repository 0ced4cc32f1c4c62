//! The words of a sentence, with disguised spellings undone where they hide a word that matchers
//! look for: "k.m.s", "u n a l i v e", "su1c1de", "sui cide". Input is folded text, output words.

use super::{
    lexicon::{Lexicon, is_mask, letter_for_sign},
    normalise::{is_emoji, is_word, plain_words},
};

/// Fewest letters that were written one by one to count as a word.
const MINIMUM_LETTERS: usize = 3;
/// Fewest letters of a word that a space was put into.
const MINIMUM_BROKEN_WORD: usize = 6;

/// The words of a folded sentence.
pub(super) fn words(folded: &str, lexicon: &Lexicon) -> Vec<String> {
    let mut words = Vec::new();
    for chunk in folded.split_whitespace() {
        chunk_words(chunk, lexicon, &mut words);
    }
    join_broken(&join_letters(&words, lexicon), lexicon)
}

fn chunk_words(chunk: &str, lexicon: &Lexicon, words: &mut Vec<String>) {
    let core = chunk
        .trim_start_matches(|c: char| !is_word(c) && !matches!(c, '@' | '$' | '€' | '|' | '+'))
        .trim_end_matches(|c: char| !is_word(c) && c != '$');
    if core.is_empty() {
        return;
    }
    if core.chars().all(is_emoji) {
        // Emoji between words would hide a phrase, so only those that rules name are kept.
        if lexicon.contains(core) {
            words.push(core.to_owned());
        }
        return;
    }
    if core.chars().all(char::is_alphanumeric) {
        words.push(lexicon.restore(core).unwrap_or_else(|| core.to_owned()));
        return;
    }
    let pieces: Vec<&str> = plain_words(core).collect();
    if pieces.len() > 1 && pieces.iter().all(|piece| lexicon.contains(piece)) {
        words.extend(pieces.into_iter().map(str::to_owned));
        return;
    }
    let whole = lexicon
        .restore(core)
        .or_else(|| {
            core.contains(is_mask)
                .then(|| lexicon.unmask(core))
                .flatten()
        })
        .or_else(|| lexicon.restore(&pieces.concat()));
    match whole {
        Some(word) => words.push(word),
        None => words.extend(
            pieces
                .into_iter()
                .map(|piece| lexicon.restore(piece).unwrap_or_else(|| piece.to_owned())),
        ),
    }
}

/// Puts letters that stand one by one together again.
fn join_letters(words: &[String], lexicon: &Lexicon) -> Vec<String> {
    let is_letter = |word: &String| {
        let mut characters = word.chars();
        matches!(
            (characters.next(), characters.next()),
            (Some(c), None) if c.is_alphabetic() || letter_for_sign(c, 'i').is_some()
        )
    };
    let mut joined = Vec::with_capacity(words.len());
    let mut rest = words;
    while !rest.is_empty() {
        let length = rest.iter().take_while(|word| is_letter(word)).count();
        if length >= MINIMUM_LETTERS {
            let letters = rest[..length].concat();
            match lexicon.restore(&letters) {
                Some(word) => joined.push(word),
                None => match lexicon.segment(&letters) {
                    Some(found) => joined.extend(found),
                    None => joined.extend_from_slice(&rest[..length]),
                },
            }
        } else {
            joined.extend_from_slice(&rest[..length.max(1)]);
        }
        rest = &rest[length.max(1)..];
    }
    joined
}

/// Puts two or three pieces of one word together, unless they are two words of a phrase.
fn join_broken(words: &[String], lexicon: &Lexicon) -> Vec<String> {
    let mut joined: Vec<String> = Vec::with_capacity(words.len());
    let mut rest = words;
    while let Some(first) = rest.first() {
        let whole = (2..=3).find_map(|count| {
            let pieces = rest.get(..count)?;
            let length: usize = pieces.iter().map(String::len).sum();
            if length < MINIMUM_BROKEN_WORD
                || pieces.iter().any(|piece| piece.len() < 2)
                || lexicon.contains_pair(&pieces[0], &pieces[1])
            {
                return None;
            }
            let whole = pieces.concat();
            lexicon.contains(&whole).then_some((whole, count))
        });
        match whole {
            Some((word, count)) => {
                joined.push(word);
                rest = &rest[count..];
            }
            None => {
                joined.push(first.clone());
                rest = &rest[1..];
            }
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::guardrails::normalise::fold;

    fn read(text: &str) -> String {
        let lexicon = Lexicon::new([
            "kill myself",
            "kms",
            "suicide",
            "unalive",
            "self harm",
            "want to die",
            "sh",
            "💀",
        ]);
        words(&fold(text), &lexicon).join(" ")
    }

    #[test]
    fn disguises_are_undone() {
        for (text, expected) in [
            ("k.m.s", "kms"),
            ("k m s", "kms"),
            ("i k-m-s", "i kms"),
            ("K_M_S!!!", "kms"),
            ("u n a l i v e me", "unalive me"),
            ("un-alive", "unalive"),
            ("un alive", "unalive"),
            ("sui cide", "suicide"),
            ("su*c*de", "suicide"),
            ("s/h again", "sh again"),
            ("kill my self", "kill myself"),
            ("k i l l m y s e l f", "kill myself"),
            ("self-harm", "self harm"),
            ("k1ll-mys3lf", "kill myself"),
            ("kill 🔪 myself", "kill myself"),
            ("i'm dead💀", "im dead 💀"),
            ("#unalive", "unalive"),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn ordinary_text_stays() {
        for (text, expected) in [
            ("I live at 5, call me @sam", "i live at 5 call me sam"),
            ("a b testing", "a b testing"),
            ("x y z", "x y z"),
            ("well-being & co.", "well being co"),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }
}
