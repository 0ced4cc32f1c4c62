//! Trains the heads: labelled texts and an encoder in; heads.safetensors, heads.json, metrics.json
//! and a printed report out. The encoder stays frozen, so each text is embedded once.

use std::{
    io::Write,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context, Result, ensure};
use candle_core::Tensor;
use clap::Args;
use encoder::Encoder;

use crate::progress;

pub mod calibration;
pub mod dataset;
pub mod folds;
pub mod head_training;
pub mod heads_spec;
mod output;
mod search;

use dataset::Dataset;
use heads_spec::HeadsSpec;

/// Texts that are embedded in one call, between two steps of the progress bar.
const TEXTS_AT_ONCE: usize = 32;

/// Settings of the training.
#[derive(Debug, Clone, Args)]
pub struct TrainingOptions {
    /// Folder with *.jsonl files (holdout.jsonl is never trained on) and, optionally, heads.toml.
    #[arg(long)]
    pub data: PathBuf,
    /// Model folder whose encoder is used; its heads, if any, are not.
    #[arg(long)]
    pub encoder: PathBuf,
    /// Folder to write to.
    #[arg(long)]
    pub out: PathBuf,
    /// Parts of the cross-validation; each is stratified by label.
    #[arg(long, default_value_t = 5)]
    pub folds: usize,
    /// Most passes over the training part; training stops earlier when validation gets no better.
    #[arg(long, default_value_t = 200)]
    pub max_epochs: usize,
    /// Seed of splits, initial weights and order.
    #[arg(long, default_value_t = 17)]
    pub seed: u64,
}

/// Trains, calibrates, prints and writes.
///
/// # Errors
/// Data that cannot be used, an encoder that does not load, or a disk that refuses.
pub fn train(options: &TrainingOptions, out: &mut impl Write) -> Result<()> {
    ensure!(options.folds >= 2, "--folds must be at least 2");
    ensure!(options.max_epochs >= 1, "--max-epochs must be at least 1");
    let started = Instant::now();
    let spec = HeadsSpec::read(&options.data)?;
    let dataset = Dataset::read_training(&options.data, &spec)?;
    writeln!(out, "{}", dataset.summary())?;
    let encoder = load_encoder(&options.encoder)?;
    let embeddings = embed(&encoder, &dataset)?;

    let mut trained = Vec::new();
    for head in &spec.heads {
        let result = search::train_head(head, &dataset, &embeddings, options)
            .with_context(|| format!("head {}", head.name))?;
        writeln!(out, "\n{}", result.describe())?;
        trained.push(result);
    }
    let holdout = read_holdout(options, &spec, &encoder)?;
    output::write(
        options,
        &dataset,
        &trained,
        holdout.as_ref(),
        started.elapsed(),
    )
}

/// The holdout of the data folder, for the figures in metrics.json only.
fn read_holdout(
    options: &TrainingOptions,
    spec: &HeadsSpec,
    encoder: &Encoder,
) -> Result<Option<output::Holdout>> {
    let path = options.data.join(dataset::HOLDOUT);
    if !path.exists() {
        return Ok(None);
    }
    let dataset = Dataset::read_file(&path, spec)?;
    if dataset.cases.is_empty() {
        return Ok(None);
    }
    let embeddings = embed(encoder, &dataset)?;
    Ok(Some(output::Holdout {
        dataset,
        embeddings,
    }))
}

/// Loads an encoder; the message names the folder.
///
/// # Errors
/// As [`Encoder::load`].
pub fn load_encoder(folder: &Path) -> Result<Encoder> {
    Encoder::load(folder).with_context(|| format!("cannot load {}", folder.display()))
}

fn embed(encoder: &Encoder, dataset: &Dataset) -> Result<Tensor> {
    let texts: Vec<&str> = dataset.cases.iter().map(|c| c.text.as_str()).collect();
    let bar = progress::bar(texts.len(), "embed");
    let mut parts = Vec::new();
    for texts in texts.chunks(TEXTS_AT_ONCE) {
        parts.push(encoder.embed(texts)?);
        bar.inc(u64::try_from(texts.len())?);
    }
    bar.finish_and_clear();
    Ok(Tensor::cat(&parts, 0)?)
}
