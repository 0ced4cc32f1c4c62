//! From raw pairs to the files that training and analysis read. Two passes over the rows: the first decides
//! which rows stay and into which part they go, the second writes them. What is kept in memory between the two is
//! about five kilobytes a row, most of it the signatures by which near-duplicates are found; the example
//! `prepare_rows` measures it.

use std::{
    collections::{BTreeMap, HashSet},
    path::PathBuf,
};

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{
    near_duplicates::NearDuplicates,
    raw::{RawRow, RawRows, describe},
    split::{Part, Stratum, assign},
    steps,
    write::{Sentiment, Writers, write_manifest},
};
use crate::progress;

/// Settings of the preprocessing.
#[derive(Debug, Clone, Args)]
pub struct PrepareOptions {
    /// Raw files: JSON lines with prompt, chat_response, rejected_response, category, severity.
    #[arg(long, required = true, num_args = 1..)]
    pub from: Vec<PathBuf>,
    /// Raw files whose rows are all held out for the test: what one author wrote, for example. They may be
    /// among --from as well.
    #[arg(long, num_args = 1..)]
    pub test: Vec<PathBuf>,
    /// Folder to write to.
    #[arg(long)]
    pub out: PathBuf,
    /// Part of the other rows that is held out for validation.
    #[arg(long, default_value_t = 0.1)]
    pub validation: f64,
    /// Rows as similar as this (Jaccard similarity of three-word runs) count as one.
    #[arg(long, default_value_t = 0.6)]
    pub similarity: f64,
    /// Model folder with a mood head; adds the mood of each prompt.
    #[arg(long)]
    pub classifier: Option<PathBuf>,
    /// Seed of the split.
    #[arg(long, default_value_t = 17)]
    pub seed: u64,
}

/// A row that stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// File name and line.
    pub id: String,
    /// What the person wrote.
    pub prompt: String,
    /// The better reply.
    pub chosen: String,
    /// The worse reply.
    pub rejected: String,
    /// Theme in its one spelling.
    pub category: &'static str,
    /// Severity in its one spelling.
    pub severity: &'static str,
}

/// How many rows each step took out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Removed {
    /// A field was missing or empty.
    pub missing: usize,
    /// The category is none of the themes.
    pub irrelevant: usize,
    /// Prompt, chosen and rejected were there before.
    pub duplicates: usize,
    /// Nearly the same as a row before.
    pub near_duplicates: usize,
}

/// The decision of the first pass for one row.
type Fate = Option<Part>;

/// Missing values, categories, quotes: what can be said about a row alone.
///
/// # Errors
/// The severity is unknown.
fn standardised(row: &RawRow, id: &str, removed: &mut Removed) -> Result<Option<Row>> {
    let fields = [
        &row.prompt,
        &row.chat_response,
        &row.rejected_response,
        &row.category,
        &row.severity,
    ];
    let [
        Some(prompt),
        Some(chosen),
        Some(rejected),
        Some(category),
        Some(severity),
    ] = fields.map(|field| steps::present(field.as_deref()))
    else {
        removed.missing += 1;
        return Ok(None);
    };
    let Some(category) = steps::standard_category(category) else {
        removed.irrelevant += 1;
        return Ok(None);
    };
    let row = Row {
        id: id.to_owned(),
        prompt: steps::without_quotes(prompt).to_owned(),
        chosen: steps::without_quotes(chosen).to_owned(),
        rejected: steps::without_quotes(rejected).to_owned(),
        category,
        severity: steps::standard_severity(severity)?,
    };
    if row.prompt.is_empty() || row.chosen.is_empty() || row.rejected.is_empty() {
        removed.missing += 1;
        return Ok(None);
    }
    Ok(Some(row))
}

fn exact_hash(row: &Row) -> [u8; 16] {
    let mut hash = Sha256::new();
    for text in [&row.prompt, &row.chosen, &row.rejected] {
        hash.update(text.as_bytes());
        hash.update([0]);
    }
    let digest = hash.finalize();
    let mut short = [0; 16];
    short.copy_from_slice(&digest[..16]);
    short
}

