//! One head of the served model on labelled cases from anywhere: a report for people, one line of JSON for
//! programs, and one line a case on request.

use std::{
    collections::BTreeMap,
    io::Write,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde::{Deserialize, Serialize};

use super::{
    report::Report,
    subject::{Subject, SubjectOptions},
};
use crate::{files, preference::examples::read_lines, progress};

/// What to evaluate.
#[derive(Debug, Clone, Args)]
pub struct HeadOptions {
    /// The model that sorts.
    #[command(flatten)]
    pub subject: SubjectOptions,
    /// Folder with classify-HEAD.md, for a chat model.
    #[arg(long, default_value = "content/prompts")]
    pub prompts: PathBuf,
    /// The head, for example topic.
    #[arg(long)]
    pub head: String,
    /// JSON lines: id, text, label, and source if there is one.
    #[arg(long)]
    pub cases: PathBuf,
    /// File for one line a case: id, label, predicted, scores.
    #[arg(long)]
    pub out: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Case {
    id: serde_json::Value,
    text: String,
    label: String,
    source: Option<String>,
}

#[derive(Serialize)]
struct CaseResult<'a> {
    id: &'a serde_json::Value,
    label: &'a str,
    predicted: &'a str,
    scores: BTreeMap<&'a str, f32>,
}

#[derive(Serialize)]
struct Summary<'a> {
    task: &'a str,
    n: usize,
    accuracy: f32,
    macro_f1: f32,
    per_label: BTreeMap<&'a str, LabelSummary>,
    by_source: BTreeMap<&'a str, SourceSummary>,
    ms_p50: f64,
}

#[derive(Serialize)]
struct LabelSummary {
    precision: f32,
    recall: f32,
    f1: f32,
    support: usize,
}

#[derive(Serialize)]
struct SourceSummary {
    n: usize,
    accuracy: f32,
    macro_f1: f32,
}

/// What was found for one case.
struct Found {
    class: usize,
    predicted: usize,
    scores: Vec<f32>,
    took: Duration,
}

/// Evaluates, prints and, on request, writes.
///
/// # Errors
/// The folder does not load or has no such head; a case is broken or has an unknown label.
pub fn evaluate(options: &HeadOptions, out: &mut impl Write) -> Result<()> {
    let subject = Subject::open(&options.subject, &options.head, &options.prompts)?;
    let labels = subject.labels();
    let cases: Vec<Case> = read_lines(&options.cases)?;
    let mut found = Vec::with_capacity(cases.len());
    let bar = progress::bar(cases.len(), "classify");
    for (index, case) in cases.iter().enumerate() {
        let result = classify(&subject, case);
        found.push(
            result.with_context(|| format!("{}, line {}", options.cases.display(), index + 1))?,
        );
        bar.inc(1);
    }
    bar.finish_and_clear();
    if let Some(path) = &options.out {
        write_cases(path, labels, &cases, &found)?;
    }
    let report = report(labels, found.iter());
    writeln!(out, "{report}")?;
    let summary = summary(&options.head, labels, &cases, &found, &report);
    writeln!(out, "{}", serde_json::to_string(&summary)?)?;
    Ok(())
}

/// One text at a time, as it arrives in the service.
fn classify(subject: &Subject, case: &Case) -> Result<Found> {
    ensure!(!case.text.trim().is_empty(), "the text is empty");
    let labels = subject.labels();
    let wanted = case.label.trim().to_lowercase().replace([' ', '-'], "_");
    let class = labels.iter().position(|label| *label == wanted);
    let class = class.with_context(|| {
        format!(
            "the label {:?} is none of {}",
            case.label,
            labels.join(", ")
        )
    })?;
    let (scores, took) = subject.scores(&case.text)?;
    Ok(Found {
        class,
        predicted: crate::classifier::calibration::argmax(&scores),
        scores,
        took,
    })
}

fn report<'a>(labels: &[String], found: impl Iterator<Item = &'a Found>) -> Report {
    let (classes, predicted): (Vec<usize>, Vec<usize>) =
        found.map(|found| (found.class, found.predicted)).unzip();
    Report::new(labels, &classes, &predicted)
}

fn summary<'a>(
    task: &'a str,
    labels: &'a [String],
    cases: &'a [Case],
    found: &[Found],
    report: &'a Report,
) -> Summary<'a> {
    let mut sources: BTreeMap<&str, Vec<&Found>> = BTreeMap::new();
    for (case, found) in cases.iter().zip(found) {
        let source = case.source.as_deref().unwrap_or("none");
        sources.entry(source).or_default().push(found);
    }
    let by_source = sources.into_iter().map(|(source, found)| {
        let report = self::report(labels, found.iter().copied());
        let figures = SourceSummary {
            n: found.len(),
            accuracy: report.accuracy,
            macro_f1: report.macro_f1,
        };
        (source, figures)
    });
    let per_label = report.labels.iter().map(|figures| {
        let label = LabelSummary {
            precision: figures.precision,
            recall: figures.recall,
            f1: figures.f1,
            support: figures.support,
        };
        (figures.label.as_str(), label)
    });
    let mut times: Vec<Duration> = found.iter().map(|found| found.took).collect();
    times.sort_unstable();
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    Summary {
        task,
        n: cases.len(),
        accuracy: report.accuracy,
        macro_f1: report.macro_f1,
        per_label: per_label.collect(),
        by_source: by_source.collect(),
        ms_p50: median.as_secs_f64() * 1e3,
    }
}

fn write_cases(path: &Path, labels: &[String], cases: &[Case], found: &[Found]) -> Result<()> {
    files::write_atomically(path, |writer| {
        for (case, found) in cases.iter().zip(found) {
            let result = CaseResult {
                id: &case.id,
                label: &labels[found.class],
                predicted: &labels[found.predicted],
                scores: labels
                    .iter()
                    .map(String::as_str)
                    .zip(found.scores.iter().copied())
                    .collect(),
            };
            serde_json::to_writer(&mut *writer, &result)?;
            writer.write_all(b"\n")?;
        }
        Ok(())
    })
}
