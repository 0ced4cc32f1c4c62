//! The training loop that supervised and preference training share: order of examples, accumulation,
//! clipping, learning rate, validation, checkpoints, log. A run that was stopped goes on from its last
//! checkpoint with the same order and the same moments, so its curve is the one it would have had.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use rand::{SeedableRng, rngs::StdRng, seq::SliceRandom};

use super::{
    checkpoint::{Checkpoint, State},
    log::RunLog,
};
use crate::{
    language_model::Adapter,
    optimisation::{AdamW, AdamWSettings, Gradients, Workers, cosine_with_warmup},
    progress,
};

/// Named figures of a step; means over its examples.
pub type Figures = BTreeMap<String, f64>;

/// What is learned. Several examples are looked at side by side.
pub trait Objective: Sync {
    /// Number of training examples.
    fn examples(&self) -> usize;

    /// Adds the gradients of one training example's loss and says its figures, "loss" among them.
    ///
    /// # Errors
    /// A computation fails.
    fn learn(&self, adapter: &Adapter, index: usize, gradients: &mut Gradients) -> Result<Figures>;

    /// Number of validation examples.
    fn validation_examples(&self) -> usize;

    /// The figures of one validation example.
    ///
    /// # Errors
    /// A computation fails.
    fn validate(&self, adapter: &Adapter, index: usize) -> Result<Figures>;
}

/// Settings of a run.
#[derive(Debug, Clone, Args, serde::Serialize)]
pub struct RunSettings {
    /// Folder of the run: adapter, checkpoint, log and report.
    #[arg(long)]
    #[serde(skip)]
    pub out: PathBuf,
    /// Peak of the learning rate, reached after warm-up; then half a cosine down to zero.
    #[arg(long)]
    pub learning_rate: Option<f64>,
    /// Passes over the training examples.
    #[arg(long)]
    pub epochs: Option<usize>,
    /// Examples of one update.
    #[arg(long, default_value_t = 8)]
    pub accumulate: usize,
    /// Part of the updates during which the learning rate rises.
    #[arg(long, default_value_t = 0.1)]
    pub warmup: f64,
    /// Gradients longer than this are shortened to it.
    #[arg(long, default_value_t = 1.0)]
    pub max_norm: f64,
    /// Updates between two lines of the log.
    #[arg(long, default_value_t = 5)]
    pub log_every: usize,
    /// Updates between two looks at the validation examples.
    #[arg(long, default_value_t = 25)]
    pub validate_every: usize,
    /// Updates between two checkpoints.
    #[arg(long, default_value_t = 10)]
    pub save_every: usize,
    /// Compute each layer a second time instead of keeping its intermediate results.
    #[arg(long)]
    pub gradient_checkpointing: bool,
    /// Examples computed side by side; 0 chooses by the number of cores. Each needs memory of its own.
    #[arg(long, default_value_t = 0)]
    pub workers: usize,
    /// Seed of order and initial weights.
    #[arg(long, default_value_t = 17)]
    pub seed: u64,
}

/// Set by the signal handler: finish the step, write a checkpoint, end.
pub static STOP: AtomicBool = AtomicBool::new(false);

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// All updates were made.
    Finished,
    /// It was asked to stop; a checkpoint is there.
    Stopped,
}

/// A run with its plan.
pub struct Run<'a, O> {
    /// What is learned.
    pub objective: &'a O,
    /// How.
    pub settings: &'a RunSettings,
    /// Peak of the learning rate.
    pub learning_rate: f64,
    /// Passes over the examples.
    pub epochs: usize,
    /// Identifies data, model and settings; a checkpoint of another plan is refused.
    pub fingerprint: String,
}

