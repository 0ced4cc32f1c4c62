//! Turns rendered pieces into token ids. Special tokens are matched in the template's own text only;
//! everything between two of them, a person's text included, is encoded as one plain text, exactly as
//! the model's tokenizer would if nobody had typed special tokens.

use std::collections::HashSet;

use serde_json::Value;
use tokenizers::Tokenizer;

use crate::{
    Message, Role,
    plain_text::{forget_special_tokens, is_byte, never_prepend, split_like},
    shape,
    template::{Piece, Template, TemplateError, probe},
};

/// Why a prompt cannot be tokenised; holds nothing that a person wrote.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// See [`TemplateError`].
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The tokenizer failed.
    #[error("tokenizer: {0}")]
    Tokenizer(#[from] tokenizers::Error),
    /// The description of the tokenizer is not what it should be.
    #[error("tokenizer: {0}")]
    Json(#[from] serde_json::Error),
    /// Plain text became a special token, which must not be.
    #[error("tokenizer: plain text was encoded as a special token")]
    SpecialInText,
}

/// A special token and how it treats the spaces around it.
#[derive(Debug, Clone)]
struct SpecialToken {
    id: u32,
    content: String,
    strips_left: bool,
    strips_right: bool,
}

/// Renders and tokenises conversations.
pub struct PromptEncoder {
    template: Template,
    specials: Vec<SpecialToken>,
    control_ids: HashSet<u32>,
    /// Those that stand anywhere in a conversation but at its very beginning.
    turn_ids: HashSet<u32>,
    /// Encodes text at the beginning of the prompt.
    at_start: Tokenizer,
    /// Encodes text after a special token, where some tokenizers add no leading space.
    after_special: Option<Tokenizer>,
}

#[derive(Debug, PartialEq, Eq)]
enum Segment {
    Special(u32),
    Text(String),
}

impl PromptEncoder {
    /// `pre_tokenizer` is the name in a GGUF header, which says how text is split before encoding.
    ///
    /// # Errors
    /// The tokenizer cannot be taken apart and put together again.
    pub fn new(
        template: Template,
        tokenizer: &Tokenizer,
        pre_tokenizer: Option<&str>,
    ) -> Result<Self, EncodeError> {
        let mut specials: Vec<SpecialToken> = tokenizer
            .get_added_tokens_decoder()
            .into_iter()
            .filter(|(_, token)| token.special && !token.content.is_empty())
            .map(|(id, token)| SpecialToken {
                id,
                content: token.content,
                strips_left: token.lstrip,
                strips_right: token.rstrip,
            })
            .collect();
        // Longest first: the first match at a position is the longest.
        specials.sort_by_key(|token| std::cmp::Reverse(token.content.len()));
        let special_ids = specials.iter().map(|token| token.id).collect();
        // GGUF files of SentencePiece models count bytes and the unknown token as special, yet these
        // stand for text.
        let control_ids = specials
            .iter()
            .filter(|token| !is_byte(&token.content) && token.content != "<unk>")
            .map(|token| token.id)
            .collect();
        let mut description: Value = serde_json::from_str(&tokenizer.to_string(false)?)?;
        forget_special_tokens(&mut description, &special_ids);
        split_like(&mut description, pre_tokenizer);
        let at_start = Tokenizer::from_bytes(serde_json::to_vec(&description)?)?;
        let after_special = if never_prepend(&mut description["pre_tokenizer"]) {
            Some(Tokenizer::from_bytes(serde_json::to_vec(&description)?)?)
        } else {
            None
        };
        let mut encoder = Self {
            template,
            specials,
            control_ids,
            turn_ids: HashSet::new(),
            at_start,
            after_special,
        };
        let probe = encoder.encode(&[Role::User, Role::Assistant, Role::User].map(probe))?;
        encoder.turn_ids = probe.into_iter().skip(1).collect();
        Ok(encoder)
    }

    /// The special tokens that stand for no text.
    pub fn control_ids(&self) -> impl Iterator<Item = u32> + '_ {
        self.control_ids.iter().copied()
    }

    /// Whether conversations hold this token somewhere after their beginning.
    pub fn stands_in_turns(&self, id: u32) -> bool {
        self.turn_ids.contains(&id)
    }

    /// Tokenises a conversation and the beginning of the assistant's turn. The conversation is first
    /// brought into the shape that the template accepts: system messages become one, at the beginning or
    /// inside the first user turn, and consecutive turns of one speaker are joined.
    ///
    /// # Errors
    /// The template or the tokenizer refuses it.
    pub fn encode(&self, messages: &[Message]) -> Result<Vec<u32>, EncodeError> {
        let turns = shape::normalise(messages, self.template.has_system_role());
        let pieces = self.template.render(&turns)?;
        let mut ids = Vec::new();
        for (position, segment) in self.segments(&pieces).into_iter().enumerate() {
            match segment {
                Segment::Special(id) => ids.push(id),
                Segment::Text(text) => ids.extend(self.plain(&text, position == 0)?),
            }
        }
        Ok(ids)
    }

    /// Tokenises what the assistant says after a prompt of [`Self::encode`], without the end of its turn.
    ///
    /// # Errors
    /// The tokenizer refuses it.
    pub fn encode_reply(&self, text: &str) -> Result<Vec<u32>, EncodeError> {
        self.plain(text.trim(), false)
    }

    fn plain(&self, text: &str, is_start: bool) -> Result<Vec<u32>, EncodeError> {
        let tokenizer = match &self.after_special {
            Some(tokenizer) if !is_start => tokenizer,
            _ => &self.at_start,
        };
        let encoding = tokenizer.encode_fast(text, false)?;
        let ids = encoding.get_ids();
        if ids.iter().any(|id| self.control_ids.contains(id)) {
            return Err(EncodeError::SpecialInText);
        }
        Ok(ids.to_vec())
    }

    /// Special tokens of the template, and the plain texts between them.
    fn segments(&self, pieces: &[Piece<'_>]) -> Vec<Segment> {
        let mut segments = Vec::new();
        let mut text = String::new();
        let mut strip_next = false;
        for piece in pieces {
            match piece {
                Piece::Content(content) => {
                    text.push_str(content);
                    strip_next = false;
                }
                Piece::Template(template) => {
                    let mut rest = template.as_str();
                    while let Some((position, token)) = self.first_special(rest) {
                        push_stripped(&mut text, &rest[..position], &mut strip_next);
                        if token.strips_left {
                            text.truncate(text.trim_end().len());
                        }
                        flush(&mut text, &mut segments);
                        segments.push(Segment::Special(token.id));
                        strip_next = token.strips_right;
                        rest = &rest[position + token.content.len()..];
                    }
                    push_stripped(&mut text, rest, &mut strip_next);
                }
            }
        }
        flush(&mut text, &mut segments);
        segments
    }

    /// The first special token in a text of the template, the longest one at its position.
    fn first_special(&self, text: &str) -> Option<(usize, &SpecialToken)> {
        let mut first: Option<(usize, &SpecialToken)> = None;
        for token in &self.specials {
            if let Some(position) = text.find(&token.content)
                && first.is_none_or(|(best, _)| position < best)
            {
                first = Some((position, token));
            }
        }
        first
    }
}

fn push_stripped(text: &mut String, more: &str, strip: &mut bool) {
    let more = if *strip { more.trim_start() } else { more };
    if !more.is_empty() {
        *strip = false;
        text.push_str(more);
    }
}

fn flush(text: &mut String, segments: &mut Vec<Segment>) {
    if !text.is_empty() {
        segments.push(Segment::Text(std::mem::take(text)));
    }
}

#[cfg(test)]
mod tests;
