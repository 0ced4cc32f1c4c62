//! Text to token ids. The padding and truncation that a tokenizer.json may carry are replaced by
//! ours: no padding, and the model's own length limit, with a note when it was reached.

use std::path::Path;

use tokenizers::{Tokenizer, TruncationParams};

use crate::{error::EncoderError, weights::read_file};

/// One text as the model sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokens {
    /// Token ids, special tokens included.
    pub ids: Vec<u32>,
    /// Whether the end of the text did not fit.
    pub truncated: bool,
}

pub(crate) struct TextTokenizer(Tokenizer);

impl TextTokenizer {
    pub(crate) fn read(
        path: &Path,
        max_tokens: usize,
        vocab_size: usize,
    ) -> Result<Self, EncoderError> {
        let bytes = read_file(path)?;
        let invalid = |reason: String| EncoderError::InvalidTokenizer {
            path: path.to_owned(),
            reason,
        };
        let mut tokenizer =
            Tokenizer::from_bytes(&bytes).map_err(|error| invalid(error.to_string()))?;
        let ids = tokenizer.get_vocab_size(true);
        if ids > vocab_size {
            return Err(invalid(format!(
                "{ids} tokens, the model has embeddings for {vocab_size}"
            )));
        }
        tokenizer.with_padding(None);
        // "[SEP]" typed by a person is text, not structure.
        tokenizer.set_encode_special_tokens(true);
        tokenizer
            .with_truncation(Some(TruncationParams {
                max_length: max_tokens,
                ..TruncationParams::default()
            }))
            .map_err(|error| invalid(error.to_string()))?;
        Ok(Self(tokenizer))
    }

    pub(crate) fn encode(&self, text: &str) -> Result<Tokens, EncoderError> {
        // The cause is dropped: it may quote the text.
        let encoding = self
            .0
            .encode_fast(text, true)
            .map_err(|_| EncoderError::Tokenise)?;
        Ok(Tokens {
            ids: encoding.get_ids().to_vec(),
            truncated: !encoding.get_overflowing().is_empty(),
        })
    }
}
