//! Training runs that are stopped, resumed, or given something that cannot be learned.

use std::{
    path::{Path, PathBuf},
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicUsize, Ordering},
    },
};

use anyhow::Result;
use candle_core::Device;
use tempfile::tempdir;
use trainer::{
    language_model::{Adapter, AdapterConfig, LanguageModel, Precision},
    optimisation::Gradients,
    preference::{
        log::{self, LOG, LogLine},
        run::{Ending, Figures, Objective, Run, RunSettings, STOP},
    },
};

use crate::tiny_llama;

/// [`STOP`] is one for the process.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    let guard = ONE_AT_A_TIME
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    STOP.store(false, Ordering::Relaxed);
    guard
}

/// Learns to continue a sequence; stops the run after some examples.
struct Sequences {
    model: LanguageModel,
    stop_after: usize,
    broken_from: usize,
    seen: AtomicUsize,
}

impl Sequences {
    fn new(stop_after: usize, broken_from: usize) -> Self {
        let folder = tempdir().unwrap();
        tiny_llama::write_folder(folder.path());
        Self {
            model: LanguageModel::load(folder.path(), Precision::Dense, &Device::Cpu).unwrap(),
            stop_after,
            broken_from,
            seen: AtomicUsize::new(0),
        }
    }

    fn loss(&self, adapter: &Adapter, index: usize, gradients: &mut Gradients) -> Result<f64> {
        let start = u32::try_from(index)?;
        let tokens: Vec<u32> = (0..6).map(|n| (start * 5 + n * 3) % 50).collect();
        let pass = self.model.pass(&tokens, adapter, false)?;
        let scores = self.model.reply(&pass.hidden, &tokens[2..])?;
        let loss = scores.log_probabilities.mean_all()?.neg()?;
        let value = f64::from(loss.to_scalar::<f32>()?);
        pass.backward(&loss.backward()?, gradients)?;
        Ok(value)
    }
}

impl Objective for Sequences {
    fn examples(&self) -> usize {
        7
    }

    fn learn(&self, adapter: &Adapter, index: usize, gradients: &mut Gradients) -> Result<Figures> {
        let seen = self.seen.fetch_add(1, Ordering::Relaxed) + 1;
        if seen == self.stop_after {
            STOP.store(true, Ordering::Relaxed);
        }
        let loss = match seen >= self.broken_from {
            true => f64::NAN,
            false => self.loss(adapter, index, gradients)?,
        };
        Ok(Figures::from([("loss".to_owned(), loss)]))
    }

    fn validation_examples(&self) -> usize {
        2
    }

    fn validate(&self, adapter: &Adapter, index: usize) -> Result<Figures> {
        let loss = self.loss(adapter, 9 + index, &mut Gradients::default())?;
        Ok(Figures::from([("loss".to_owned(), loss)]))
    }
}

fn settings(out: &Path) -> RunSettings {
    RunSettings {
        out: out.to_owned(),
        learning_rate: None,
        epochs: None,
        accumulate: 2,
        warmup: 0.1,
        max_norm: 1.0,
        log_every: 1,
        validate_every: 4,
        save_every: 1,
        gradient_checkpointing: false,
        workers: 2,
        seed: 3,
    }
}

fn run(objective: &Sequences, out: &Path, fingerprint: &str) -> Result<(Ending, Adapter)> {
    let config = AdapterConfig::all(2, 4.0);
    let adapter = Adapter::new(config, objective.model.config(), 1, &Device::Cpu)?;
    let settings = settings(out);
    let run = Run {
        objective,
        settings: &settings,
        learning_rate: 0.01,
        epochs: 3,
        fingerprint: fingerprint.to_owned(),
    };
    let ending = run.train(&adapter)?;
    Ok((ending, adapter))
}

fn lines(out: &Path) -> Vec<LogLine> {
    log::read(&PathBuf::from(out).join(LOG)).unwrap()
}

#[test]
fn a_stopped_run_goes_on_as_if_there_had_been_no_stop() {
    let _alone = alone();
    let folder = tempdir().unwrap();
    let (whole, cut) = (folder.path().join("whole"), folder.path().join("cut"));
    let never = usize::MAX;
    let (ending, expected) = run(&Sequences::new(never, never), &whole, "plan").unwrap();
    assert_eq!(ending, Ending::Finished);

    let (ending, _) = run(&Sequences::new(9, never), &cut, "plan").unwrap();
    assert_eq!(ending, Ending::Stopped);
    assert!(lines(&cut).len() < lines(&whole).len());
    STOP.store(false, Ordering::Relaxed);
    let (ending, resumed) = run(&Sequences::new(never, never), &cut, "plan").unwrap();
    assert_eq!(ending, Ending::Finished);

    let curve = |out: &Path| -> Vec<(usize, String, f64)> {
        let lines = lines(out).into_iter();
        lines
            .map(|line| (line.step, line.part, line.figures["loss"]))
            .collect()
    };
    assert_eq!(curve(&whole), curve(&cut));
    let first = &curve(&whole)[0];
    let last = curve(&whole).pop().unwrap();
    assert!(last.2 < first.2, "{first:?} {last:?}");
    for ((name, one), (_, other)) in expected.variables().iter().zip(resumed.variables()) {
        let difference = (one.as_tensor() - other.as_tensor())
            .unwrap()
            .abs()
            .unwrap();
        let largest: f32 = difference.max_all().unwrap().to_scalar().unwrap();
        assert!(largest < 1e-6, "{name}");
    }
}

#[test]
fn a_checkpoint_of_another_plan_or_a_broken_one_is_refused_and_kept() {
    let _alone = alone();
    let folder = tempdir().unwrap();
    let never = usize::MAX;
    run(&Sequences::new(5, never), folder.path(), "plan").unwrap();
    STOP.store(false, Ordering::Relaxed);
    let refused = |fingerprint: &str| {
        let result = run(&Sequences::new(never, never), folder.path(), fingerprint);
        format!("{:#}", result.map(|(ending, _)| ending).unwrap_err())
    };
    assert!(refused("other").contains("other data or settings"));
    let weights = folder.path().join("checkpoint/optimizer.safetensors");
    let bytes = std::fs::read(&weights).unwrap();
    std::fs::write(&weights, &bytes[..bytes.len() / 2]).unwrap();
    assert!(
        refused("plan").contains("delete its folder"),
        "{}",
        refused("plan")
    );
    assert_eq!(std::fs::read(&weights).unwrap().len(), bytes.len() / 2);
}

#[test]
fn a_loss_that_is_no_number_ends_the_run_with_the_step_and_keeps_the_checkpoint() {
    let _alone = alone();
    let folder = tempdir().unwrap();
    let result = run(&Sequences::new(usize::MAX, 6), folder.path(), "plan");
    let error = format!("{:#}", result.map(|(ending, _)| ending).unwrap_err());
    assert!(
        error.contains("step 3") && error.contains("learning-rate"),
        "{error}"
    );
    assert!(folder.path().join("checkpoint/state.json").exists());
}
