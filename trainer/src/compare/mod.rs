//! Answers of several models side by side. In: one file of answers for each model. Out: a table, one line of JSON,
//! and an HTML page on which every answer stands with its verdicts.

mod page;
pub mod rules;

use std::{collections::BTreeMap, io::Write, path::PathBuf};

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde::Serialize;

use self::rules::{Rules, Score};
use crate::{files, preference::examples::read_lines, served::answer::Answer};

/// Name of the page inside the output folder.
pub const REPORT: &str = "report.html";

/// What to compare.
#[derive(Debug, Clone, Args)]
pub struct CompareOptions {
    /// NAME=FILE for each model, the one to beat first: what `trainer answer` wrote.
    #[arg(long, required = true, num_args = 2.., value_parser = named_file)]
    answers: Vec<(String, PathBuf)>,
    /// Phrases that no answer may hold.
    #[arg(long, default_value = "content/safety/output.toml")]
    rules: PathBuf,
    /// Folder to write.
    #[arg(long)]
    out: PathBuf,
}

fn named_file(text: &str) -> Result<(String, PathBuf), String> {
    let (name, file) = text.split_once('=').ok_or("expected NAME=FILE")?;
    Ok((name.to_owned(), file.into()))
}

/// One model with its scored answers, in the order of the first model's prompts.
struct Contestant {
    name: String,
    answers: Vec<Answer>,
    scores: Vec<Score>,
}

#[derive(Serialize)]
struct Summary<'a> {
    task: &'static str,
    n: usize,
    models: BTreeMap<&'a str, Figures>,
}

/// The figures of one model.
#[derive(Debug, Clone, Serialize)]
struct Figures {
    /// Rules kept, as a share of all.
    score: f64,
    /// Answers that break a gate.
    gate_failures: usize,
    /// Prompts on which it scores higher than the first model.
    wins: f64,
    /// Prompts on which both score the same.
    ties: f64,
    /// Share of answers that keep each rule.
    rules: BTreeMap<String, f64>,
    mean_words: f64,
}

/// Scores and writes.
///
/// # Errors
/// The files do not answer the same prompts, or the disk refuses.
pub fn compare(options: &CompareOptions, out: &mut impl Write) -> Result<()> {
    let contestants = read(options)?;
    let first = contestants.first().context("there is no model")?;
    let figures: Vec<Figures> = contestants
        .iter()
        .map(|other| figures(first, other))
        .collect();
    writeln!(
        out,
        "{:<10} {:>6} {:>6} {:>6} {:>14} {:>6}",
        "model", "score", "wins", "ties", "gate failures", "words"
    )?;
    for (contestant, figures) in contestants.iter().zip(&figures) {
        writeln!(
            out,
            "{:<10} {:>6.3} {:>6.3} {:>6.3} {:>14} {:>6.1}",
            contestant.name,
            figures.score,
            figures.wins,
            figures.ties,
            figures.gate_failures,
            figures.mean_words
        )?;
    }
    let page = page::render(&contestants, &figures);
    files::write_atomically(&options.out.join(REPORT), |out| {
        Ok(out.write_all(page.as_bytes())?)
    })?;
    let summary = Summary {
        task: "compare",
        n: first.answers.len(),
        models: contestants
            .iter()
            .map(|one| one.name.as_str())
            .zip(figures.iter().cloned())
            .collect(),
    };
    writeln!(out, "{}", serde_json::to_string(&summary)?)?;
    Ok(())
}

fn read(options: &CompareOptions) -> Result<Vec<Contestant>> {
    let rules = Rules::read(&options.rules)?;
    let mut contestants: Vec<Contestant> = Vec::new();
    for (name, file) in &options.answers {
        let answers: Vec<Answer> = read_lines(file)?;
        ensure!(!answers.is_empty(), "{} has no answer", file.display());
        if let Some(first) = contestants.first() {
            let same = first
                .answers
                .iter()
                .map(|a| &a.id)
                .eq(answers.iter().map(|a| &a.id));
            ensure!(
                same,
                "{} does not answer the same prompts in the same order",
                file.display()
            );
        }
        let scores = answers
            .iter()
            .map(|answer| rules.score(&answer.prompt, &answer.answer));
        contestants.push(Contestant {
            name: name.clone(),
            scores: scores.collect(),
            answers,
        });
    }
    Ok(contestants)
}

fn figures(first: &Contestant, model: &Contestant) -> Figures {
    let count = model.scores.len().max(1) as f64;
    let share = |matching: usize| matching as f64 / count;
    let pairs = || model.scores.iter().zip(&first.scores);
    let mut rules: BTreeMap<String, usize> = BTreeMap::new();
    for verdict in model.scores.iter().flat_map(|score| &score.points) {
        *rules.entry(verdict.rule.clone()).or_default() += usize::from(verdict.kept);
    }
    let most: usize = model.scores.iter().map(|score| score.points.len()).sum();
    let kept: usize = model.scores.iter().map(Score::total).sum();
    let words: usize = model
        .answers
        .iter()
        .map(|answer| crate::data::steps::word_count(&answer.answer))
        .sum();
    Figures {
        score: kept as f64 / most.max(1) as f64,
        gate_failures: model
            .scores
            .iter()
            .filter(|score| !score.broken_gates.is_empty())
            .count(),
        wins: share(
            pairs()
                .filter(|(own, other)| own.total() > other.total())
                .count(),
        ),
        ties: share(
            pairs()
                .filter(|(own, other)| own.total() == other.total())
                .count(),
        ),
        rules: rules
            .into_iter()
            .map(|(rule, kept)| (rule, share(kept)))
            .collect(),
        mean_words: words as f64 / count,
    }
}
