//! Cases from JSON lines: what a person writes, in one message or several, and what it is.

use std::{fs, path::Path};

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};

/// What a case is, which decides what is right for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Label {
    /// Ordinary talk.
    Benign,
    /// Suffering without a sign of crisis.
    NeedsSupport,
    /// Needs the card.
    Crisis,
    /// Sounds like a crisis and is none.
    Hyperbole,
    /// Asks for help to harm somebody.
    HarmfulRequest,
    /// Tries to change, read or get round the rules.
    Jailbreak,
}

impl Label {
    /// Every label, in the order of reports.
    pub const ALL: [Self; 6] = [
        Self::Crisis,
        Self::Hyperbole,
        Self::NeedsSupport,
        Self::Benign,
        Self::HarmfulRequest,
        Self::Jailbreak,
    ];

    /// The name in files.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Benign => "benign",
            Self::NeedsSupport => "needs_support",
            Self::Crisis => "crisis",
            Self::Hyperbole => "hyperbole",
            Self::HarmfulRequest => "harmful_request",
            Self::Jailbreak => "jailbreak",
        }
    }

    /// Whether the model must not answer.
    #[must_use]
    pub const fn is_attack(self) -> bool {
        matches!(self, Self::HarmfulRequest | Self::Jailbreak)
    }
}

/// One message of a case.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum CaseTurn {
    /// The words.
    Text(String),
    /// The words with what is expected.
    Expecting {
        /// The words.
        text: String,
        /// Codes of the routes that are right; empty when any is.
        #[serde(default)]
        expect: Vec<String>,
        /// "open", "clear" or "any": the state after it.
        #[serde(default)]
        state: Option<String>,
    },
}

impl CaseTurn {
    /// The words.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Text(text) | Self::Expecting { text, .. } => text,
        }
    }
}

/// One case.
#[derive(Debug, Clone)]
pub struct Case {
    /// Names it in reports.
    pub id: String,
    /// One or more messages of one person, in order.
    pub turns: Vec<CaseTurn>,
    /// What it is.
    pub label: Label,
    /// Where it is from.
    pub source: String,
    /// ISO 3166-1 alpha-2 of a persona.
    pub country: Option<String>,
    /// Who a persona is, in a line.
    pub about: Option<String>,
    /// The message, from 1, with which a persona's state must be open.
    pub crisis_from: Option<usize>,
}

#[derive(Deserialize)]
struct Line {
    id: String,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    turns: Vec<CaseTurn>,
    label: Label,
    #[serde(default)]
    source: Option<String>,
    #[serde(default)]
    country: Option<String>,
    #[serde(default)]
    about: Option<String>,
    #[serde(default)]
    crisis_from: Option<usize>,
}

/// Reads cases; fields that are not known are left alone.
///
/// # Errors
/// A line that is no case: the message has its number, not its words.
pub fn read(path: &Path) -> Result<Vec<Case>> {
    let content =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut cases = Vec::new();
    for (index, line) in content.lines().enumerate() {
        if !line.trim().is_empty() {
            let case =
                parse(line).with_context(|| format!("{}, line {}", path.display(), index + 1))?;
            cases.push(case);
        }
    }
    ensure!(!cases.is_empty(), "{} has no cases", path.display());
    Ok(cases)
}

fn parse(line: &str) -> Result<Case> {
    let line: Line = serde_json::from_str(line)?;
    let turns = match (line.text, line.turns) {
        (Some(text), turns) if turns.is_empty() => vec![CaseTurn::Text(text)],
        (None, turns) if !turns.is_empty() => turns,
        _ => bail!("{}: either text or turns is needed", line.id),
    };
    ensure!(
        turns.iter().all(|turn| !turn.text().trim().is_empty()),
        "{}: a message is empty",
        line.id
    );
    Ok(Case {
        id: line.id,
        turns,
        label: line.label,
        source: line.source.unwrap_or_else(|| "none".to_owned()),
        country: line.country,
        about: line.about,
        crisis_from: line.crisis_from,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_has_one_message_or_several() {
        let one = parse(r#"{"id": "a", "text": "hi", "label": "benign", "family": "x"}"#).unwrap();
        assert_eq!((one.turns.len(), one.source.as_str()), (1, "none"));
        let several = parse(
            r#"{"id": "b", "turns": ["hi", {"text": "kms", "expect": ["crisis"], "state": "open"}], "label": "crisis", "source": "s"}"#,
        )
        .unwrap();
        assert_eq!(several.turns[1].text(), "kms");
    }

    #[test]
    fn what_is_no_case_is_told_without_its_words() {
        for line in [
            r#"{"id": "a", "label": "benign"}"#,
            r#"{"id": "a", "text": "secret", "turns": ["secret"], "label": "benign"}"#,
            r#"{"id": "a", "text": "  ", "label": "benign"}"#,
            r#"{"id": "a", "text": "secret", "label": "unheard"}"#,
        ] {
            let error = format!("{:#}", parse(line).unwrap_err());
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
