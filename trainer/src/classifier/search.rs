//! Finds the recipe of one head by cross-validation, calibrates it on the predictions for texts
//! that were not trained on, and fits it once more on everything.

use anyhow::{Result, ensure};
use candle_core::{Device, Tensor};

use super::{
    TrainingOptions,
    calibration::{argmax, best_temperature, negative_log_likelihood},
    dataset::Dataset,
    folds::stratified,
    head_training::{HeadWeights, Labelled, Recipe, fit},
    heads_spec::HeadSpec,
};
use crate::evaluate::{figures::Figures, report::Report};

/// What is tried, the plainest first: a later one must be better to be taken.
const RECIPES: [Recipe; 4] = {
    let linear = Recipe {
        hidden: false,
        learning_rate: 0.002,
        weight_decay: 3.0,
        balance: 0.5,
    };
    let hidden = Recipe {
        hidden: true,
        learning_rate: 0.0005,
        ..linear
    };
    [
        linear,
        hidden,
        Recipe {
            balance: 0.25,
            ..hidden
        },
        Recipe {
            balance: 0.75,
            ..hidden
        },
    ]
};
/// How much better (macro F1) a later recipe must be: less than that is noise.
const MARGIN: f32 = 0.005;

/// One head, ready to be written.
pub(super) struct TrainedHead {
    pub(super) spec: HeadSpec,
    pub(super) recipe: Recipe,
    pub(super) epochs: usize,
    pub(super) temperature: f32,
    pub(super) weights: HeadWeights,
    /// Of predictions for texts that were not trained on.
    pub(super) cross_validation: Figures,
}

impl TrainedHead {
    pub(super) fn describe(&self) -> String {
        let shape = if self.recipe.hidden {
            "hidden layer"
        } else {
            "linear"
        };
        format!(
            "{}: {shape}, {} epochs, temperature {:.3}, calibration error {:.3}\n\
             cross-validation\n{}",
            self.spec.name,
            self.epochs,
            self.temperature,
            self.cross_validation.calibration_error,
            self.cross_validation.report
        )
    }

    /// On other texts.
    pub(super) fn measure(&self, embeddings: &Tensor, classes: &[usize]) -> Result<Figures> {
        let logits: Vec<Vec<f32>> = self.weights.logits(embeddings)?.to_vec2()?;
        let probabilities = probabilities(&logits, self.temperature);
        Ok(Figures::new(&self.spec.labels, classes, &probabilities))
    }
}

/// Out-of-fold results of one recipe.
struct Trial {
    recipe: Recipe,
    epochs: usize,
    logits: Vec<Vec<f32>>,
    report: Report,
}

pub(super) fn train_head(
    spec: &HeadSpec,
    dataset: &Dataset,
    embeddings: &Tensor,
    options: &TrainingOptions,
) -> Result<TrainedHead> {
    let (rows, classes): (Vec<usize>, Vec<usize>) =
        dataset.labelled(&spec.name).into_iter().unzip();
    for (class, label) in spec.labels.iter().enumerate() {
        let count = classes.iter().filter(|c| **c == class).count();
        ensure!(
            count >= options.folds,
            "label {label} has {count} texts, cross-validation needs {}",
            options.folds
        );
    }
    let all = Labelled {
        embeddings: select(embeddings, &rows)?,
        classes,
    };
    let mut best: Option<Trial> = None;
    for recipe in RECIPES {
        let trial = cross_validate(spec, &all, recipe, options)?;
        let better = best
            .as_ref()
            .is_none_or(|best| trial.report.macro_f1 > best.report.macro_f1 + MARGIN);
        if better {
            best = Some(trial);
        }
    }
    let best = best.ok_or_else(|| anyhow::anyhow!("there is no recipe"))?;
    let temperature = best_temperature(&best.logits, &all.classes);
    check_calibration(&best.logits, &all.classes, temperature)?;
    let last = fit(
        &all,
        None,
        spec.labels.len(),
        best.recipe,
        best.epochs,
        options.seed,
    )?;
    let probabilities = probabilities(&best.logits, temperature);
    Ok(TrainedHead {
        spec: spec.clone(),
        recipe: best.recipe,
        epochs: best.epochs,
        temperature,
        weights: last.weights,
        cross_validation: Figures::new(&spec.labels, &all.classes, &probabilities),
    })
}

/// Calibration must not make the likelihood worse than leaving the logits alone.
fn check_calibration(logits: &[Vec<f32>], classes: &[usize], temperature: f32) -> Result<()> {
    let (plain, scaled) = (
        negative_log_likelihood(logits, classes, 1.0),
        negative_log_likelihood(logits, classes, temperature),
    );
    ensure!(scaled <= plain + 1e-3, "calibration did not converge");
    Ok(())
}

fn cross_validate(
    spec: &HeadSpec,
    all: &Labelled,
    recipe: Recipe,
    options: &TrainingOptions,
) -> Result<Trial> {
    let parts = stratified(&all.classes, options.folds, options.seed);
    let mut logits = vec![Vec::new(); all.classes.len()];
    let mut epochs = 0;
    for fold in 0..options.folds {
        let (inside, outside): (Vec<usize>, Vec<usize>) =
            (0..parts.len()).partition(|row| parts[*row] == fold);
        let (validation, training) = (part(all, &inside)?, part(all, &outside)?);
        let labels = spec.labels.len();
        let fitted = fit(
            &training,
            Some(&validation),
            labels,
            recipe,
            options.max_epochs,
            options.seed,
        )?;
        epochs += fitted.best_epoch;
        for (row, values) in inside.into_iter().zip(fitted.validation_logits) {
            logits[row] = values;
        }
    }
    let predicted: Vec<usize> = logits.iter().map(|row| argmax(row)).collect();
    Ok(Trial {
        recipe,
        epochs: epochs.div_ceil(options.folds),
        report: Report::new(&spec.labels, &all.classes, &predicted),
        logits,
    })
}

fn part(all: &Labelled, rows: &[usize]) -> Result<Labelled> {
    Ok(Labelled {
        embeddings: select(&all.embeddings, rows)?,
        classes: rows.iter().map(|row| all.classes[*row]).collect(),
    })
}

pub(super) fn select(embeddings: &Tensor, rows: &[usize]) -> Result<Tensor> {
    let rows = rows.iter().map(|row| u32::try_from(*row));
    let rows = rows.collect::<Result<Vec<u32>, _>>()?;
    let count = rows.len();
    Ok(embeddings.index_select(&Tensor::from_vec(rows, count, &Device::Cpu)?, 0)?)
}

fn probabilities(logits: &[Vec<f32>], temperature: f32) -> Vec<Vec<f32>> {
    logits.iter().map(|row| softmax(row, temperature)).collect()
}

fn softmax(row: &[f32], temperature: f32) -> Vec<f32> {
    let max = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<f32> = row
        .iter()
        .map(|x| ((x - max) / temperature).exp())
        .collect();
    let sum: f32 = powers.iter().sum();
    powers.iter().map(|power| power / sum).collect()
}
