//! How often a preference-tuned adapter rewards the chosen reply more than the rejected one, measured against
//! the adapter that it was trained from: reward = β · (log π − log π_ref), as in training.

use std::{collections::BTreeMap, io::Write, path::PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use serde::{Deserialize, Serialize};

use crate::{
    files,
    language_model::{Adapter, LanguageModel, peft},
    optimisation::Workers,
    preference::{
        examples::{PairExample, PreferencePair, read_lines},
        setup::{ModelOptions, Workbench},
    },
    progress,
};

/// What to evaluate.
#[derive(Debug, Clone, Args)]
pub struct PreferenceOptions {
    #[command(flatten)]
    model: ModelOptions,
    /// Adapter of supervised fine-tuning: the reference.
    #[arg(long)]
    sft: PathBuf,
    /// Adapter of preference training.
    #[arg(long)]
    adapter: PathBuf,
    /// JSON lines: prompt, chosen, rejected, and id if there is one.
    #[arg(long)]
    cases: PathBuf,
    /// The β of the training.
    #[arg(long, default_value_t = 0.1)]
    beta: f64,
    /// File for one line a case: id, label, predicted, scores.
    #[arg(long)]
    out: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Case {
    id: Option<serde_json::Value>,
    prompt: String,
    chosen: String,
    rejected: String,
    #[serde(default)]
    category: String,
    #[serde(default = "moderate")]
    severity: String,
    source: Option<String>,
}

/// The frame of a case that names no severity.
fn moderate() -> String {
    "moderate".to_owned()
}

#[derive(Serialize)]
struct CaseResult {
    id: serde_json::Value,
    label: &'static str,
    predicted: &'static str,
    scores: BTreeMap<&'static str, f64>,
}

#[derive(Serialize)]
struct Summary {
    task: &'static str,
    n: usize,
    accuracy: f64,
    margin: f64,
    reward_chosen: f64,
    reward_rejected: f64,
    by_source: BTreeMap<String, f64>,
}

/// Evaluates, prints and, on request, writes.
///
/// # Errors
/// Model, adapters or cases cannot be used; a case does not fit the context.
pub fn evaluate(options: &PreferenceOptions, out: &mut impl Write) -> Result<()> {
    let bench = options.model.load()?;
    let load = |folder| peft::load(folder, bench.model.config(), bench.model.device());
    let (reference, policy) = (load(&options.sft)?, load(&options.adapter)?);
    let cases: Vec<Case> = read_lines(&options.cases)?;
    let bar = progress::bar(cases.len(), "compare");
    let all: Vec<usize> = (0..cases.len()).collect();
    let (rewards, _) = Workers::new(0)?.map(&all, |_: &mut (), index| {
        let example = example(&bench, &cases[index], index)?;
        let reward = |reply: &[u32]| -> Result<f64> {
            let policy = log_probability(&bench.model, &policy, &example, reply)?;
            let reference = log_probability(&bench.model, &reference, &example, reply)?;
            Ok(options.beta * (policy - reference))
        };
        let both = (reward(&example.chosen)?, reward(&example.rejected)?);
        progress::step(&bar, "compare");
        Ok(both)
    })?;
    bar.finish_and_clear();
    if let Some(path) = &options.out {
        write_cases(path, &cases, &rewards)?;
    }
    let summary = summary(&cases, &rewards);
    writeln!(
        out,
        "rewards/accuracies {:.4}\nrewards/margins    {:.4}\nrewards/chosen     {:.4}\nrewards/rejected   {:.4}",
        summary.accuracy, summary.margin, summary.reward_chosen, summary.reward_rejected
    )?;
    writeln!(out, "{}", serde_json::to_string(&summary)?)?;
    Ok(())
}

fn example(bench: &Workbench, case: &Case, index: usize) -> Result<PairExample> {
    let pair = PreferencePair {
        id: format!("case-{index}"),
        prompt: case.prompt.clone(),
        chosen: case.chosen.clone(),
        rejected: case.rejected.clone(),
        category: case.category.clone(),
        severity: case.severity.clone(),
    };
    bench.builder.pair(&pair)?.with_context(|| {
        let most = bench.builder.max_tokens;
        format!("case {} does not fit --max-tokens {most}", index + 1)
    })
}

fn log_probability(
    model: &LanguageModel,
    adapter: &Adapter,
    example: &PairExample,
    reply: &[u32],
) -> Result<f64> {
    let tokens = [example.prompt.as_slice(), reply].concat();
    let hidden = model.hidden(&tokens, Some(adapter))?.detach();
    let scores = model.reply(&hidden, reply)?;
    Ok(f64::from(
        scores.log_probabilities.sum_all()?.to_scalar::<f32>()?,
    ))
}

fn summary(cases: &[Case], rewards: &[(f64, f64)]) -> Summary {
    let mean = |value: fn(&(f64, f64)) -> f64| {
        rewards.iter().map(value).sum::<f64>() / rewards.len().max(1) as f64
    };
    let mut sources: BTreeMap<String, (f64, f64)> = BTreeMap::new();
    for (case, (chosen, rejected)) in cases.iter().zip(rewards) {
        let source = case.source.clone().unwrap_or_else(|| "none".to_owned());
        let (right, all) = sources.entry(source).or_default();
        *right += f64::from(u8::from(chosen > rejected));
        *all += 1.0;
    }
    Summary {
        task: "preference",
        n: cases.len(),
        accuracy: mean(|(chosen, rejected)| f64::from(u8::from(chosen > rejected))),
        margin: mean(|(chosen, rejected)| chosen - rejected),
        reward_chosen: mean(|(chosen, _)| *chosen),
        reward_rejected: mean(|(_, rejected)| *rejected),
        by_source: sources
            .into_iter()
            .map(|(source, (right, all))| (source, right / all))
            .collect(),
    }
}

fn write_cases(path: &std::path::Path, cases: &[Case], rewards: &[(f64, f64)]) -> Result<()> {
    files::write_atomically(path, |writer| {
        for (index, (case, (chosen, rejected))) in cases.iter().zip(rewards).enumerate() {
            let id = case.id.clone();
            let result = CaseResult {
                id: id.unwrap_or_else(|| serde_json::Value::from(index + 1)),
                label: "chosen",
                predicted: if chosen > rejected {
                    "chosen"
                } else {
                    "rejected"
                },
                scores: BTreeMap::from([("chosen", *chosen), ("rejected", *rejected)]),
            };
            serde_json::to_writer(&mut *writer, &result)?;
            writer.write_all(b"\n")?;
        }
        Ok(())
    })
}
