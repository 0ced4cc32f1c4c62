//! What counts as a message: some words, not too many. What a person typed stays as it was typed.

/// Longest message in characters.
pub const MAXIMUM_CHARS: usize = 4000;

/// Why a message cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// Nothing to read in it.
    #[error("the message is empty")]
    Empty,
    /// Longer than [`MAXIMUM_CHARS`].
    #[error("the message is longer than 4,000 characters")]
    TooLong,
}

/// A message that must say something.
///
/// # Errors
/// It is empty or too long.
pub fn required(text: &str) -> Result<String, MessageError> {
    optional(text)?.ok_or(MessageError::Empty)
}

/// A text that may be left out. NUL bytes are removed, because no database keeps them.
///
/// # Errors
/// It is too long.
pub fn optional(text: &str) -> Result<Option<String>, MessageError> {
    if text.chars().count() > MAXIMUM_CHARS {
        return Err(MessageError::TooLong);
    }
    let text: String = text.chars().filter(|c| *c != '\0').collect();
    let text = text.trim();
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emptiness_and_length_are_refused_and_nul_bytes_fall_out() {
        assert_eq!(required(" \u{0}\n"), Err(MessageError::Empty));
        assert_eq!(required(&"😀".repeat(4001)), Err(MessageError::TooLong));
        assert_eq!(
            required(&"😀".repeat(4000)).map(|text| text.chars().count()),
            Ok(4000)
        );
        assert_eq!(required(" a\u{0}b "), Ok("ab".to_owned()));
    }
}