/// Reads, cleans, splits and writes; the report says what happened.
///
/// # Errors
/// A line that cannot be used, named with its file; no row at all; a disk that refuses.
pub fn prepare(options: &PrepareOptions, report: &mut impl std::io::Write) -> Result<()> {
    ensure!(
        (0.0..1.0).contains(&options.validation),
        "--validation must be at least 0 and below 1"
    );
    let (files, training_files) = in_order(options);
    let (fates, removed) = decide(options, &files, training_files)?;
    let sentiment = options.classifier.as_deref().map(Sentiment::load);
    let mut writers = Writers::create(&options.out, sentiment.transpose()?)?;
    let mut ignored = Removed::default();
    let bar = progress::bar(fates.len(), "write");
    for (found, fate) in RawRows::new(&files).zip(fates) {
        let (place, raw) = found?;
        bar.inc(1);
        let id = row_id(&files[place.file], place.line);
        if let Some(part) = fate
            && let Some(row) = standardised(&raw, &id, &mut ignored)?
        {
            writers.add(part, row)?;
        }
    }
    bar.finish_and_clear();
    let parts = writers.finish()?;
    for (part, written) in &parts {
        writeln!(
            report,
            "{part:<11} {:>7} rows  {:?}",
            written.rows, written.strata
        )?;
    }
    writeln!(report, "left out    {removed:?}")?;
    write_manifest(options, &files, removed, &parts)
}

/// The files for training and validation, then those for the test, and the number of the first ones.
fn in_order(options: &PrepareOptions) -> (Vec<PathBuf>, usize) {
    let same = |one: &PathBuf, other: &PathBuf| {
        let canonical = |path: &PathBuf| path.canonicalize().unwrap_or_else(|_| path.clone());
        canonical(one) == canonical(other)
    };
    let is_test = |path: &PathBuf| options.test.iter().any(|test| same(path, test));
    let training = options.from.iter().filter(|path| !is_test(path));
    let mut files: Vec<PathBuf> = training.cloned().collect();
    let count = files.len();
    files.extend(options.test.iter().cloned());
    (files, count)
}

fn row_id(path: &std::path::Path, line: usize) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    format!("{stem}-{line:03}")
}

/// The first pass.
fn decide(
    options: &PrepareOptions,
    files: &[PathBuf],
    training_files: usize,
) -> Result<(Vec<Fate>, Removed)> {
    let mut removed = Removed::default();
    let mut seen = HashSet::new();
    let mut whole = NearDuplicates::new(options.similarity);
    let mut prompts = NearDuplicates::new(options.similarity);
    let mut kept: Vec<Option<(usize, Stratum, bool)>> = Vec::new();
    let mut strata: BTreeMap<Stratum, usize> = BTreeMap::new();
    let (mut staying, mut compared) = (0_usize, 0_usize);
    let bar = progress::bar(0, "read");
    for found in RawRows::new(files) {
        let (place, raw) = found?;
        bar.inc(1);
        let where_ = || describe(&files[place.file], place.line);
        kept.push(None);
        let id = row_id(&files[place.file], place.line);
        let Some(row) = standardised(&raw, &id, &mut removed).with_context(where_)? else {
            continue;
        };
        if !seen.insert(exact_hash(&row)) {
            removed.duplicates += 1;
            continue;
        }
        let text = format!("{} {} {}", row.prompt, row.chosen, row.rejected);
        let number = compared;
        compared += 1;
        if whole.add(&steps::cleaned_for_analysis(&text)) != number {
            removed.near_duplicates += 1;
            continue;
        }
        prompts.add(&steps::cleaned_for_analysis(&row.prompt));
        let stratum = (row.category, row.severity);
        *strata.entry(stratum).or_default() += 1;
        let is_test = place.file >= training_files;
        if let Some(entry) = kept.last_mut() {
            *entry = Some((staying, stratum, is_test));
        }
        staying += 1;
    }
    bar.finish_and_clear();
    ensure!(staying > 0, "no row is left after preprocessing");
    let rows: Vec<(usize, Stratum, bool)> = kept
        .iter()
        .flatten()
        .map(|(number, stratum, is_test)| (prompts.group(*number), *stratum, *is_test))
        .collect();
    let parts = assign(&rows, options.validation, options.seed);
    let mut parts = parts.into_iter();
    let fates = kept
        .iter()
        .map(|row| row.as_ref().and_then(|_| parts.next()));
    Ok((fates.collect(), removed))
}
