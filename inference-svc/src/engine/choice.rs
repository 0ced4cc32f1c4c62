//! Holds a reply to one of several given texts. In: the texts as tokens and the reply so far. Out: the tokens
//! that may follow. The engine's own grammars cannot be used beside the closing token of `logits`: they would
//! forbid it.

use std::sync::Arc;

/// The texts that a reply may be, each as its tokens without the end of the turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Choice(Arc<[Vec<u32>]>);

/// What may follow a reply.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Next {
    /// Tokens that lead on.
    pub(super) tokens: Vec<u32>,
    /// The reply is one of the texts already.
    pub(super) is_complete: bool,
}

impl Choice {
    /// `None` when there is no text, which leaves a reply free.
    pub(super) fn new(options: Vec<Vec<u32>>) -> Option<Self> {
        let options: Vec<Vec<u32>> = options
            .into_iter()
            .filter(|option| !option.is_empty())
            .collect();
        (!options.is_empty()).then(|| Self(options.into()))
    }

    /// What may follow `reply`; nothing when it has left all texts.
    pub(super) fn after(&self, reply: &[u32]) -> Next {
        let mut next = Next {
            tokens: Vec::new(),
            is_complete: false,
        };
        for option in self.0.iter() {
            match option.strip_prefix(reply) {
                Some([]) => next.is_complete = true,
                Some([token, ..]) if !next.tokens.contains(token) => next.tokens.push(*token),
                _ => {}
            }
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(tokens: &[u32], is_complete: bool) -> Next {
        Next {
            tokens: tokens.to_vec(),
            is_complete,
        }
    }

    #[test]
    fn only_what_leads_to_a_text_may_follow() {
        let choice = Choice::new(vec![vec![1, 2], vec![1, 3, 4], vec![5], vec![1]]).unwrap();
        assert_eq!(choice.after(&[]), next(&[1, 5], false));
        assert_eq!(choice.after(&[1]), next(&[2, 3], true));
        assert_eq!(choice.after(&[1, 3]), next(&[4], false));
        assert_eq!(choice.after(&[5]), next(&[], true));
        assert_eq!(choice.after(&[9]), next(&[], false));
    }

    #[test]
    fn without_texts_a_reply_is_free() {
        assert_eq!(Choice::new(vec![vec![]]), None);
    }
}
