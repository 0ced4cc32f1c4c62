//! Trains the text classifier: labelled texts and an encoder in; a small delta (low-rank pairs on every linear
//! layer, heads) and its figures out. `convert-encoder` puts the delta into the model that is served.

use std::{
    io::Write,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context, Result, ensure};
use clap::Args;
use encoder::Encoder;

mod average;
pub mod calibration;
pub mod dataset;
pub mod encoder_graph;
mod fine_tuning;
pub mod heads_spec;
mod learner;
mod output;
pub mod pair_prompts;
pub mod severity_data;
mod split;
mod text_rows;

use dataset::{Case, Dataset};
use encoder_graph::EncoderGraph;
use fine_tuning::{Example, Fit, Fitted};
use heads_spec::HeadsSpec;

use crate::device::DeviceChoice;

/// Settings of the training.
#[derive(Debug, Clone, Args)]
pub struct TrainingOptions {
    /// Folder with *.jsonl files (holdout.jsonl is never trained on) and, optionally, heads.toml.
    #[arg(long)]
    pub data: PathBuf,
    /// Model folder whose encoder is trained; its heads, if any, are not used.
    #[arg(long)]
    pub encoder: PathBuf,
    /// Folder to write to.
    #[arg(long)]
    pub out: PathBuf,
    /// Files of the data folder that validation is done on; without them a tenth of all texts, with
    /// each label's share.
    #[arg(long, num_args = 1..)]
    pub validation: Vec<String>,
    /// Sentences with a severity from 0 to 10 (JSON lines: text, avg_severity, sd), learned from as well.
    #[arg(long)]
    pub severity_data: Option<PathBuf>,
    /// Raw preference pairs (JSON lines) whose prompts, with their theme and severity, are learned from as well.
    #[arg(long, num_args = 1..)]
    pub pairs: Vec<PathBuf>,
    /// Heads whose most probable labels are balanced for macro-F1 on the validation texts; their probabilities are
    /// then no longer those of the likelihood, so not for heads that are read by a threshold.
    #[arg(long, num_args = 1..)]
    pub balance: Vec<String>,
    /// Most passes over the texts; training stops earlier when validation gets no better.
    #[arg(long, default_value_t = 12)]
    pub max_epochs: usize,
    /// Epochs without a better validation result after which training ends.
    #[arg(long, default_value_t = 3)]
    pub patience: usize,
    /// Texts of one update.
    #[arg(long, default_value_t = 16)]
    pub batch: usize,
    /// Peak of the learning rate.
    #[arg(long, default_value_t = 7e-4)]
    pub learning_rate: f64,
    /// Decoupled weight decay.
    #[arg(long, default_value_t = 0.01)]
    pub weight_decay: f64,
    /// Part of the probability that is spread over all labels: labels are opinions.
    #[arg(long, default_value_t = 0.05)]
    pub label_smoothing: f32,
    /// Rank of the adapter's matrices.
    #[arg(long, default_value_t = 16)]
    pub rank: usize,
    /// The adapter's effect is scaled by alpha / rank.
    #[arg(long, default_value_t = 32.0)]
    pub alpha: f64,
    /// Seed of split, initial weights and order.
    #[arg(long, default_value_t = 17)]
    pub seed: u64,
    /// Part of the tokens that is left out of a text each time it is learned from.
    #[arg(long, default_value_t = 0.0)]
    pub drop_tokens: f64,
    /// Part of the numbers of a text's vector that the heads do not see each time it is learned from.
    #[arg(long, default_value_t = 0.0)]
    pub dropout: f64,
    /// Do not train: average these result folders of earlier trainings with the same encoder and heads, keep
    /// --rank directions of each matrix, calibrate and measure.
    #[arg(long, num_args = 1..)]
    pub average: Vec<PathBuf>,
    /// Where to compute.
    #[arg(long, value_enum, default_value_t = DeviceChoice::Auto)]
    pub device: DeviceChoice,
}

