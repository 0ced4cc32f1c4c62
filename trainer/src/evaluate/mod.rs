//! Measures a model folder on labelled texts, with the same code path that the service uses.

use std::{io::Write, path::Path};

use anyhow::{Result, ensure};

use crate::{
    classifier::{
        dataset::Dataset,
        heads_spec::{HeadSpec, HeadsSpec},
        load_encoder,
    },
    progress,
};

pub mod figures;
pub mod head;
pub mod preference;
pub mod report;
pub mod subject;

use figures::Figures;

/// Texts that are classified in one call, between two steps of the progress bar.
const TEXTS_AT_ONCE: usize = 32;

/// The result of one head.
#[derive(Debug, Clone)]
pub struct HeadEvaluation {
    /// The head's name.
    pub head: String,
    /// What was measured.
    pub figures: Figures,
}

/// Evaluates and prints one report for each head.
///
/// # Errors
/// The folder does not load, or the cases cannot be used.
pub fn evaluate(model: &Path, cases: &Path, out: &mut impl Write) -> Result<()> {
    for result in measure(model, cases)? {
        let figures = &result.figures;
        writeln!(out, "{}\n{}", result.head, figures.report)?;
        writeln!(out, "calibration error {:.3}\n", figures.calibration_error)?;
    }
    Ok(())
}

/// Evaluates every head of the folder that has labelled cases.
///
/// # Errors
/// As [`evaluate`].
pub fn measure(model: &Path, cases: &Path) -> Result<Vec<HeadEvaluation>> {
    let encoder = load_encoder(model)?;
    ensure!(
        !encoder.heads().is_empty(),
        "{} has no heads",
        model.display()
    );
    let spec = HeadsSpec {
        heads: encoder
            .heads()
            .iter()
            .map(|head| HeadSpec {
                name: head.name().to_string(),
                labels: head.labels().iter().map(ToString::to_string).collect(),
            })
            .collect(),
    };
    let dataset = Dataset::read_file(cases, &spec)?;
    let texts: Vec<&str> = dataset.cases.iter().map(|c| c.text.as_str()).collect();
    let bar = progress::bar(texts.len(), "classify");
    let mut results = Vec::new();
    for texts in texts.chunks(TEXTS_AT_ONCE) {
        results.extend(encoder.classify(texts, None)?);
        bar.inc(u64::try_from(texts.len())?);
    }
    bar.finish_and_clear();

    let mut evaluations = Vec::new();
    for (position, head) in spec.heads.iter().enumerate() {
        let labelled = dataset.labelled(&head.name);
        if labelled.is_empty() {
            continue;
        }
        let classes: Vec<usize> = labelled.iter().map(|(_, class)| *class).collect();
        let rows: Vec<Vec<f32>> = labelled
            .iter()
            .map(|(index, _)| {
                let scores = &results[*index].heads[position].scores;
                scores.iter().map(|score| score.probability).collect()
            })
            .collect();
        evaluations.push(HeadEvaluation {
            head: head.name.clone(),
            figures: Figures::new(&head.labels, &classes, &rows),
        });
    }
    ensure!(!evaluations.is_empty(), "no case has a label of any head");
    Ok(evaluations)
}
