//! Which texts are learned from and which are only looked at.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use rand::{SeedableRng, rngs::StdRng, seq::SliceRandom};

use super::{
    TrainingOptions,
    dataset::{Case, Dataset},
    heads_spec::HeadsSpec,
};

/// One of so many texts is for validation when no files are named.
const ONE_OF: usize = 10;

/// Training and validation texts: whole files when they are named, otherwise a tenth of the texts of each
/// combination of labels.
pub(super) fn split(
    dataset: &Dataset,
    spec: &HeadsSpec,
    options: &TrainingOptions,
) -> Result<(Vec<Case>, Vec<Case>)> {
    let is_validation = if options.validation.is_empty() {
        by_labels(dataset, spec, options.seed)
    } else {
        for name in &options.validation {
            ensure!(
                dataset.files.contains_key(name),
                "--validation {name}: there is no such file among the training files"
            );
        }
        let cases = dataset.cases.iter();
        cases
            .map(|case| options.validation.contains(&case.file))
            .collect()
    };
    let of = |wanted: bool| -> Vec<Case> {
        let cases = dataset.cases.iter().zip(&is_validation);
        cases
            .filter(|(_, is_validation)| **is_validation == wanted)
            .map(|(case, _)| case.clone())
            .collect()
    };
    let (training, validation) = (of(false), of(true));
    ensure!(
        !training.is_empty() && !validation.is_empty(),
        "{} texts to learn from and {} for validation: both are needed",
        training.len(),
        validation.len()
    );
    Ok((training, validation))
}

fn by_labels(dataset: &Dataset, spec: &HeadsSpec, seed: u64) -> Vec<bool> {
    let mut groups: BTreeMap<Vec<Option<usize>>, Vec<usize>> = BTreeMap::new();
    for (index, case) in dataset.cases.iter().enumerate() {
        let heads = spec.heads.iter();
        let labels = heads.map(|head| case.classes.get(&head.name).copied());
        groups.entry(labels.collect()).or_default().push(index);
    }
    let mut random = StdRng::seed_from_u64(seed);
    let mut is_validation = vec![false; dataset.cases.len()];
    // Counting goes on from group to group, so that small groups have their share as well.
    let mut number = 0;
    for (_, mut members) in groups {
        members.shuffle(&mut random);
        for member in members {
            is_validation[member] = number % ONE_OF == 0;
            number += 1;
        }
    }
    is_validation
}
