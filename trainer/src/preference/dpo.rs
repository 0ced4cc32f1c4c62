//! Direct preference optimisation: the adapter of supervised fine-tuning is trained further so that
//! chosen replies gain on rejected ones, measured against what it thought at the beginning (the
//! reference, computed once). The logged columns are those of TRL's DPO trainer.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context, Result, ensure};
use clap::Args;

use super::{
    examples::{PairExample, PreferencePair, read_lines},
    loss::{DpoLoss, ReferenceLogps, dpo_loss},
    report,
    run::{Ending, Figures, Objective, Run, RunSettings},
    setup::{AdapterOptions, ModelOptions, Workbench, fingerprint},
};
use crate::{
    files,
    language_model::{Adapter, LanguageModel, ReplyScores, peft},
    optimisation::{Gradients, Workers},
    progress,
};

/// Passes over the pairs when none are given.
const EPOCHS: usize = 1;
/// Peak of the learning rate when none is given; TRL advises a tenth of the supervised one or less.
const LEARNING_RATE: f64 = 2e-5;

/// Settings of preference training.
#[derive(Debug, Clone, Args)]
pub struct DpoOptions {
    #[command(flatten)]
    model: ModelOptions,
    /// Adapter to begin with, which is also the reference: the result of `trainer sft`, or any PEFT
    /// adapter of the base model. Without it the base model itself.
    #[arg(long)]
    sft: Option<PathBuf>,
    /// Pairs to learn (JSON lines of `trainer prepare`).
    #[arg(long)]
    pairs: PathBuf,
    /// Pairs that are only looked at.
    #[arg(long)]
    validation: PathBuf,
    /// How strongly the policy is held to the reference: larger is tighter.
    #[arg(long, default_value_t = 0.1)]
    beta: f64,
    /// Weight of the chosen reply's own loss beside the preference loss (TRL's rpo_alpha); keeps chosen
    /// replies from becoming less probable.
    #[arg(long, default_value_t = 0.0)]
    rpo_alpha: f64,
    #[command(flatten)]
    adapter: AdapterOptions,
    #[command(flatten)]
    run: RunSettings,
}

struct Pair {
    example: PairExample,
    reference: ReferenceLogps,
}

struct Dpo<'a> {
    model: &'a LanguageModel,
    training: Vec<Pair>,
    validation: Vec<Pair>,
    beta: f64,
    rpo_alpha: f64,
    checkpointing: bool,
}

impl Objective for Dpo<'_> {
    fn examples(&self) -> usize {
        self.training.len()
    }

    fn learn(&self, adapter: &Adapter, index: usize, gradients: &mut Gradients) -> Result<Figures> {
        let pair = &self.training[index];
        let example = &pair.example;
        let pass = |reply: &[u32]| {
            let tokens = [example.prompt.as_slice(), reply].concat();
            self.model.pass(&tokens, adapter, self.checkpointing)
        };
        let (chosen, rejected) = (pass(&example.chosen)?, pass(&example.rejected)?);
        let chosen_scores = self.model.reply(&chosen.hidden, &example.chosen)?;
        let rejected_scores = self.model.reply(&rejected.hidden, &example.rejected)?;
        let (loss, figures) = self.loss(pair, &chosen_scores, &rejected_scores)?;
        let mut total = loss.loss;
        if self.rpo_alpha > 0.0 {
            let own = chosen_scores.log_probabilities.mean_all()?.neg()?;
            total = (total + (own * self.rpo_alpha)?)?;
        }
        let store = total.backward()?;
        chosen.backward(&store, gradients)?;
        rejected.backward(&store, gradients)?;
        Ok(figures)
    }

    fn validation_examples(&self) -> usize {
        self.validation.len()
    }

    fn validate(&self, adapter: &Adapter, index: usize) -> Result<Figures> {
        let pair = &self.validation[index];
        let chosen = score(self.model, adapter, &pair.example, &pair.example.chosen)?;
        let rejected = score(self.model, adapter, &pair.example, &pair.example.rejected)?;
        Ok(self.loss(pair, &chosen, &rejected)?.1)
    }
}

impl Dpo<'_> {
    fn loss(
        &self,
        pair: &Pair,
        chosen: &ReplyScores,
        rejected: &ReplyScores,
    ) -> Result<(DpoLoss, Figures)> {
        let (chosen_sum, rejected_sum) = (
            chosen.log_probabilities.sum_all()?,
            rejected.log_probabilities.sum_all()?,
        );
        let loss = dpo_loss(&chosen_sum, &rejected_sum, pair.reference, self.beta)?;
        let scalar = |tensor: &candle_core::Tensor| -> Result<f64> {
            Ok(f64::from(tensor.to_scalar::<f32>()?))
        };
        let margin = loss.chosen_reward - loss.rejected_reward;
        let figures = [
            ("loss", scalar(&loss.loss)?),
            ("rewards/chosen", loss.chosen_reward),
            ("rewards/rejected", loss.rejected_reward),
            ("rewards/accuracies", f64::from(u8::from(margin > 0.0))),
            ("rewards/margins", margin),
            ("logps/chosen", scalar(&chosen_sum)?),
            ("logps/rejected", scalar(&rejected_sum)?),
            ("logits/chosen", scalar(&chosen.mean_logit)?),
            ("logits/rejected", scalar(&rejected.mean_logit)?),
        ];
        let figures = figures.map(|(name, value)| (name.to_owned(), value));
        Ok((loss, figures.into()))
    }
}

