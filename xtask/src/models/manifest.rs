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
    /// Another entry's GGUF file with an adapter of ours added.
    Adapted {
        licence: String,
        #[serde(default)]
        default: bool,
        revision: u32,
        /// Name of the other entry.
        base: String,
        /// Folder of the adapter, relative to the checkout.
        adapter: String,
        /// Type of the new weights, as `trainer merge --type` names it.
        quantize: String,
        /// File name of the result.
        output: String,
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
            Self::PipGguf { default, .. }
            | Self::Adapted { default, .. }
            | Self::PipEncoder { default, .. } => *default,
            Self::Hub { .. } => false,
        }
    }

    /// What `models` prints about it.
    pub(crate) fn licence(&self) -> &str {
        match self {
            Self::PipGguf { licence, .. }
            | Self::Adapted { licence, .. }
            | Self::PipEncoder { licence, .. }
            | Self::Hub { licence, .. } => licence,
        }
    }

    fn package(&self) -> Option<(&Wheel, &[Member])> {
        match self {
            Self::PipGguf { wheel, members, .. } | Self::PipEncoder { wheel, members, .. } => {
                Some((wheel, members))
            }
            Self::Adapted { .. } | Self::Hub { .. } => None,
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
            check(name, entry)
                .and_then(|()| manifest.check_base(entry))
                .with_context(|| format!("entry `{name}`"))?;
        }
        Ok(manifest)
    }

    fn check_base(&self, entry: &Entry) -> Result<()> {
        if let Entry::Adapted { base, .. } = entry {
            ensure!(
                matches!(self.get(base), Some(Entry::PipGguf { .. })),
                "`base` must name a pip-gguf entry, and `{base}` is none"
            );
        }
        Ok(())
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
    if let Entry::Adapted { output, .. } = entry {
        ensure!(plain(output), "`output` must be a plain file name");
    }
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
mod tests;
