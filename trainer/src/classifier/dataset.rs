//! Labelled texts from JSON lines. What is in holdout.jsonl never reaches training, not even as a
//! copy in another file.

use std::{
    collections::{BTreeMap, HashSet},
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde::Deserialize;

use super::heads_spec::HeadsSpec;

/// The file that is only evaluated on.
pub const HOLDOUT: &str = "holdout.jsonl";

/// One labelled text.
#[derive(Debug, Clone, Default)]
pub struct Case {
    /// What was written.
    pub text: String,
    /// Head to class number; a head may be missing.
    pub classes: BTreeMap<String, usize>,
    /// The name of its file.
    pub file: String,
}

/// The texts of one or more files.
#[derive(Debug, Clone, Default)]
pub struct Dataset {
    /// In the order of the files and lines.
    pub cases: Vec<Case>,
    /// File name to the number of lines used.
    pub files: BTreeMap<String, usize>,
    /// Lines left out because their text was there before.
    pub duplicates: usize,
    /// Lines left out because their text is in the holdout.
    pub in_holdout: usize,
}

#[derive(Deserialize)]
struct Line {
    id: String,
    text: String,
    #[serde(flatten)]
    labels: BTreeMap<String, serde_json::Value>,
}

impl Dataset {
    /// All *.jsonl files of a folder but the holdout.
    ///
    /// # Errors
    /// A line that is no JSON or has an unknown label; no line at all.
    pub fn read_training(folder: &Path, spec: &HeadsSpec) -> Result<Self> {
        let mut dataset = Self::default();
        let holdout = folder.join(HOLDOUT);
        let mut held_out = HashSet::new();
        if holdout.exists() {
            for case in read_cases(&holdout, spec)? {
                held_out.insert(normalised(&case.text));
            }
        }
        let mut seen = HashSet::new();
        for path in training_files(folder)? {
            let before = dataset.cases.len();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            for mut case in read_cases(&path, spec)? {
                case.file = name.clone().into_owned();
                let text = normalised(&case.text);
                if held_out.contains(&text) {
                    dataset.in_holdout += 1;
                } else if seen.insert(text) {
                    dataset.cases.push(case);
                } else {
                    dataset.duplicates += 1;
                }
            }
            let used = dataset.cases.len() - before;
            dataset.files.insert(name.into_owned(), used);
        }
        ensure!(
            !dataset.cases.is_empty(),
            "{} has no *.jsonl file with lines to train on",
            folder.display()
        );
        Ok(dataset)
    }

    /// One file, every line.
    ///
    /// # Errors
    /// A line that is no JSON or has an unknown label.
    pub fn read_file(path: &Path, spec: &HeadsSpec) -> Result<Self> {
        Ok(Self {
            cases: read_cases(path, spec)?,
            ..Self::default()
        })
    }

    /// Index and class of the cases that have a label for a head.
    #[must_use]
    pub fn labelled(&self, head: &str) -> Vec<(usize, usize)> {
        let cases = self.cases.iter().enumerate();
        cases
            .filter_map(|(index, case)| Some((index, *case.classes.get(head)?)))
            .collect()
    }

    /// One line about what is used and what was left out.
    #[must_use]
    pub fn summary(&self) -> String {
        format!(
            "{} texts from {} files ({} duplicates and {} texts of the holdout left out)",
            self.cases.len(),
            self.files.len(),
            self.duplicates,
            self.in_holdout
        )
    }
}

fn training_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let is_lines = path
            .extension()
            .is_some_and(|extension| extension == "jsonl");
        if is_lines && path.file_name().is_some_and(|name| name != HOLDOUT) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Errors name the line's number and id, not its text.
fn read_cases(path: &Path, spec: &HeadsSpec) -> Result<Vec<Case>> {
    let content =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut cases = Vec::new();
    for (number, line) in content.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let place = || format!("{}, line {}", path.display(), number + 1);
        let line: Line = serde_json::from_str(line).with_context(place)?;
        cases.push(case(line, spec).with_context(place)?);
    }
    Ok(cases)
}

fn case(line: Line, spec: &HeadsSpec) -> Result<Case> {
    let id = &line.id;
    ensure!(!line.text.trim().is_empty(), "{id} has an empty text");
    let mut classes = BTreeMap::new();
    for head in &spec.heads {
        let label = match line.labels.get(&head.name) {
            None | Some(serde_json::Value::Null) => continue,
            Some(serde_json::Value::String(label)) => label,
            Some(_) => bail!("{id}: {} is not a string", head.name),
        };
        let class = head.class(label).ok_or_else(|| {
            let known = head.labels.join(", ");
            anyhow!("{id}: {} is {label:?}, not one of {known}", head.name)
        })?;
        classes.insert(head.name.clone(), class);
    }
    Ok(Case {
        text: line.text,
        classes,
        file: String::new(),
    })
}

/// Texts that differ in case, punctuation or spacing only are the same text.
fn normalised(text: &str) -> String {
    let words = text.split(|c: char| !c.is_alphanumeric());
    let words = words.filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}
