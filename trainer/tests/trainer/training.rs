//! From labelled texts to a folder that the service loads.

use std::{fs, io::ErrorKind, ops::Range, path::Path, process::Command};

use candle_core::Device;
use serde_json::{Value, json};
use tempfile::TempDir;
use trainer::{
    classifier::{
        self, TrainingOptions,
        encoder_graph::{EncoderAdapter, EncoderGraph},
    },
    device::DeviceChoice,
    evaluate,
    export::convert_encoder::convert_encoder,
};

use crate::convert_encoder::twins;

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

fn options(data: &Path, encoder: &Path, seed: u64) -> TrainingOptions {
    TrainingOptions {
        data: data.to_owned(),
        encoder: encoder.to_owned(),
        out: data.join("out"),
        validation: Vec::new(),
        severity_data: None,
        pairs: Vec::new(),
        balance: Vec::new(),
        max_epochs: 30,
        patience: 10,
        batch: 8,
        learning_rate: 0.01,
        weight_decay: 0.01,
        label_smoothing: 0.05,
        rank: 4,
        alpha: 8.0,
        seed,
        drop_tokens: 0.0,
        dropout: 0.0,
        average: Vec::new(),
        device: DeviceChoice::Cpu,
    }
}

/// Data with the result of a training, the BERT folder that the encoder came from, and what was printed.
fn train(seed: u64) -> (TempDir, TempDir, String) {
    let data = tempfile::tempdir().unwrap();
    let (model, bert) = twins();
    let heads = "[[heads]]\nname = \"tone\"\nlabels = [\"sad\", \"glad\"]\n";
    fs::write(data.path().join("heads.toml"), heads).unwrap();
    fs::write(data.path().join("a.jsonl"), lines(0..60)).unwrap();
    fs::write(data.path().join("holdout.jsonl"), lines(60..80)).unwrap();
    let options = options(data.path(), model.path(), seed);
    let mut printed = Vec::new();
    classifier::train(&options, &mut printed).unwrap();
    (data, bert, String::from_utf8(printed).unwrap())
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn trained_heads_serve_with_the_figures_that_were_written_down() {
    let (data, bert, printed) = train(1);
    assert!(printed.contains("60 texts from 1 files"), "{printed}");
    assert!(
        printed.contains("precision") && printed.contains("macro avg"),
        "{printed}"
    );

    let out = data.path().join("out");
    let served = data.path().join("served");
    convert_encoder(bert.path(), Some(&out), &served).unwrap();

    let cases = data.path().join("holdout.jsonl");
    let measured = evaluate::measure(&served, &cases).unwrap();
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
        let (data, _bert, _printed) = train(seed);
        fs::read(data.path().join("out/heads.safetensors")).unwrap()
    };
    assert_eq!(weights(4), weights(4));
}

#[test]
fn the_average_of_a_training_with_itself_is_that_training() {
    let (data, _bert, _printed) = train(1);
    let (model, _) = twins();
    let one = data.path().join("out");
    let averaged = TrainingOptions {
        out: data.path().join("averaged"),
        average: vec![one.clone(), one.clone()],
        ..options(data.path(), model.path(), 1)
    };
    classifier::train(&averaged, &mut Vec::new()).unwrap();
    let figures = |folder: &Path| {
        let report = &json(&folder.join("metrics.json"))["heads"]["tone"]["holdout"]["report"];
        report["confusion"].clone()
    };
    assert_eq!(figures(&one), figures(&averaged.out));
    let rank = |folder: &Path| {
        let tensors =
            candle_core::safetensors::load(folder.join("heads.safetensors"), &Device::Cpu);
        tensors.unwrap()["adapter.transformer.layer.0.ffn.lin1.A"].dims()[0]
    };
    assert_eq!(rank(&one), rank(&averaged.out));
}

#[test]
fn a_label_with_too_few_texts_is_named() {
    let (data, _bert, _printed) = train(1);
    let (model, _) = twins();
    let heads = "[[heads]]\nname = \"tone\"\nlabels = [\"sad\", \"glad\", \"grim\"]\n";
    fs::write(data.path().join("heads.toml"), heads).unwrap();
    let options = TrainingOptions {
        out: data.path().join("never"),
        ..options(data.path(), model.path(), 1)
    };
    let error = classifier::train(&options, &mut Vec::new()).unwrap_err();
    assert!(format!("{error:#}").contains("grim"), "{error:#}");
    assert!(!options.out.exists());
}

#[test]
fn a_loss_that_is_no_number_names_the_batch_and_leaves_the_result_before() {
    let (data, _bert, _printed) = train(1);
    let (model, _) = twins();
    let before = fs::read(data.path().join("out/heads.safetensors")).unwrap();
    let options = TrainingOptions {
        learning_rate: 1e30,
        ..options(data.path(), model.path(), 2)
    };
    let error = format!(
        "{:#}",
        classifier::train(&options, &mut Vec::new()).unwrap_err()
    );
    assert!(error.contains("epoch 1, batch "), "{error}");
    assert!(error.contains("try a smaller --learning-rate"), "{error}");
    let after = fs::read(options.out.join("heads.safetensors")).unwrap();
    assert_eq!(before, after);
}

/// A file system of 256 kB, unmounted when dropped.
struct SmallDisk(TempDir);

impl SmallDisk {
    /// None, with the reason on standard error, where mounting is not allowed.
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=256k", "tmpfs"])
            .arg(folder.path())
            .output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Self(folder));
        }
        eprintln!("skipped: a small file system cannot be mounted; run as root");
        None
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[test]
fn a_full_disk_is_an_error_that_leaves_the_result_before() {
    let Some(disk) = SmallDisk::mount() else {
        return;
    };
    let (data, _bert, _printed) = train(1);
    let (model, _) = twins();
    let options = TrainingOptions {
        out: disk.0.path().join("out"),
        ..options(data.path(), model.path(), 1)
    };
    classifier::train(&options, &mut Vec::new()).unwrap();
    let before = fs::read(options.out.join("heads.safetensors")).unwrap();
    let filler = fs::write(disk.0.path().join("filler"), vec![0; 1 << 20]);
    assert_eq!(filler.unwrap_err().kind(), ErrorKind::StorageFull);
    let again = TrainingOptions { seed: 2, ..options };
    let error = format!(
        "{:#}",
        classifier::train(&again, &mut Vec::new()).unwrap_err()
    );
    assert!(error.contains("No space left"), "{error}");
    let after = fs::read(again.out.join("heads.safetensors")).unwrap();
    assert_eq!(before, after);
}

#[test]
fn the_encoder_computes_the_same_where_it_is_trained_and_where_it_is_served() {
    let (model, _) = twins();
    let served = encoder::Encoder::load_exact(model.path()).unwrap();
    let graph = EncoderGraph::read(model.path(), &Device::Cpu).unwrap();
    let adapter = EncoderAdapter::new(&graph, 2, 4.0, 1).unwrap();
    let texts = ["sad", "so very glad to see you", "not glad, sad"];
    let expected = served.embed(&texts).unwrap();
    let tokens = served.encode(&texts).unwrap();
    let found = graph
        .forward(&tokens.iter().collect::<Vec<_>>(), &adapter)
        .unwrap();
    let difference = (expected - found).unwrap().abs().unwrap();
    let largest: f32 = difference.max_all().unwrap().to_scalar().unwrap();
    assert!(largest < 1e-4, "{largest}");
}
