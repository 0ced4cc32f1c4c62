//! `guard-eval`: cases in, a table and one line of JSON out. `cargo xtask eval guard` starts it with what it needs.

use std::{
    fs::File,
    io::{BufWriter, Write as _},
    path::PathBuf,
    sync::Arc,
};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use gateway::{
    clients::{self, classifier::ClassifierClient},
    domain::{content::Content, ports::TextClassifier},
};
use guard_eval::{
    cases::{self, Case},
    dialogues::Comparison,
    generate::Companion,
    pipeline::{NoClassifier, Outcome, Pipeline},
    released::ReleasedRules,
    report::{Judged, OutcomeLine, Report},
};
use indicatif::{ProgressBar, ProgressStyle};

/// Sends cases through the input guard of the product and reports where they went.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// JSON lines: id, text or turns, label, source if there is one
    #[arg(long, num_args = 1.., required = true)]
    cases: Vec<PathBuf>,
    /// Folder of the reviewed content
    #[arg(long)]
    content: PathBuf,
    /// URL of a running classifier service; without it rules decide alone
    #[arg(long)]
    classifier: Option<String>,
    /// URL of a running inference service: the whole turn is made, and what was said is judged
    #[arg(long)]
    inference: Option<String>,
    /// File for one line a case: id, label, route, level, reasons, reply
    #[arg(long)]
    out: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let mut cases = Vec::new();
    for path in &arguments.cases {
        cases.extend(cases::read(path)?);
    }
    let content = Arc::new(Content::load(&arguments.content)?);
    let classifier: Arc<dyn TextClassifier> = match &arguments.classifier {
        Some(url) => Arc::new(ClassifierClient::new(
            clients::channel(url).context("--classifier must be a URL")?,
        )),
        None => Arc::new(NoClassifier),
    };
    if arguments.classifier.is_some() {
        ensure!(
            classifier.is_ready().await,
            "the classifier service does not answer"
        );
    }
    let companion = match &arguments.inference {
        Some(url) => Some(Companion::connect(content.clone(), classifier.clone(), url).await?),
        None => None,
    };
    let pipeline = Pipeline::new(content, classifier);
    let outcomes = run(&pipeline, companion.as_ref(), &cases).await?;
    let judged: Vec<Judged<'_>> = cases.iter().zip(&outcomes).collect();
    if let Some(path) = &arguments.out {
        write_lines(path, &judged)?;
    }
    print_dialogues(&judged);
    if companion.is_some() {
        print_released(&judged)?;
    }
    let report = Report::new(&judged);
    println!("{}", report.table());
    println!("{}", serde_json::to_string(&report)?);
    Ok(())
}

async fn run(
    pipeline: &Pipeline,
    companion: Option<&Companion>,
    cases: &[Case],
) -> Result<Vec<Outcome>> {
    let bar = ProgressBar::new(u64::try_from(cases.len()).unwrap_or_default());
    bar.set_style(
        ProgressStyle::with_template("{bar:30} {pos}/{len} {eta}").context("progress bar")?,
    );
    let mut outcomes = Vec::with_capacity(cases.len());
    for case in cases {
        let mut outcome = pipeline.run(case).await;
        if let Some(companion) = companion {
            outcome.reply = Some(
                companion
                    .answer(case)
                    .await
                    .with_context(|| case.id.clone())?,
            );
        }
        outcomes.push(outcome);
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(outcomes)
}

fn write_lines(path: &PathBuf, judged: &[Judged<'_>]) -> Result<()> {
    let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    let mut file = BufWriter::new(file);
    for judged in judged {
        serde_json::to_writer(&mut file, &OutcomeLine::new(judged))?;
        writeln!(file)?;
    }
    file.flush()
        .with_context(|| format!("cannot write {}", path.display()))
}

fn print_dialogues(judged: &[Judged<'_>]) {
    let mut comparison = Comparison::default();
    for (case, outcome) in judged {
        comparison.add(case, outcome);
    }
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

fn print_released(judged: &[Judged<'_>]) -> Result<()> {
    let rules = ReleasedRules::parse(include_str!("../released.toml"))?;
    let mut broken = 0;
    for (case, outcome) in judged {
        let codes = rules.broken(outcome.reply.as_deref().unwrap_or_default());
        if !codes.is_empty() {
            println!("{}: released {}", case.id, codes.join(" "));
            broken += 1;
        }
    }
    println!(
        "released words: {broken} of {} cases with something unsafe\n",
        judged.len()
    );
    Ok(())
}
