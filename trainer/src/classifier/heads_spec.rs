//! Which heads there are and what their labels are: data, so that a new head needs no code.

use std::{fs, io::ErrorKind, path::Path};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

/// The heads to train.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadsSpec {
    /// In the order in which they are written.
    pub heads: Vec<HeadSpec>,
}

/// One head.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadSpec {
    /// The key of the label in a data line.
    pub name: String,
    /// In the order of the classes.
    pub labels: Vec<String>,
}

/// The heads of the product, used when the data folder has no heads.toml.
const DEFAULT: [(&str, &[&str]); 5] = [
    (
        "topic",
        &[
            "cyberbullying",
            "social_media_addiction",
            "social_isolation",
            "other",
        ],
    ),
    ("severity", &["mild", "moderate", "severe"]),
    ("risk", &["none", "distress", "crisis"]),
    ("intent", &["benign", "harmful_request", "manipulation"]),
    ("mood", &["negative", "mixed", "positive"]),
];

impl Default for HeadsSpec {
    fn default() -> Self {
        let heads = DEFAULT.iter().map(|(name, labels)| HeadSpec {
            name: (*name).to_owned(),
            labels: labels.iter().map(|label| (*label).to_owned()).collect(),
        });
        Self {
            heads: heads.collect(),
        }
    }
}

impl HeadsSpec {
    /// Reads heads.toml of the data folder; the default when there is none.
    ///
    /// # Errors
    /// The file cannot be read or is no list of heads.
    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join("heads.toml");
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", path.display()));
            }
        };
        let spec: Self = toml::from_str(&text)
            .with_context(|| format!("{} is not a list of heads", path.display()))?;
        for (index, head) in spec.heads.iter().enumerate() {
            let name = &head.name;
            ensure!(
                head.labels.len() >= 2,
                "head {name} has fewer than 2 labels"
            );
            ensure!(
                spec.heads[..index].iter().all(|other| other.name != *name),
                "head {name} is there twice"
            );
        }
        Ok(spec)
    }
}

impl HeadSpec {
    /// The class number of a label.
    #[must_use]
    pub fn class(&self, label: &str) -> Option<usize> {
        self.labels.iter().position(|known| known == label)
    }
}
