//! From labelled texts to a folder that the service loads.

use std::{fs, ops::Range, path::Path};

use encoder::testing;
use serde_json::{Value, json};
use tempfile::TempDir;
use trainer::{
    classifier::{self, TrainingOptions},
    evaluate,
};

/// Sad texts hold "alone", glad ones "happy"; between them words that say nothing.
fn lines(numbers: Range<usize>) -> String {
    let fillers = ["they", "at", "me", "i am", "laugh"];
    let line = |n: usize| {
        let (word, tone) = if n.is_multiple_of(2) {
            ("alone", "sad")
        } else {
            ("happy", "glad")
        };
        let (first, second) = (fillers[n % 5], fillers[(n / 5) % 5]);
        let text = format!("{first} {word} {second} {}", "me ".repeat(n / 25));
        json!({"id": n.to_string(), "text": text, "tone": tone}).to_string() + "\n"
    };
    numbers.map(line).collect()
}

fn train(seed: u64) -> (TempDir, TempDir, String) {
    let (data, model) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let heads = "[[heads]]\nname = \"tone\"\nlabels = [\"sad\", \"glad\"]\n";
    fs::write(data.path().join("heads.toml"), heads).unwrap();
    fs::write(data.path().join("a.jsonl"), lines(0..60)).unwrap();
    fs::write(data.path().join("holdout.jsonl"), lines(60..80)).unwrap();
    testing::write_multi_head(model.path(), 2).unwrap();
    let options = TrainingOptions {
        data: data.path().to_owned(),
        encoder: model.path().to_owned(),
        out: data.path().join("out"),
        folds: 3,
        max_epochs: 150,
        seed,
    };
    let mut printed = Vec::new();
    classifier::train(&options, &mut printed).unwrap();
    (data, model, String::from_utf8(printed).unwrap())
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn trained_heads_serve_with_the_figures_that_were_written_down() {
    let (data, model, printed) = train(1);
    assert!(printed.contains("60 texts from 1 files"), "{printed}");
    assert!(
        printed.contains("precision") && printed.contains("macro avg"),
        "{printed}"
    );

    let out = data.path().join("out");
    let mut config = json(&model.path().join("config.json"));
    config["heads"] = json(&out.join("heads.json"))["heads"].clone();
    fs::write(model.path().join("config.json"), config.to_string()).unwrap();
    let weights = model.path().join("heads.safetensors");
    fs::copy(out.join("heads.safetensors"), weights).unwrap();

    let cases = data.path().join("holdout.jsonl");
    let measured = evaluate::measure(model.path(), &cases).unwrap();
    let report = &measured[0].figures.report;
    assert!(report.macro_f1 > 0.8, "{report}");
    let written = &json(&out.join("metrics.json"))["heads"]["tone"]["holdout"]["report"];
    let written_f1 = written["macro_f1"].as_f64().unwrap();
    assert!((written_f1 - f64::from(report.macro_f1)).abs() < 1e-4);
    assert_eq!(written["confusion"], json!(report.confusion));
}

#[test]
fn the_same_seed_gives_the_same_heads() {
    let weights = |seed: u64| {
        let (data, _model, _printed) = train(seed);
        fs::read(data.path().join("out/heads.safetensors")).unwrap()
    };
    assert_eq!(weights(4), weights(4));
}

#[test]
fn a_label_with_too_few_texts_is_named() {
    let (data, model, _printed) = train(1);
    let heads = "[[heads]]\nname = \"tone\"\nlabels = [\"sad\", \"glad\", \"grim\"]\n";
    fs::write(data.path().join("heads.toml"), heads).unwrap();
    let options = TrainingOptions {
        data: data.path().to_owned(),
        encoder: model.path().to_owned(),
        out: data.path().join("never"),
        folds: 3,
        max_epochs: 10,
        seed: 1,
    };
    let error = classifier::train(&options, &mut Vec::new()).unwrap_err();
    assert!(format!("{error:#}").contains("grim"), "{error:#}");
    assert!(!options.out.exists());
}
