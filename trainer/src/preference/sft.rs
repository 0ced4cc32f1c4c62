//! Supervised fine-tuning: the adapter learns to give the chosen replies and the replies of written
//! conversations. The loss is the mean negative log-probability of a reply's tokens; prompts have none.

use std::{path::PathBuf, time::Instant};

use anyhow::{Result, ensure};
use candle_core::Tensor;
use clap::Args;

use super::{
    examples::{Conversation, PreferencePair, ReplyExample, read_lines},
    report,
    run::{Ending, Figures, Objective, Run, RunSettings},
    setup::{AdapterOptions, ModelOptions, Workbench, fingerprint},
};
use crate::{
    language_model::{Adapter, LanguageModel, peft},
    optimisation::Gradients,
};

/// Passes over the examples when none are given.
const EPOCHS: usize = 3;
/// Peak of the learning rate when none is given; customary for adapters.
const LEARNING_RATE: f64 = 2e-4;

/// Settings of supervised fine-tuning.
#[derive(Debug, Clone, Args)]
pub struct SftOptions {
    #[command(flatten)]
    model: ModelOptions,
    /// Pairs whose chosen replies are learned (JSON lines of `trainer prepare`).
    #[arg(long)]
    pairs: PathBuf,
    /// Pairs that are only looked at.
    #[arg(long)]
    validation: PathBuf,
    /// Conversations whose replies are learned as well: {messages, topic, severity} a line.
    #[arg(long)]
    conversations: Option<PathBuf>,
    #[command(flatten)]
    adapter: AdapterOptions,
    #[command(flatten)]
    run: RunSettings,
}

struct Sft<'a> {
    model: &'a LanguageModel,
    training: Vec<ReplyExample>,
    validation: Vec<ReplyExample>,
    checkpointing: bool,
}

impl Objective for Sft<'_> {
    fn examples(&self) -> usize {
        self.training.len()
    }

    fn learn(&self, adapter: &Adapter, index: usize, gradients: &mut Gradients) -> Result<Figures> {
        let example = &self.training[index];
        let pass = self
            .model
            .pass(&example.tokens(), adapter, self.checkpointing)?;
        let scores = self.model.reply(&pass.hidden, &example.reply)?;
        let loss = scores.log_probabilities.mean_all()?.neg()?;
        let store = loss.backward()?;
        let figures = figures(&loss)?;
        pass.backward(&store, gradients)?;
        Ok(figures)
    }

    fn validation_examples(&self) -> usize {
        self.validation.len()
    }

    fn validate(&self, adapter: &Adapter, index: usize) -> Result<Figures> {
        let example = &self.validation[index];
        let hidden = self.model.hidden(&example.tokens(), Some(adapter))?;
        let scores = self.model.reply(&hidden.detach(), &example.reply)?;
        figures(&scores.log_probabilities.mean_all()?.neg()?)
    }
}

fn figures(loss: &Tensor) -> Result<Figures> {
    let loss = f64::from(loss.to_scalar::<f32>()?);
    Ok(Figures::from([("loss".to_owned(), loss)]))
}

fn chosen_replies(bench: &Workbench, pairs: &[PreferencePair]) -> Result<Vec<ReplyExample>> {
    let mut examples = Vec::new();
    for pair in pairs {
        if let Some(example) = bench.builder.pair(pair)? {
            examples.push(ReplyExample {
                prompt: example.prompt,
                reply: example.chosen,
            });
        }
    }
    Ok(examples)
}

/// Trains and writes `out/adapter` and the report.
///
/// # Errors
/// Data, model or checkpoint cannot be used; the message names file and line, or step.
pub fn train(options: &SftOptions) -> Result<Ending> {
    let started = Instant::now();
    let bench = options.model.load()?;
    let mut training = chosen_replies(&bench, &read_lines(&options.pairs)?)?;
    let mut files = vec![options.pairs.clone(), options.validation.clone()];
    files.extend(options.model.frame_files());
    if let Some(path) = &options.conversations {
        for (index, conversation) in read_lines::<Conversation>(path)?.iter().enumerate() {
            let id = format!("conversation-{}", index + 1);
            training.extend(bench.builder.conversation(&id, conversation)?);
        }
        files.push(path.clone());
    }
    let validation = chosen_replies(&bench, &read_lines(&options.validation)?)?;
    ensure!(
        !training.is_empty() && !validation.is_empty(),
        "no example fits --max-tokens {}",
        options.model.max_tokens
    );
    let adapter = bench.adapter(None, &options.adapter, &options.run)?;
    let objective = Sft {
        model: &bench.model,
        training,
        validation,
        checkpointing: options.run.gradient_checkpointing,
    };
    let run = Run {
        settings: &options.run,
        learning_rate: options.run.learning_rate.unwrap_or(LEARNING_RATE),
        epochs: options.run.epochs.unwrap_or(EPOCHS),
        fingerprint: fingerprint(
            &format!(
                "sft {} {:?} {:?}",
                bench.base_name, options.adapter, options.run
            ),
            &files,
        )?,
        objective: &objective,
    };
    report::announce("SFT", &run, &adapter);
    let ending = run.train(&adapter)?;
    let out = &options.run.out;
    if ending == Ending::Finished {
        peft::save(
            &adapter,
            bench.model.config(),
            &bench.base_name,
            &out.join("adapter"),
        )?;
    }
    report::write("Supervised fine-tuning", out, started.elapsed())?;
    Ok(ending)
}
