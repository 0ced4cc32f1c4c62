//! Writes what training produced: heads.safetensors and heads.json for the model folder, and
//! metrics.json with the figures of cross-validation and, when there is one, of the holdout.

use std::{collections::HashMap, fs, time::Duration};

use anyhow::{Context, Result};
use candle_core::{DType, Tensor, safetensors};
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    TrainingOptions,
    dataset::Dataset,
    search::{TrainedHead, select},
};
use crate::{evaluate::figures::Figures, files};

/// The holdout: its texts and their embeddings.
pub(super) struct Holdout {
    pub(super) dataset: Dataset,
    pub(super) embeddings: Tensor,
}

/// One entry of heads.json, as the encoder reads it.
#[derive(Serialize)]
struct HeadEntry<'a> {
    name: &'a str,
    labels: &'a [String],
    temperature: f32,
    #[serde(skip_serializing_if = "Option::is_none")]
    hidden: Option<&'static str>,
}

pub(super) fn write(
    options: &TrainingOptions,
    dataset: &Dataset,
    heads: &[TrainedHead],
    holdout: Option<&Holdout>,
    duration: Duration,
) -> Result<()> {
    write_weights(options, heads)?;
    let entries: Vec<HeadEntry<'_>> = heads
        .iter()
        .map(|head| HeadEntry {
            name: &head.spec.name,
            labels: &head.spec.labels,
            temperature: head.temperature,
            hidden: head.recipe.hidden.then_some("gelu"),
        })
        .collect();
    files::write_json(
        &options.out.join("heads.json"),
        &json!({ "heads": entries }),
    )?;

    let mut figures = serde_json::Map::new();
    for head in heads {
        let measured = match holdout {
            None => None,
            Some(holdout) => measure(head, holdout)?,
        };
        let entry = json!({
            "recipe": {
                "hidden_layer": head.recipe.hidden,
                "learning_rate": head.recipe.learning_rate,
                "weight_decay": head.recipe.weight_decay,
                "balance": head.recipe.balance,
                "epochs": head.epochs,
            },
            "temperature": head.temperature,
            "cross_validation": head.cross_validation,
            "holdout": measured,
        });
        figures.insert(head.spec.name.clone(), entry);
    }
    let metrics = json!({
        "texts": dataset.cases.len(),
        "files": dataset.files,
        "duplicates_left_out": dataset.duplicates,
        "holdout_texts": holdout.map(|holdout| holdout.dataset.cases.len()),
        "folds": options.folds,
        "seed": options.seed,
        "seconds": duration.as_secs_f32(),
        "heads": figures,
    });
    files::write_json(&options.out.join("metrics.json"), &rounded(metrics))
}

/// Four digits after the point: more would be noise on a few hundred texts.
fn rounded(value: Value) -> Value {
    match value {
        Value::Number(number) if number.is_f64() => {
            let rounded = number.as_f64().map(|x| (x * 1e4).round() / 1e4);
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

fn write_weights(options: &TrainingOptions, heads: &[TrainedHead]) -> Result<()> {
    let mut tensors = HashMap::new();
    for head in heads {
        let prefix = format!("heads.{}", head.spec.name);
        let weights = &head.weights;
        tensors.insert(format!("{prefix}.weight"), weights.weight.clone());
        tensors.insert(format!("{prefix}.bias"), weights.bias.clone());
        if let Some((weight, bias)) = &weights.hidden {
            // The one large matrix: half precision is far below the noise of training.
            let weight = weight.to_dtype(DType::F16)?;
            tensors.insert(format!("{prefix}.hidden.weight"), weight);
            tensors.insert(format!("{prefix}.hidden.bias"), bias.clone());
        }
    }
    let destination = options.out.join("heads.safetensors");
    let staged = files::staging_folder(&destination)?;
    let file = staged.path().join("heads.safetensors");
    safetensors::save(&tensors, &file)?;
    fs::File::open(&file)?.sync_all()?;
    fs::rename(&file, &destination)
        .with_context(|| format!("cannot write {}", destination.display()))
}

/// Nothing when no text of the holdout has a label for this head.
fn measure(head: &TrainedHead, holdout: &Holdout) -> Result<Option<Figures>> {
    let (rows, classes): (Vec<usize>, Vec<usize>) = holdout
        .dataset
        .labelled(&head.spec.name)
        .into_iter()
        .unzip();
    if rows.is_empty() {
        return Ok(None);
    }
    let embeddings = select(&holdout.embeddings, &rows)?;
    head.measure(&embeddings, &classes).map(Some)
}
