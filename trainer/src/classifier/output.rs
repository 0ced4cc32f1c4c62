//! Writes what training produced: heads.safetensors (low-rank pairs and heads) and heads.json for
//! `convert-encoder`, and metrics.json with the figures on the validation and holdout texts.

use std::{collections::HashMap, fs, io::Write, time::Duration};

use anyhow::{Context, Result};
use candle_core::{DType, Tensor, safetensors};
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    TrainingOptions,
    calibration::best_temperature,
    dataset::Dataset,
    fine_tuning::{Fitted, HeadPredictions},
    heads_spec::{HeadSpec, HeadsSpec},
};
use crate::{evaluate::figures::Figures, files};

/// One entry of heads.json, as the encoder reads it.
#[derive(Serialize)]
struct HeadEntry<'a> {
    name: &'a str,
    labels: &'a [String],
    temperature: f32,
}

/// Everything that is written.
pub(super) struct Trained<'a> {
    pub(super) options: &'a TrainingOptions,
    pub(super) spec: &'a HeadsSpec,
    pub(super) dataset: &'a Dataset,
    /// Texts learned from, and for validation.
    pub(super) sizes: (usize, usize),
    pub(super) fitted: &'a Fitted,
    pub(super) holdout: Option<&'a [HeadPredictions]>,
    pub(super) duration: Duration,
}

impl Trained<'_> {
    /// Prints a report for each head and writes the files.
    pub(super) fn write(&self, out: &mut impl Write) -> Result<()> {
        let mut entries = Vec::new();
        let mut figures = serde_json::Map::new();
        for (index, head) in self.spec.heads.iter().enumerate() {
            let validation = &self.fitted.validation[index];
            let temperature = best_temperature(&validation.logits, &validation.classes);
            let measured = measure(head, validation, temperature);
            writeln!(
                out,
                "\n{}: temperature {temperature:.3}, calibration error {:.3}\nvalidation\n{}",
                head.name, measured.calibration_error, measured.report
            )?;
            let holdout = self
                .holdout
                .map(|heads| &heads[index])
                .filter(|found| !found.classes.is_empty())
                .map(|found| measure(head, found, temperature));
            if let Some(holdout) = &holdout {
                writeln!(out, "holdout\n{}", holdout.report)?;
            }
            entries.push(HeadEntry {
                name: &head.name,
                labels: &head.labels,
                temperature,
            });
            let entry =
                json!({"temperature": temperature, "validation": measured, "holdout": holdout});
            figures.insert(head.name.clone(), entry);
        }
        self.write_weights()?;
        let scale = self.fitted.trainable.adapter.scale;
        files::write_json(
            &self.options.out.join("heads.json"),
            &json!({ "heads": entries, "adapter_scale": scale }),
        )?;
        let options = self.options;
        let metrics = json!({
            "training_texts": self.sizes.0,
            "validation_texts": self.sizes.1,
            "files": self.dataset.files,
            "duplicates_left_out": self.dataset.duplicates,
            "validation_files": options.validation,
            "epoch": self.fitted.epoch,
            "batch": options.batch,
            "learning_rate": options.learning_rate,
            "weight_decay": options.weight_decay,
            "label_smoothing": f64::from(options.label_smoothing),
            "rank": options.rank,
            "alpha": options.alpha,
            "seed": options.seed,
            "drop_tokens": options.drop_tokens,
            "dropout": options.dropout,
            "average_of": options.average.len(),
            "pairs": !options.pairs.is_empty(),
            "severity_data": options.severity_data.is_some(),
            "balanced": options.balance,
            "seconds": self.duration.as_secs_f32(),
            "heads": figures,
        });
        files::write_json(&options.out.join("metrics.json"), &rounded(metrics))
    }

    /// Half precision: far below the noise of training.
    fn write_weights(&self) -> Result<()> {
        let trainable = &self.fitted.trainable;
        let mut tensors: HashMap<String, Tensor> = HashMap::new();
        for (name, variable) in trainable.adapter.variables() {
            let half = variable.as_detached_tensor().to_dtype(DType::F16)?;
            tensors.insert(format!("adapter.{name}"), half);
        }
        for (head, layer) in self.spec.heads.iter().zip(&trainable.heads) {
            let name = &head.name;
            tensors.insert(
                format!("heads.{name}.weight"),
                layer.weight.as_detached_tensor(),
            );
            tensors.insert(
                format!("heads.{name}.bias"),
                layer.bias.as_detached_tensor(),
            );
        }
        let destination = self.options.out.join("heads.safetensors");
        let staged = files::staging_folder(&destination)?;
        let file = staged.path().join("heads.safetensors");
        safetensors::save(&tensors, &file)?;
        fs::File::open(&file)?.sync_all()?;
        fs::rename(&file, &destination)
            .with_context(|| format!("cannot write {}", destination.display()))
    }
}

fn measure(head: &HeadSpec, found: &HeadPredictions, temperature: f32) -> Figures {
    let rows = found.logits.iter();
    let probabilities: Vec<Vec<f32>> = rows
        .map(|row| {
            let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let powers = row
                .iter()
                .map(|logit| ((logit - largest) / temperature).exp());
            let sum: f32 = powers.clone().sum();
            powers.map(|power| power / sum).collect()
        })
        .collect();
    Figures::new(&head.labels, &found.classes, &probabilities)
}

/// Four digits after the point: more would be noise on a few hundred texts.
fn rounded(value: Value) -> Value {
    match value {
        // Small settings such as a learning rate stay as they are.
        Value::Number(number) if number.is_f64() => {
            let rounded = number.as_f64().map(|x| {
                if x.abs() < 1e-2 {
                    x
                } else {
                    (x * 1e4).round() / 1e4
                }
            });
            rounded.map_or(Value::Null, Value::from)
        }
        Value::Array(values) => values.into_iter().map(rounded).collect(),
        Value::Object(pairs) => {
            let pairs = pairs.into_iter();
            pairs.map(|(key, value)| (key, rounded(value))).collect()
        }
        other => other,
    }
}