impl<O: Objective> Run<'_, O> {
    /// Updates of the whole run.
    #[must_use]
    pub fn steps(&self) -> usize {
        (self.objective.examples() * self.epochs).div_ceil(self.settings.accumulate.max(1))
    }

    /// Trains the adapter to the end or until [`STOP`] is set.
    ///
    /// # Errors
    /// A loss that is no number, a checkpoint that does not fit, a disk that refuses.
    pub fn train(&self, adapter: &Adapter) -> Result<Ending> {
        let settings = self.settings;
        ensure!(settings.accumulate > 0, "--accumulate must be at least 1");
        ensure!(
            self.objective.examples() > 0,
            "there is no example to learn"
        );
        let workers = Workers::new(settings.workers)?;
        let mut optimizer = AdamW::new(adapter.variables(), AdamWSettings::default())?;
        let checkpoint = Checkpoint::new(&settings.out);
        let start = match checkpoint.read(&self.fingerprint)? {
            Some(state) => {
                optimizer.restore(&checkpoint.weights(), state.step)?;
                state.step
            }
            None => 0,
        };
        let mut log = RunLog::open(&settings.out, start)?;
        let steps = self.steps();
        let bar = progress::bar(steps, "train");
        bar.set_position(u64::try_from(start)?);
        bar.reset_eta();
        if start == 0 {
            log.validation(0, &self.validate(&workers, adapter)?)?;
        }
        for step in start + 1..=steps {
            let figures = self.update(&workers, adapter, &mut optimizer, step)?;
            bar.inc(1);
            log.training(
                step,
                &figures,
                step % settings.log_every.max(1) == 0 || step == steps,
            )?;
            if step % settings.validate_every.max(1) == 0 || step == steps {
                bar.suspend(|| log.validation(step, &self.validate(&workers, adapter)?))?;
            }
            let stopped = STOP.load(Ordering::Relaxed);
            if step % settings.save_every.max(1) == 0 || step == steps || stopped {
                log.flush()?;
                checkpoint.write(&optimizer, &State::new(step, &self.fingerprint))?;
            }
            if stopped && step < steps {
                bar.abandon();
                return Ok(Ending::Stopped);
            }
        }
        bar.finish_and_clear();
        Ok(Ending::Finished)
    }

    /// Means over the validation examples.
    fn validate(&self, workers: &Workers, adapter: &Adapter) -> Result<Figures> {
        let all: Vec<usize> = (0..self.objective.validation_examples()).collect();
        let job = |_: &mut (), index| self.objective.validate(adapter, index);
        Ok(means(workers.map(&all, job)?.0))
    }

    fn update(
        &self,
        workers: &Workers,
        adapter: &Adapter,
        optimizer: &mut AdamW,
        step: usize,
    ) -> Result<Figures> {
        let settings = self.settings;
        let indices = self.examples_of(step);
        let job = |gradients: &mut Gradients, index| self.learn(adapter, step, index, gradients);
        let (figures, parts) = workers.map(&indices, job)?;
        let mut gradients = Gradients::default();
        for part in &parts {
            gradients.merge(part)?;
        }
        gradients.scale(1.0 / indices.len() as f64)?;
        let norm = gradients.norm()?;
        ensure!(
            norm.is_finite(),
            "step {step}: the gradient is {norm}; the last checkpoint is kept"
        );
        if norm > settings.max_norm {
            gradients.scale(settings.max_norm / norm)?;
        }
        let steps = self.steps();
        let warmup = (steps as f64 * settings.warmup).ceil() as usize;
        let rate = cosine_with_warmup(self.learning_rate, step, warmup, steps);
        optimizer.step(&gradients, rate)?;
        let mut figures = means(figures);
        figures.insert("grad_norm".to_owned(), norm);
        figures.insert("learning_rate".to_owned(), rate);
        Ok(figures)
    }

    fn learn(
        &self,
        adapter: &Adapter,
        step: usize,
        index: usize,
        gradients: &mut Gradients,
    ) -> Result<Figures> {
        let figures = self.objective.learn(adapter, index, gradients);
        let figures = figures.with_context(|| format!("step {step}, example {index}"))?;
        let loss = figures.get("loss").copied().unwrap_or(f64::NAN);
        if !loss.is_finite() {
            bail!(
                "step {step}: the loss of example {index} is {loss}; the last checkpoint is kept. Try a \
                 smaller --learning-rate"
            );
        }
        Ok(figures)
    }

    /// The examples of an update: every epoch has its own order, which follows from the seed.
    fn examples_of(&self, step: usize) -> Vec<usize> {
        let count = self.objective.examples();
        let first = (step - 1) * self.settings.accumulate;
        let last = (first + self.settings.accumulate).min(count * self.epochs);
        let mut order = (usize::MAX, Vec::new());
        (first..last)
            .map(|position| {
                let epoch = position / count;
                if order.0 != epoch {
                    let mut indices: Vec<usize> = (0..count).collect();
                    let seed = self.settings.seed.wrapping_add(epoch as u64);
                    indices.shuffle(&mut StdRng::seed_from_u64(seed));
                    order = (epoch, indices);
                }
                order.1[position % count]
            })
            .collect()
    }
}

fn means(all: Vec<Figures>) -> Figures {
    let count = all.len().max(1) as f64;
    let mut means = Figures::new();
    for (name, value) in all.into_iter().flatten() {
        *means.entry(name).or_default() += value / count;
    }
    means
}
