//! `prompts/*.md`: the system prompts, each with a hash that travels with every answer.

use std::{collections::BTreeMap, fmt::Write as _, path::Path};

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{ContentError, check::not_blank, read_text, read_toml};

/// Name inside the content folder.
const MANNER_FILE: &str = "prompts/manner.toml";
/// What [`Manner`] has sentences for, in the order of the alphabet.
const THEMES: [&str; 4] = [
    "cyberbullying",
    "other",
    "social_isolation",
    "social_media_addiction",
];
const SEVERITIES: [&str; 3] = ["mild", "moderate", "severe"];
const MOODS: [&str; 3] = ["mixed", "negative", "positive"];
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
    /// How an answer is given.
    pub manner: Manner,
}

/// `prompts/manner.toml`: one sentence for each theme, severity and mood.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manner {
    /// Changes with every review.
    pub version: String,
    theme: BTreeMap<String, String>,
    severity: BTreeMap<String, String>,
    mood: BTreeMap<String, String>,
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
            manner: Manner::read(folder)?,
        })
    }
}

impl Manner {
    fn read(folder: &Path) -> Result<Self, ContentError> {
        let manner: Self = read_toml(folder, MANNER_FILE)?;
        not_blank(MANNER_FILE, "version", &manner.version)?;
        for (name, wanted, sentences) in [
            ("theme", &THEMES[..], &manner.theme),
            ("severity", &SEVERITIES[..], &manner.severity),
            ("mood", &MOODS[..], &manner.mood),
        ] {
            let found: Vec<&str> = sentences.keys().map(String::as_str).collect();
            if found != wanted {
                let reason = format!("{name} must have exactly {}", wanted.join(", "));
                return Err(ContentError::invalid(MANNER_FILE, reason));
            }
            for sentence in sentences.values() {
                not_blank(MANNER_FILE, name, sentence)?;
            }
        }
        Ok(manner)
    }

    /// The frame for a combination, with the hash of its own. What is not known counts as `other`, `mild` and
    /// `mixed`.
    #[must_use]
    pub fn frame(
        &self,
        prompt: &Prompt,
        topic: &str,
        severity: &str,
        mood: Option<&str>,
    ) -> Prompt {
        let sentence = |sentences: &BTreeMap<String, String>, key: &str, usual: &str| {
            let found = sentences.get(key).or_else(|| sentences.get(usual));
            found.cloned().unwrap_or_default()
        };
        let text = [
            prompt.text.clone() + "\n\n" + &sentence(&self.theme, topic, "other"),
            sentence(&self.severity, severity, "mild"),
            sentence(&self.mood, mood.unwrap_or_default(), "mixed"),
        ]
        .join(" ");
        Prompt {
            hash: hash(&text),
            text,
        }
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
    use crate::domain::content::tests::real_folder;

    #[test]
    fn there_is_one_reviewed_frame_for_every_combination() {
        let prompts = Prompts::read(&real_folder()).unwrap();
        let mut frames = String::new();
        let mut hashes = std::collections::HashSet::new();
        for topic in THEMES {
            for severity in SEVERITIES {
                for mood in MOODS {
                    let frame =
                        prompts
                            .manner
                            .frame(&prompts.companion, topic, severity, Some(mood));
                    let own = frame.text.strip_prefix(&prompts.companion.text).unwrap();
                    frames += &format!("{topic} {severity} {mood}: {}\n", own.trim());
                    assert!(hashes.insert(frame.hash), "{topic} {severity} {mood}");
                }
            }
        }
        assert_eq!(hashes.len(), 36);
        insta::assert_snapshot!(frames);
    }

    #[test]
    fn what_is_not_known_gets_the_usual_manner() {
        let prompts = Prompts::read(&real_folder()).unwrap();
        let frame = |topic, severity, mood| {
            prompts
                .manner
                .frame(&prompts.support, topic, severity, mood)
        };
        assert_eq!(
            frame("unheard", "unheard", None),
            frame("other", "mild", Some("mixed"))
        );
    }

    #[test]
    fn the_hash_is_the_beginning_of_the_sha_256() {
        // The first bytes of the published test vector for "abc".
        assert_eq!(hash("abc"), "ba7816bf8f01");
    }
}
