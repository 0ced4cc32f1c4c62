//! models/models.toml as types. Comes in: the file's text; goes out: checked entries, or one error that names the entry.
//!
//! Unknown keys are errors: a misspelt pin must not pass as no pin.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};

/// All entries, by name.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(crate) struct Manifest {
    entries: BTreeMap<String, Entry>,
}

/// How one model comes to be.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Entry {
    /// One GGUF file inside a wheel, re-quantised.
    PipGguf {
        licence: String,
        #[serde(default)]
        default: bool,
        revision: u32,
        /// Type of the new weights, as `trainer requantize --type` names it.
        requantize: String,
        /// File name of the result.
        output: String,
        wheel: Wheel,
        members: Vec<Member>,
    },
    /// A BERT encoder inside a wheel, converted to the DistilBERT layout with heads of ours.
    PipEncoder {
        licence: String,
        #[serde(default)]
        default: bool,
        revision: u32,
        /// Folder of the heads, relative to the checkout.
        heads: String,
        wheel: Wheel,
        members: Vec<Member>,
    },
    /// A chat model that inference-svc loads by itself.
    Hub {
        licence: String,
        /// Hub id of the base model.
        model: String,
        /// Hub id of a low-rank adapter.
        adapter: Option<String>,
        /// Quantisation in place while loading, for example `Q4K`.
        isq: Option<String>,
        /// A local folder or a merged GGUF file to load instead of the hub's.
        path: Option<String>,
    },
}

/// A package file: what pip is asked for, and what must arrive.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wheel {
    /// `NAME==VERSION`.
    pub(crate) requirement: String,
    /// File name of the wheel.
    pub(crate) file: String,
    /// Size of the wheel.
    pub(crate) bytes: u64,
    /// SHA-256 of the wheel, lower-case hex.
    pub(crate) sha256: String,
}

/// A file inside a wheel.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Member {
    /// Path inside the wheel.
    pub(crate) path: String,
    /// Size when unpacked.
    pub(crate) bytes: u64,
    /// SHA-256 when unpacked, lower-case hex.
    pub(crate) sha256: String,
}

impl Entry {
    /// Whether the entry is prepared without being named.
    pub(crate) fn is_default(&self) -> bool {
        match self {
            Self::PipGguf { default, .. } | Self::PipEncoder { default, .. } => *default,
            Self::Hub { .. } => false,
        }
    }

    /// What `models` prints about it.
    pub(crate) fn licence(&self) -> &str {
        match self {
            Self::PipGguf { licence, .. }
            | Self::PipEncoder { licence, .. }
            | Self::Hub { licence, .. } => licence,
        }
    }

    fn package(&self) -> Option<(&Wheel, &[Member])> {
        match self {
            Self::PipGguf { wheel, members, .. } | Self::PipEncoder { wheel, members, .. } => {
                Some((wheel, members))
            }
            Self::Hub { .. } => None,
        }
    }
}

impl Manifest {
    /// Reads and checks the file.
    pub(crate) fn load(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("{} is not usable", path.display()))
    }

    /// Checks the text of the file.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let manifest: Self = toml::from_str(text)?;
        for (name, entry) in &manifest.entries {
            check(name, entry).with_context(|| format!("entry `{name}`"))?;
        }
        Ok(manifest)
    }

    /// The entry of this name.
    pub(crate) fn get(&self, name: &str) -> Option<&Entry> {
        self.entries.get(name)
    }

    /// The entry of this name, or an error that lists the names there are.
    pub(crate) fn require(&self, name: &str) -> Result<&Entry> {
        self.get(name).with_context(|| {
            format!(
                "models/models.toml has no `{name}`; it has {}",
                self.names().join(", ")
            )
        })
    }

    /// All names, sorted.
    pub(crate) fn names(&self) -> Vec<&str> {
        self.entries.keys().map(String::as_str).collect()
    }

    /// The names that are prepared without being asked for.
    pub(crate) fn default_names(&self) -> Vec<String> {
        self.entries
            .iter()
            .filter(|(_, entry)| entry.is_default())
            .map(|(name, _)| name.clone())
            .collect()
    }
}

fn check(name: &str, entry: &Entry) -> Result<()> {
    let plain = |text: &str| {
        !text.is_empty()
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
            && !text.starts_with('.')
    };
    ensure!(
        plain(name),
        "a name has letters, digits, `-`, `_` and `.` only"
    );
    let Some((wheel, members)) = entry.package() else {
        return Ok(());
    };
    ensure!(
        wheel.requirement.contains("=="),
        "`requirement` must pin a version (NAME==VERSION)"
    );
    ensure!(plain(&wheel.file), "`file` must be a plain file name");
    check_sha256(&wheel.sha256)?;
    ensure!(!members.is_empty(), "it names no member file");
    for member in members {
        ensure!(
            member.path.split('/').all(plain),
            "member `{}` is not a plain relative path",
            member.path
        );
        check_sha256(&member.sha256)?;
    }
    if let Entry::PipGguf { output, .. } = entry {
        ensure!(plain(output), "`output` must be a plain file name");
        ensure!(
            members.len() == 1,
            "a pip-gguf entry has exactly one member"
        );
    }
    Ok(())
}

fn check_sha256(text: &str) -> Result<()> {
    if text.len() != 64 || !text.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f')) {
        bail!("`{text}` is not a SHA-256 in lower-case hex");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Workspace;

    const ENTRY: &str = r#"
        [small]
        kind = "pip-gguf"
        licence = "MIT"
        revision = 1
        requantize = "q8_0"
        output = "small.gguf"
        wheel = { requirement = "small==1.0", file = "small.whl", bytes = 3, sha256 = "HASH" }
        members = [{ path = "small/model.gguf", bytes = 3, sha256 = "HASH" }]
    "#;

    fn entry() -> String {
        ENTRY.replace("HASH", &"a".repeat(64))
    }

    #[test]
    fn the_shipped_file_has_the_embedded_defaults_and_the_hub_entry() {
        let root = Workspace::locate().unwrap().root;
        let manifest = Manifest::load(&root.join("models/models.toml")).unwrap();
        assert_eq!(manifest.default_names(), ["minilm-distil", "smollm2-135m"]);
        assert!(matches!(
            manifest.require("mistral-7b-dpo").unwrap(),
            Entry::Hub { .. }
        ));
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_names_there_are() {
        let manifest = Manifest::parse(&entry()).unwrap();
        let error = manifest.require("large").unwrap_err().to_string();
        assert!(
            error.contains("`large`") && error.contains("small"),
            "{error}"
        );
    }

    #[test]
    fn broken_entries_are_refused_by_name() {
        let cases = [
            (entry().replace("small==1.0", "small"), "pin a version"),
            (entry().replace(&"a".repeat(64), "abc"), "not a SHA-256"),
            (
                entry().replace("small/model.gguf", "../model.gguf"),
                "plain relative path",
            ),
            (
                entry().replace("\"small.gguf\"", "\"a/b.gguf\""),
                "plain file name",
            ),
            (
                entry().replace("revision = 1", "revision = 1\nshasum = 2"),
                "shasum",
            ),
            (
                entry().replace("pip-gguf", "carrier-pigeon"),
                "carrier-pigeon",
            ),
        ];
        for (text, expected) in cases {
            let error = format!("{:#}", Manifest::parse(&text).unwrap_err());
            assert!(error.contains(expected), "{expected}: {error}");
        }
    }
}
