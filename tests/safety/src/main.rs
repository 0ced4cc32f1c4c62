//! `guard-eval`: cases in, a table and one line of JSON out. `cargo xtask eval guard` starts it with what it needs.
#![allow(
    clippy::print_stdout,
    reason = "the report is what this program is for"
)]

use std::{
    fs::File,
    io::{BufWriter, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, Result, bail};
use clap::Parser;
use gateway::domain::{content::Content, ports::TextClassifier};
use guard_eval::{
    dialogues::Comparison,
    evidence::Evidence,
    gate::Thresholds,
    generate::Companion,
    personas,
    released::ReleasedRules,
    report::OutcomeLine,
    suites::{self, Measured},
};
use indicatif::{ProgressBar, ProgressStyle};

/// Sends cases through the input guard of the product and reports where they went.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// JSON lines: id, text or turns, label, source if there is one
    #[arg(long, num_args = 1.., required = true)]
    cases: Vec<PathBuf>,
    /// Root of the checkout: its content is used
    #[arg(long)]
    root: PathBuf,
    /// URL of a running classifier service; without it rules decide alone
    #[arg(long)]
    classifier: Option<String>,
    /// URL of a running inference service: the whole turn is made, and what was said is judged
    #[arg(long)]
    inference: Option<String>,
    /// File for one line a case: id, label, route, level, reasons, reply
    #[arg(long)]
    out: Option<PathBuf>,
    /// With --inference: file for a graded report (Markdown) on the dialogues among the cases
    #[arg(long)]
    report: Option<PathBuf>,
    /// Fail when a threshold of tests/safety/thresholds.toml is not kept, and write what was measured, with the
    /// hashes of what it was measured on, to tests/safety/evidence.json
    #[arg(long)]
    gate: bool,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let content = Arc::new(Content::load(&arguments.root.join("content"))?);
    let classifier = suites::classifier(arguments.classifier.as_deref()).await?;
    let bar = progress_bar()?;
    let mut measured = suites::measure(
        &arguments.cases,
        content.clone(),
        classifier.clone(),
        |done, all| show(&bar, done, all),
    )
    .await?;
    if let Some(url) = &arguments.inference {
        answer(&mut measured, content, classifier, url, &bar).await?;
    }
    bar.finish_and_clear();
    if let Some(path) = &arguments.out {
        write_lines(path, &measured)?;
    }
    let dialogues = measured.dialogues();
    print_dialogues(&dialogues);
    if arguments.inference.is_some() {
        print_released(&measured)?;
        if let Some(path) = &arguments.report {
            let rules = ReleasedRules::parse(include_str!("../released.toml"))?;
            let graded = personas::grade(&measured.judged(), &rules);
            std::fs::write(path, personas::markdown(&graded))
                .with_context(|| format!("cannot write {}", path.display()))?;
            println!("{}", personas::summary(&graded));
        }
    }
    let report = measured.report();
    if arguments.gate {
        gate(&arguments.root, &measured, &dialogues)?;
    }
    println!("{}", report.table());
    println!("{}", serde_json::to_string(&report)?);
    Ok(())
}

fn progress_bar() -> Result<ProgressBar> {
    let style =
        ProgressStyle::with_template("{bar:30} {pos}/{len} {eta}").context("progress bar")?;
    Ok(ProgressBar::new(0).with_style(style))
}

fn show(bar: &ProgressBar, done: usize, all: usize) {
    bar.set_length(u64::try_from(all).unwrap_or_default());
    bar.set_position(u64::try_from(done).unwrap_or_default());
}

/// Lets the product answer every case.
async fn answer(
    measured: &mut Measured,
    content: Arc<Content>,
    classifier: Arc<dyn TextClassifier>,
    url: &str,
    bar: &ProgressBar,
) -> Result<()> {
    let companion = Companion::connect(content, classifier, url).await?;
    let all = measured.cases.len();
    for (number, (case, outcome)) in measured
        .cases
        .iter()
        .zip(&mut measured.outcomes)
        .enumerate()
    {
        let reply = companion.answer(case).await;
        outcome.said = reply.with_context(|| case.id.clone())?;
        show(bar, number + 1, all);
    }
    Ok(())
}

fn write_lines(path: &Path, measured: &Measured) -> Result<()> {
    let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    let mut file = BufWriter::new(file);
    for judged in measured.judged() {
        serde_json::to_writer(&mut file, &OutcomeLine::new(&judged))?;
        writeln!(file)?;
    }
    file.flush()
        .with_context(|| format!("cannot write {}", path.display()))
}

fn print_dialogues(comparison: &Comparison) {
    if comparison.messages > 0 {
        for difference in &comparison.differences {
            println!("{difference}");
        }
        println!(
            "dialogues: {:.3} of {} messages went as expected\n",
            comparison.share(),
            comparison.messages
        );
    }
}

fn print_released(measured: &Measured) -> Result<()> {
    let rules = ReleasedRules::parse(include_str!("../released.toml"))?;
    let mut broken = 0;
    for (case, outcome) in measured.judged() {
        let codes = rules.broken(&outcome.released().unwrap_or_default());
        if !codes.is_empty() {
            println!("{}: released {}", case.id, codes.join(" "));
            broken += 1;
        }
    }
    println!(
        "released words: {broken} of {} cases with something unsafe\n",
        measured.cases.len()
    );
    Ok(())
}

fn gate(root: &Path, measured: &Measured, dialogues: &Comparison) -> Result<()> {
    let folder = root.join("tests/safety");
    let report = measured.report();
    let broken = Thresholds::read(&folder.join("thresholds.toml"))?.broken(&report, dialogues);
    let evidence = Evidence::new(root, &report, dialogues.share())?;
    let path = folder.join("evidence.json");
    let text = serde_json::to_string_pretty(&evidence)? + "\n";
    std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    if !broken.is_empty() {
        bail!("the gate is closed:\n  {}", broken.join("\n  "));
    }
    Ok(())
}
