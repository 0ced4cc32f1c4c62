//! Which lines are trained on.

use std::{fs, path::Path};

use tempfile::TempDir;
use trainer::classifier::{dataset::Dataset, heads_spec::HeadsSpec};

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        fs::write(folder.path().join(name), content).unwrap();
    }
    folder
}

fn read(folder: &Path) -> anyhow::Result<Dataset> {
    Dataset::read_training(folder, &HeadsSpec::read(folder)?)
}

#[test]
fn the_holdout_and_copies_of_it_are_left_out() {
    let folder = folder(&[
        (
            "holdout.jsonl",
            r#"{"id":"h1","text":"They laugh, at me!","topic":"other"}"#,
        ),
        (
            "a.jsonl",
            concat!(
                r#"{"id":"a1","text":"they laugh at me","topic":"other"}"#,
                "\n\n",
                r#"{"id":"a2","text":"I am alone","topic":"social_isolation","risk":"distress"}"#,
            ),
        ),
        (
            "b.jsonl",
            r#"{"id":"b1","text":"i am ALONE","topic":"other"}"#,
        ),
        ("notes.txt", "not data"),
    ]);
    let dataset = read(folder.path()).unwrap();
    let texts: Vec<&str> = dataset
        .cases
        .iter()
        .map(|case| case.text.as_str())
        .collect();
    assert_eq!(texts, ["I am alone"]);
    assert_eq!((dataset.in_holdout, dataset.duplicates), (1, 1));
    assert_eq!(dataset.labelled("topic"), [(0, 2)]);
    assert_eq!(dataset.labelled("risk"), [(0, 1)]);
    assert!(dataset.labelled("mood").is_empty());
}

#[test]
fn a_line_that_cannot_be_used_is_named_without_its_text() {
    let lines = [
        r#"{"id":"x","text":"secret words","topic":"weather"}"#,
        r#"{"id":"x","text":"secret words","topic":3}"#,
        r#"{"id":"x","text":" "}"#,
        r#"{"id":"x"}"#,
        r#"{"id":"x","text":"secret words""#,
    ];
    for line in lines {
        let folder = folder(&[("a.jsonl", line)]);
        let error = format!("{:#}", read(folder.path()).unwrap_err());
        assert!(error.contains("a.jsonl, line 1"), "{error}");
        assert!(!error.contains("secret"), "{error}");
    }
}

#[test]
fn a_new_head_is_a_matter_of_the_data_folder() {
    let folder = folder(&[
        (
            "heads.toml",
            "[[heads]]\nname = \"tone\"\nlabels = [\"low\", \"high\"]\n",
        ),
        (
            "a.jsonl",
            r#"{"id":"a","text":"x","tone":"high","topic":"anything"}"#,
        ),
    ]);
    assert_eq!(read(folder.path()).unwrap().labelled("tone"), [(0, 1)]);
}

#[test]
fn heads_that_make_no_sense_are_refused() {
    for heads in [
        "[[heads]]\nname = \"a\"\nlabels = [\"one\"]\n",
        "[[heads]]\nname = \"a\"\nlabels = [\"x\", \"y\"]\n[[heads]]\nname = \"a\"\nlabels = [\"x\", \"y\"]\n",
        "heads = 3",
    ] {
        let folder = folder(&[("heads.toml", heads)]);
        HeadsSpec::read(folder.path()).unwrap_err();
    }
    let none = folder(&[("holdout.jsonl", "")]);
    assert!(read(none.path()).is_err());
}
