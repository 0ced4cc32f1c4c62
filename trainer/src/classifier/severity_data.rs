//! Sentences whose severity several people rated from 0 to 10, as further examples for the head "severity".

use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::{dataset::Case, heads_spec::HeadsSpec};
use crate::preference::examples::read_lines;

/// The head that is learned.
const HEAD: &str = "severity";
/// Raters whose standard deviation is above this do not agree.
const WIDEST: f64 = 2.0;
/// One of so many sentences is for validation.
const ONE_OF: usize = 8;

#[derive(Deserialize)]
struct Line {
    text: String,
    avg_severity: f64,
    sd: Number,
}

/// Some exports write numbers as text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    Number(f64),
    Text(String),
}

/// Reads the sentences whose mean is mild (up to 3), moderate (4 to 6) or severe (7 and more); what lies
/// between and what raters did not agree on is left out. Gives those to learn from and those for validation.
///
/// # Errors
/// A line that is not what it should be, or no head "severity" with these labels.
pub fn read(path: &Path, spec: &HeadsSpec) -> Result<(Vec<Case>, Vec<Case>)> {
    let head = spec.heads.iter().find(|head| head.name == HEAD);
    let head = head.context("--severity-data needs a head called severity")?;
    let (mut training, mut validation) = (Vec::new(), Vec::new());
    for (index, line) in read_lines::<Line>(path)?.into_iter().enumerate() {
        let spread = match line.sd {
            Number::Number(spread) => spread,
            Number::Text(text) => text.parse().with_context(|| {
                format!("{}, line {}: sd is no number", path.display(), index + 1)
            })?,
        };
        let label = match line.avg_severity {
            _ if spread > WIDEST => continue,
            mean if mean <= 3.0 => "mild",
            mean if (4.0..=6.0).contains(&mean) => "moderate",
            mean if mean >= 7.0 => "severe",
            _ => continue,
        };
        let Some(class) = head.class(label) else {
            bail!("the head severity has no label {label}");
        };
        let case = Case {
            text: line.text,
            classes: [(HEAD.to_owned(), class)].into(),
            file: String::new(),
        };
        if index % ONE_OF == 0 {
            validation.push(case);
        } else {
            training.push(case);
        }
    }
    Ok((training, validation))
}