/// Log-probabilities of a reply without a graph.
fn score(
    model: &LanguageModel,
    adapter: &Adapter,
    example: &PairExample,
    reply: &[u32],
) -> Result<ReplyScores> {
    let tokens = [example.prompt.as_slice(), reply].concat();
    let hidden = model.hidden(&tokens, Some(adapter))?.detach();
    model.reply(&hidden, reply)
}

fn read_pairs(bench: &Workbench, path: &Path) -> Result<Vec<PairExample>> {
    let mut examples = Vec::new();
    for pair in read_lines::<PreferencePair>(path)? {
        examples.extend(bench.builder.pair(&pair)?);
    }
    ensure!(
        !examples.is_empty(),
        "no pair of {} fits --max-tokens",
        path.display()
    );
    Ok(examples)
}

/// Pairs with what the adapter thinks of them before training.
fn with_reference(
    file: &Path,
    fingerprint: &str,
    bench: &Workbench,
    adapter: &Adapter,
    examples: Vec<PairExample>,
    workers: usize,
) -> Result<Vec<Pair>> {
    let logps = reference(file, fingerprint, bench, adapter, &examples, workers)
        .context("the reference's log-probabilities")?;
    let pairs = examples.into_iter().zip(logps);
    Ok(pairs
        .map(|(example, reference)| Pair { example, reference })
        .collect())
}

/// What the adapter thinks before training; kept in `file` for the run that goes on later.
fn reference(
    file: &Path,
    fingerprint: &str,
    bench: &Workbench,
    adapter: &Adapter,
    examples: &[PairExample],
    workers: usize,
) -> Result<Vec<ReferenceLogps>> {
    if let Ok(text) = fs::read(file)
        && let Ok((kept, found)) = serde_json::from_slice::<(String, Vec<ReferenceLogps>)>(&text)
        && kept == fingerprint
        && found.len() == examples.len()
    {
        return Ok(found);
    }
    let bar = progress::bar(examples.len(), "reference");
    let all: Vec<usize> = (0..examples.len()).collect();
    let (found, _) = Workers::new(workers)?.map(&all, |_: &mut (), index| {
        let example = &examples[index];
        let sum = |reply: &[u32]| -> Result<f64> {
            let scores = score(&bench.model, adapter, example, reply)?;
            let sum = scores.log_probabilities.sum_all()?.to_scalar::<f32>()?;
            Ok(f64::from(sum))
        };
        let logps = ReferenceLogps {
            chosen: sum(&example.chosen)?,
            rejected: sum(&example.rejected)?,
        };
        progress::step(&bar, "reference");
        Ok(logps)
    })?;
    bar.finish_and_clear();
    files::write_json(file, &(fingerprint, &found))?;
    Ok(found)
}

/// Trains and writes `out/adapter` and the report.
///
/// # Errors
/// Data, model, adapter or checkpoint cannot be used; the message names file and line, or step.
pub fn train(options: &DpoOptions) -> Result<Ending> {
    let started = Instant::now();
    ensure!(options.beta > 0.0, "--beta must be above 0");
    let bench = options.model.load()?;
    let training = read_pairs(&bench, &options.pairs)?;
    let validation = read_pairs(&bench, &options.validation)?;
    let adapter = bench.adapter(options.sft.as_ref(), &options.adapter, &options.run)?;
    let mut inputs = vec![options.pairs.clone(), options.validation.clone()];
    inputs.extend(options.model.frame_files());
    if let Some(folder) = &options.sft {
        inputs.push(folder.join("adapter_model.safetensors"));
    }
    let description = format!(
        "dpo {} {:?} {} {} {:?}",
        bench.base_name, options.adapter, options.beta, options.rpo_alpha, options.run
    );
    let fingerprint = fingerprint(&description, &inputs)?;
    let out = &options.run.out;
    // What the reference thinks does not depend on how the policy is trained.
    let description = format!("reference {} {}", bench.base_name, options.model.max_tokens);
    let reference_fingerprint = self::fingerprint(&description, &inputs)?;
    let count = training.len();
    let all = training.into_iter().chain(validation).collect();
    let file = out.join("reference.json");
    let workers = options.run.workers;
    let mut training = with_reference(
        &file,
        &reference_fingerprint,
        &bench,
        &adapter,
        all,
        workers,
    )?;
    let validation = training.split_off(count);
    let objective = Dpo {
        training,
        validation,
        model: &bench.model,
        beta: options.beta,
        rpo_alpha: options.rpo_alpha,
        checkpointing: options.run.gradient_checkpointing,
    };
    let run = Run {
        settings: &options.run,
        learning_rate: options.run.learning_rate.unwrap_or(LEARNING_RATE),
        epochs: options.run.epochs.unwrap_or(EPOCHS),
        fingerprint,
        objective: &objective,
    };
    report::announce("DPO", &run, &adapter);
    let ending = run.train(&adapter)?;
    if ending == Ending::Finished {
        peft::save(
            &adapter,
            bench.model.config(),
            &bench.base_name,
            &out.join("adapter"),
        )?;
    }
    report::write("Direct preference optimisation", out, started.elapsed())?;
    Ok(ending)
}
