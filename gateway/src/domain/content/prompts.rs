//! `prompts/*.md`: the system prompts, each with a hash that travels with every answer.

use std::{fmt::Write as _, path::Path};

use sha2::{Digest, Sha256};

use super::{ContentError, check::not_blank, read_text};

/// Bytes of a prompt's hash that are kept: 12 hexadecimal digits tell versions apart.
const HASH_BYTES: usize = 6;

/// The system prompts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompts {
    /// For everyday answers.
    pub companion: Prompt,
    /// For answers to someone in distress.
    pub support: Prompt,
    /// For the text that goes with an assessment.
    pub assessment: Prompt,
    /// Asks the model for the topic of a text.
    pub classify_topic: Prompt,
    /// Asks the model for the severity of a text.
    pub classify_severity: Prompt,
}

/// One system prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// May contain {name}, {topic} and {severity}.
    pub text: String,
    /// First 12 digits of the SHA-256 of the text, hexadecimal.
    pub hash: String,
}

impl Prompts {
    pub(super) fn read(folder: &Path) -> Result<Self, ContentError> {
        Ok(Self {
            companion: read(folder, "prompts/companion.md")?,
            support: read(folder, "prompts/support.md")?,
            assessment: read(folder, "prompts/assessment.md")?,
            classify_topic: read(folder, "prompts/classify-topic.md")?,
            classify_severity: read(folder, "prompts/classify-severity.md")?,
        })
    }
}

fn read(folder: &Path, name: &'static str) -> Result<Prompt, ContentError> {
    let text = read_text(folder, name)?.trim().to_owned();
    not_blank(name, "the prompt", &text)?;
    Ok(Prompt {
        hash: hash(&text),
        text,
    })
}

fn hash(text: &str) -> String {
    let mut digits = String::new();
    for byte in Sha256::digest(text.as_bytes()).iter().take(HASH_BYTES) {
        // Writing to a string cannot fail.
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_the_beginning_of_the_sha_256() {
        // The first bytes of the published test vector for "abc".
        assert_eq!(hash("abc"), "ba7816bf8f01");
    }
}