/// Trains, calibrates, prints and writes.
///
/// # Errors
/// Data that cannot be used, an encoder that does not load, or a disk that refuses.
pub fn train(options: &TrainingOptions, out: &mut impl Write) -> Result<()> {
    check_options(options)?;
    let started = Instant::now();
    let spec = HeadsSpec::read(&options.data)?;
    let dataset = Dataset::read_training(&options.data, &spec)?;
    writeln!(out, "{}", dataset.summary())?;
    let (mut training, mut validation) = split::split(&dataset, &spec, options)?;
    if let Some(path) = &options.severity_data {
        let (more, held_out) = severity_data::read(path, &spec)?;
        writeln!(
            out,
            "{} sentences with a severity, {} more for validation",
            more.len(),
            held_out.len()
        )?;
        training.extend(more);
        validation.extend(held_out);
    }
    if !options.pairs.is_empty() {
        let prompts = pair_prompts::read(&options.pairs, &spec)?;
        writeln!(out, "{} prompts of preference pairs", prompts.len())?;
        training.extend(prompts);
    }
    check_labels(&spec, &training)?;
    let encoder = load_encoder(&options.encoder)?;
    let graph = EncoderGraph::read(&options.encoder, &options.device.open()?)?;
    let training = examples(&encoder, &spec, &training)?;
    let held_out = examples(&encoder, &spec, &validation)?;
    writeln!(
        out,
        "{} texts to learn from, {} for validation",
        training.len(),
        held_out.len()
    )?;
    let fit = Fit {
        graph: &graph,
        heads: &spec.heads,
        training: &training,
        validation: &held_out,
        options,
    };
    let mut fitted = fit.run(out)?;
    balance(&options.balance, &spec, &validation, &mut fitted, out)?;
    let holdout = match read_holdout(options, &spec)? {
        Some(cases) => Some(fit.predict(&fitted.trainable, &examples(&encoder, &spec, &cases)?)?),
        None => None,
    };
    let result = output::Trained {
        options,
        spec: &spec,
        dataset: &dataset,
        sizes: (training.len(), held_out.len()),
        fitted: &fitted,
        holdout: holdout.as_deref(),
        duration: started.elapsed(),
    };
    result.write(out)
}

fn check_options(options: &TrainingOptions) -> Result<()> {
    ensure!(options.max_epochs >= 1, "--max-epochs must be at least 1");
    ensure!(options.batch >= 1, "--batch must be at least 1");
    ensure!(options.rank >= 1, "--rank must be at least 1");
    for (name, part) in [
        ("--drop-tokens", options.drop_tokens),
        ("--dropout", options.dropout),
    ] {
        ensure!(
            (0.0..1.0).contains(&part),
            "{name} must be at least 0 and below 1"
        );
    }
    Ok(())
}

/// Balances the named heads.
fn balance(
    names: &[String],
    spec: &HeadsSpec,
    validation: &[Case],
    fitted: &mut Fitted,
    out: &mut impl Write,
) -> Result<()> {
    for name in names {
        let head = spec.heads.iter().position(|head| head.name == *name);
        let head = head.with_context(|| format!("--balance {name}: there is no such head"))?;
        // Single sentences that were rated by others are no measure for whole messages.
        let own = validation.iter().filter(|case| !case.file.is_empty());
        let texts = own.filter(|case| case.classes.contains_key(name)).count();
        let shifts = fitted.balance(head, texts)?;
        writeln!(out, "{name}: log-probabilities shifted by {shifts:?}")?;
    }
    Ok(())
}

/// A label that nothing is learned about would never be predicted.
fn check_labels(spec: &HeadsSpec, training: &[Case]) -> Result<()> {
    for head in &spec.heads {
        for (class, label) in head.labels.iter().enumerate() {
            ensure!(
                training
                    .iter()
                    .any(|case| case.classes.get(&head.name) == Some(&class)),
                "no training text has the label {label} of the head {}",
                head.name
            );
        }
    }
    Ok(())
}

fn examples(encoder: &Encoder, spec: &HeadsSpec, cases: &[Case]) -> Result<Vec<Example>> {
    let texts: Vec<&str> = cases.iter().map(|case| case.text.as_str()).collect();
    let tokens = encoder.encode(&texts)?;
    let with_classes = cases.iter().zip(tokens).map(|(case, tokens)| Example {
        tokens,
        classes: spec
            .heads
            .iter()
            .map(|head| case.classes.get(&head.name).copied())
            .collect(),
    });
    Ok(with_classes.collect())
}

/// The holdout of the data folder, for the figures in metrics.json only.
fn read_holdout(options: &TrainingOptions, spec: &HeadsSpec) -> Result<Option<Vec<Case>>> {
    let path = options.data.join(dataset::HOLDOUT);
    if !path.exists() {
        return Ok(None);
    }
    let cases = Dataset::read_file(&path, spec)?.cases;
    Ok((!cases.is_empty()).then_some(cases))
}

/// Loads an encoder; the message names the folder.
///
/// # Errors
/// As [`Encoder::load`].
pub fn load_encoder(folder: &Path) -> Result<Encoder> {
    Encoder::load(folder).with_context(|| format!("cannot load {}", folder.display()))
}
