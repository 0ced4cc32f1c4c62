//! Where sentences end. Used on what people write, all at once, and on what the model writes,
//! while it comes in.

/// A sentence of a text that is there as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sentence<'text> {
    /// The words with their punctuation.
    pub text: &'text str,
    /// Whether a new line, rather than punctuation, ended the sentence before it: the thought may
    /// go on across it.
    pub continues: bool,
}

/// The sentences of a text. A "sentence" of one word belongs to its neighbour, so that neither
/// "kms. lol" nor "I. want. to. die." falls apart.
#[must_use]
pub fn split(text: &str) -> Vec<Sentence<'_>> {
    let mut sentences: Vec<(usize, usize, bool)> = Vec::new();
    let mut start = 0;
    let mut continues = false;
    while start < text.len() {
        let rest = &text[start..];
        let (length, by_line) = sentence_end(rest).unwrap_or((rest.len(), false));
        let end = start + length;
        let words = |from: usize, to: usize| text[from..to].split_whitespace().take(2).count();
        let count = words(start, end);
        match sentences.last_mut() {
            _ if count == 0 => {}
            Some(last) if !continues && (count == 1 || words(last.0, last.1) == 1) => last.1 = end,
            _ => sentences.push((start, end, continues)),
        }
        // An empty line ends a thought.
        continues = count > 0 && by_line && !rest[length..].starts_with(['\n', '\r']);
        start = end;
    }
    sentences
        .into_iter()
        .map(|(start, end, continues)| Sentence {
            text: text[start..end].trim(),
            continues,
        })
        .collect()
}

/// Where the first sentence of `text` ends, spaces after it included, and whether a new line ended
/// it. None while that cannot be told: what follows may belong to it.
#[must_use]
pub fn sentence_end(text: &str) -> Option<(usize, bool)> {
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        if character == '\n' {
            return Some((after_spaces(text, at + 1), true));
        }
        if !is_terminator(character) || is_list_number(&text[..at]) {
            continue;
        }
        while characters
            .next_if(|(_, next)| is_terminator(*next) || is_closer(*next))
            .is_some()
        {}
        if let Some((next, space)) = characters.peek().copied()
            && space.is_whitespace()
        {
            return Some((after_spaces(text, next), false));
        }
    }
    None
}

fn is_terminator(character: char) -> bool {
    matches!(character, '.' | '!' | '?' | '…' | '。' | '！' | '？' | '।')
}

fn is_closer(character: char) -> bool {
    matches!(character, '"' | '\'' | '”' | '’' | '»' | ')' | ']' | '*')
}

/// "1" of "1. Talk to someone".
fn is_list_number(before: &str) -> bool {
    // The length is checked first: what stands before may be long.
    let trimmed = if before.len() <= 8 {
        before.trim_start()
    } else {
        return false;
    };
    !trimmed.is_empty() && trimmed.len() <= 2 && trimmed.bytes().all(|byte| byte.is_ascii_digit())
}

/// Where the spaces that follow end; new lines are left, except the one that ends the sentence.
fn after_spaces(text: &str, from: usize) -> usize {
    let spaces = text[from..]
        .chars()
        .take_while(|space| matches!(space, ' ' | '\t'));
    from + spaces.map(char::len_utf8).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<&str> {
        split(text)
            .into_iter()
            .map(|sentence| sentence.text)
            .collect()
    }

    #[test]
    fn punctuation_and_new_lines_end_sentences() {
        assert_eq!(
            texts("I am here. You are too! OK then?"),
            ["I am here.", "You are too!", "OK then?"]
        );
        assert_eq!(texts("it cost 3.50 today"), ["it cost 3.50 today"]);
        assert_eq!(texts("well... i do not know"), ["well... i do not know"]);
        assert_eq!(
            texts("1. Talk to someone. 2. Sleep well."),
            ["1. Talk to someone.", "2. Sleep well."]
        );
        assert_eq!(texts(" \n \n"), [""; 0]);
    }

    #[test]
    fn words_on_their_own_stay_with_their_neighbours() {
        assert_eq!(texts("kms. lol"), ["kms. lol"]);
        assert_eq!(texts("I. want. to. die."), ["I. want. to. die."]);
    }

    #[test]
    fn a_thought_may_go_on_in_the_next_line_but_not_after_an_empty_one() {
        let sentences = split("i want to\nkill myself\n\nbad day today");
        let seen: Vec<_> = sentences.iter().map(|s| (s.text, s.continues)).collect();
        assert_eq!(
            seen,
            [
                ("i want to", false),
                ("kill myself", true),
                ("bad day today", false)
            ]
        );
    }

    #[test]
    fn an_end_is_not_told_before_what_follows_is_known() {
        assert_eq!(sentence_end("Take 3."), None);
        assert_eq!(sentence_end("Take a walk."), None);
        assert_eq!(sentence_end("Take a walk. "), Some((13, false)));
        assert_eq!(sentence_end("(Go.) he"), Some((6, false)));
        assert_eq!(sentence_end("one\ntwo"), Some((4, true)));
    }
}
