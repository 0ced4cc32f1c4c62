//! Whole sentences from a text that arrives in pieces, for a screen reader: hearing every piece
//! would interrupt itself. In: deltas. Out: each sentence once, when it is complete.

/// Keeps the sentence that is not complete yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Sentences {
    pending: String,
}

impl Sentences {
    /// Adds text and takes out the sentences that it completes.
    pub(crate) fn push(&mut self, text: &str) -> Vec<String> {
        self.pending.push_str(text);
        let mut complete = Vec::new();
        while let Some(end) = sentence_end(&self.pending) {
            let rest = self.pending.split_off(end);
            let sentence = std::mem::replace(&mut self.pending, rest);
            complete.extend(spoken(&sentence));
        }
        complete
    }

    /// Takes out what is left when the text ends.
    pub(crate) fn finish(&mut self) -> Option<String> {
        spoken(&std::mem::take(&mut self.pending))
    }
}

fn spoken(sentence: &str) -> Option<String> {
    let sentence = sentence.trim();
    (!sentence.is_empty()).then(|| sentence.to_owned())
}

/// Byte index after the white space that follows the first sentence.
fn sentence_end(text: &str) -> Option<usize> {
    let mut ended = false;
    for (index, character) in text.char_indices() {
        match character {
            '\n' => return Some(index + 1),
            _ if ended && character.is_whitespace() => {
                return Some(index + character.len_utf8());
            }
            '.' | '!' | '?' | '…' | '。' | '！' | '？' | '।' => ended = true,
            '"' | '\'' | ')' | '”' | '’' if ended => {}
            _ => ended = false,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_given_once_it_is_followed_by_a_space() {
        let mut sentences = Sentences::default();
        assert!(sentences.push("That sounds").is_empty());
        assert!(sentences.push(" hard.").is_empty());
        assert_eq!(sentences.push(" You are not"), ["That sounds hard."]);
        assert_eq!(sentences.finish().as_deref(), Some("You are not"));
        assert_eq!(sentences.finish(), None);
    }

    #[test]
    fn several_sentences_in_one_piece_are_all_given() {
        let mut sentences = Sentences::default();
        assert_eq!(
            sentences.push("One! Two? (Three.) Four"),
            ["One!", "Two?", "(Three.)"]
        );
    }

    #[test]
    fn a_decimal_point_does_not_end_a_sentence() {
        let mut sentences = Sentences::default();
        assert!(sentences.push("About 16.7 per cent").is_empty());
    }

    #[test]
    fn a_line_of_a_list_is_a_sentence() {
        let mut sentences = Sentences::default();
        assert_eq!(sentences.push("- Sleep\n\n- Walk"), ["- Sleep"]);
    }
}
