//! The prompts of raw preference pairs as further examples for the heads "topic" and "severity": each pair
//! names the theme and the severity that its writer had in mind. Rows without a known theme are left out.

use std::path::PathBuf;

use anyhow::{Context, Result};

use super::{dataset::Case, heads_spec::HeadsSpec};
use crate::data::{
    raw::{RawRows, describe},
    steps::{present, standard_category, standard_severity, without_quotes},
};

/// Reads the prompts of the files, each with the classes that its row names.
///
/// # Errors
/// A line that is no pair, a severity that is none, or a head that lacks one of the labels.
pub fn read(files: &[PathBuf], spec: &HeadsSpec) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for row in RawRows::new(files) {
        let (place, row) = row?;
        let context = || describe(&files[place.file], place.line);
        let Some(prompt) = present(row.prompt.as_deref()) else {
            continue;
        };
        let Some(theme) = row.category.as_deref().and_then(standard_category) else {
            continue;
        };
        let severity = present(row.severity.as_deref())
            .map(standard_severity)
            .transpose()
            .with_context(context)?;
        let labels = [
            ("topic", Some(theme.replace(' ', "_"))),
            ("severity", severity.map(str::to_owned)),
        ];
        let mut case = Case {
            text: without_quotes(prompt).to_owned(),
            ..Case::default()
        };
        for (head, label) in labels {
            if let Some(label) = label {
                let class = class(spec, head, &label).with_context(context)?;
                case.classes.insert(head.to_owned(), class);
            }
        }
        cases.push(case);
    }
    Ok(cases)
}

fn class(spec: &HeadsSpec, name: &str, label: &str) -> Result<usize> {
    let head = spec.heads.iter().find(|head| head.name == name);
    let head = head.with_context(|| format!("--pairs needs a head called {name}"))?;
    head.class(label)
        .with_context(|| format!("the head {name} has no label {label}"))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::classifier::heads_spec::HeadSpec;

    fn spec() -> HeadsSpec {
        let head = |name: &str, labels: &[&str]| HeadSpec {
            name: name.to_owned(),
            labels: labels.iter().map(|label| (*label).to_owned()).collect(),
        };
        HeadsSpec {
            heads: vec![
                head("topic", &["cyberbullying", "social_isolation"]),
                head("severity", &["mild", "moderate", "severe"]),
            ],
        }
    }

    fn file(content: &str) -> (tempfile::TempDir, Vec<PathBuf>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pairs.jsonl");
        fs::write(&path, content).unwrap();
        (folder, vec![path])
    }

    #[test]
    fn a_prompt_has_the_theme_and_the_severity_of_its_row() {
        let (_folder, files) = file(concat!(
            r#"{"prompt": "\"nobody writes\"", "category": "Social-Isolation", "severity": "Mild"}"#,
            "\n",
            r#"{"prompt": "no theme", "category": "weather", "severity": "mild"}"#,
            "\n",
            r#"{"prompt": null, "category": "cyberbullying", "severity": "severe"}"#,
            "\n",
            r#"{"prompt": "they laughed", "category": "cyberbullying"}"#,
        ));
        let cases = read(&files, &spec()).unwrap();
        let found: Vec<_> = cases
            .iter()
            .map(|case| {
                let class = |head| case.classes.get(head).copied();
                (case.text.as_str(), class("topic"), class("severity"))
            })
            .collect();
        assert_eq!(
            found,
            [
                ("nobody writes", Some(1), Some(0)),
                ("they laughed", Some(0), None)
            ]
        );
    }

    #[test]
    fn a_theme_that_no_head_knows_is_named_with_its_line() {
        let (_folder, files) = file(r#"{"prompt": "a", "category": "social media addiction"}"#);
        let error = format!("{:#}", read(&files, &spec()).unwrap_err());
        assert!(error.contains("line 1"), "{error}");
        assert!(error.contains("social_media_addiction"), "{error}");
    }
}
