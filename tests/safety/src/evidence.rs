//! What a measurement was made of: hashes of everything that decides what a person sees. Comes in: the checkout;
//! goes out: a file that says which rules, prompts and models the figures belong to. A changed hash means that
//! the evaluation must be run again.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::report::{LabelFigures, Report};

/// Folders whose files decide, below the root of the checkout.
const FOLDERS: [&str; 5] = [
    "content/safety",
    "content/prompts",
    "models/bge-small-heads",
    "models/companion-135m/dpo",
    "tests/safety/suites",
];
/// Kinds of files that are read by a program.
const KINDS: [&str; 5] = ["toml", "md", "json", "jsonl", "safetensors"];
/// Cards describe a model and decide nothing.
const DESCRIPTIONS: [&str; 3] = ["README.md", "MODEL_CARD.md", "metrics.json"];

/// `evidence.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// File, below the root, to the SHA-256 of its bytes.
    pub hashes: BTreeMap<String, String>,
    /// Label to what was measured.
    pub figures: BTreeMap<String, MeasuredLabel>,
    /// The share of the messages of dialogues that went as expected.
    pub dialogue_messages: f64,
}

/// Figures of one label.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MeasuredLabel {
    /// Cases.
    pub n: usize,
    /// The share that is right.
    pub right: f64,
    /// The share with the most harmful mistake.
    pub wrong: f64,
}

impl From<&LabelFigures> for MeasuredLabel {
    fn from(figures: &LabelFigures) -> Self {
        let rounded = |share: f64| (share * 1e4).round() / 1e4;
        Self {
            n: figures.n,
            right: rounded(figures.recall),
            wrong: rounded(figures.error_rate),
        }
    }
}

impl Evidence {
    /// Of the checkout at `root`.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn new(root: &Path, report: &Report, dialogue_messages: f64) -> Result<Self> {
        let figures = report.labels.iter();
        Ok(Self {
            hashes: hashes(root)?,
            figures: figures
                .map(|(label, figures)| ((*label).to_owned(), figures.into()))
                .collect(),
            dialogue_messages: (dialogue_messages * 1e4).round() / 1e4,
        })
    }
}

/// Of everything that decides.
///
/// # Errors
/// A file cannot be read.
pub fn hashes(root: &Path) -> Result<BTreeMap<String, String>> {
    let mut hashes = BTreeMap::new();
    for folder in FOLDERS {
        for path in files(&root.join(folder))? {
            let bytes =
                fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            let mut digits = String::new();
            for byte in Sha256::digest(&bytes) {
                // Writing to a string cannot fail.
                let _ = write!(digits, "{byte:02x}");
            }
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            hashes.insert(format!("{folder}/{name}"), digits);
        }
    }
    Ok(hashes)
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let kind = path.extension().unwrap_or_default().to_string_lossy();
        if path.is_file()
            && KINDS.contains(&kind.as_ref())
            && !DESCRIPTIONS.contains(&name.as_ref())
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
