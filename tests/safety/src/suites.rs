//! All suites of this folder, measured in one go: what the release gate and `cargo xtask eval guard` have in common.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, Result, ensure};
use gateway::{
    clients::{self, classifier::ClassifierClient},
    domain::{content::Content, ports::TextClassifier},
};

use crate::{
    cases::{self, Case},
    dialogues::Comparison,
    pipeline::{NoClassifier, Outcome, Pipeline},
    report::{Judged, Report},
};

/// Cases with what happened to them.
pub struct Measured {
    /// In the order of the files.
    pub cases: Vec<Case>,
    /// Of each case.
    pub outcomes: Vec<Outcome>,
}

impl Measured {
    /// Cases and outcomes side by side.
    #[must_use]
    pub fn judged(&self) -> Vec<Judged<'_>> {
        self.cases.iter().zip(&self.outcomes).collect()
    }

    /// The figures.
    #[must_use]
    pub fn report(&self) -> Report {
        Report::new(&self.judged())
    }

    /// What dialogues expected and what happened.
    #[must_use]
    pub fn dialogues(&self) -> Comparison {
        let mut comparison = Comparison::default();
        for (case, outcome) in self.judged() {
            comparison.add(case, outcome);
        }
        comparison
    }
}

/// Every file of the folder of suites.
///
/// # Errors
/// The folder cannot be read or is empty.
pub fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|kind| kind == "jsonl"))
        .collect();
    files.sort();
    ensure!(!files.is_empty(), "{} has no suites", folder.display());
    Ok(files)
}

/// Connects to a classifier service, or to none.
///
/// # Errors
/// The address is no URL, or nothing answers.
pub async fn classifier(url: Option<&str>) -> Result<Arc<dyn TextClassifier>> {
    let Some(url) = url else {
        return Ok(Arc::new(NoClassifier));
    };
    let channel = clients::channel(url).context("the address of the classifier must be a URL")?;
    let client = ClassifierClient::new(channel);
    ensure!(
        client.is_ready().await,
        "the classifier service does not answer"
    );
    Ok(Arc::new(client))
}

/// Reads the files and sends every case through the guard.
///
/// # Errors
/// A file has a line that is no case.
pub async fn measure(
    files: &[PathBuf],
    content: Arc<Content>,
    classifier: Arc<dyn TextClassifier>,
    mut progress: impl FnMut(usize, usize),
) -> Result<Measured> {
    let mut cases = Vec::new();
    for path in files {
        cases.extend(cases::read(path)?);
    }
    let pipeline = Pipeline::new(content, classifier);
    let mut outcomes = Vec::with_capacity(cases.len());
    for (number, case) in cases.iter().enumerate() {
        outcomes.push(pipeline.run(case).await);
        progress(number + 1, cases.len());
    }
    Ok(Measured { cases, outcomes })
}
