//! Folders that cannot be loaded, and heads that are not there: each has its own error.

use std::{collections::HashMap, fs, path::Path};

use candle_core::{DType, Device, Tensor, safetensors};
use encoder::{Encoder, EncoderError, testing};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::multi_head;

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    testing::write_multi_head(folder.path(), 1).unwrap();
    folder
}

fn load_error(folder: &Path) -> EncoderError {
    match Encoder::load(folder) {
        Ok(_) => panic!("the folder loads"),
        Err(error) => error,
    }
}

fn change_config(folder: &Path, change: impl FnOnce(&mut Value)) {
    let path = folder.join("config.json");
    let mut config = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut config);
    fs::write(path, config.to_string()).unwrap();
}

fn change_heads(folder: &Path, change: impl FnOnce(&mut HashMap<String, Tensor>)) {
    let path = folder.join("heads.safetensors");
    let mut heads = safetensors::load(&path, &Device::Cpu).unwrap();
    change(&mut heads);
    safetensors::save(&heads, path).unwrap();
}

#[test]
fn a_missing_file_is_named() {
    for name in ["config.json", "tokenizer.json", "model.safetensors"] {
        let folder = folder();
        fs::remove_file(folder.path().join(name)).unwrap();
        let error = load_error(folder.path());
        assert!(matches!(error, EncoderError::MissingFile(_)), "{error}");
        assert!(error.to_string().contains(name));
    }
    let error = load_error(Path::new("/nowhere/at/all"));
    assert!(matches!(error, EncoderError::MissingFile(_)));
}

#[test]
fn truncated_weights_are_recognised_at_every_length() {
    let whole = folder();
    let bytes = fs::read(whole.path().join("model.safetensors")).unwrap();
    for length in [0, 4, 100, bytes.len() / 2, bytes.len() - 1] {
        let folder = folder();
        fs::write(folder.path().join("model.safetensors"), &bytes[..length]).unwrap();
        let error = load_error(folder.path());
        assert!(
            matches!(error, EncoderError::InvalidWeights { .. }),
            "{error}"
        );
    }
}

#[test]
fn weights_that_do_not_fit_the_configuration_are_refused() {
    let folder = folder();
    change_config(folder.path(), |config| config["hidden_dim"] = json!(33));
    let error = load_error(folder.path());
    let EncoderError::ShapeMismatch {
        name,
        expected,
        found,
    } = error
    else {
        panic!("{error}");
    };
    assert!(
        name.ends_with("ffn.lin1.bias") || name.ends_with("ffn.lin1.weight"),
        "{name}"
    );
    assert_eq!((expected[0], found[0]), (33, testing::HIDDEN_DIM));
}

#[test]
fn a_head_without_weights_is_refused() {
    let folder = folder();
    change_heads(folder.path(), |heads| {
        heads.remove("heads.risk.hidden.bias");
    });
    let error = load_error(folder.path());
    let EncoderError::MissingTensor(name) = error else {
        panic!("{error}");
    };
    assert_eq!(name, "heads.risk.hidden.bias");
}

#[test]
fn an_unusable_configuration_says_why() {
    let cases: [(&str, Value, &str); 5] = [
        ("n_heads", json!(3), "multiple"),
        ("activation", json!("swish"), "swish"),
        ("dim", json!(0), "dim is 0"),
        ("heads", json!([{"name": "a", "labels": []}]), "no labels"),
        (
            "heads",
            json!([{"name": "a", "labels": ["b"], "temperature": 0.0}]),
            "temperature",
        ),
    ];
    for (key, value, expected) in cases {
        let folder = folder();
        change_config(folder.path(), |config| config[key] = value);
        let error = load_error(folder.path());
        assert!(
            matches!(error, EncoderError::InvalidConfig { .. }),
            "{error}"
        );
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn a_tokenizer_with_more_tokens_than_embeddings_is_refused() {
    let folder = folder();
    change_config(folder.path(), |config| config["vocab_size"] = json!(10));
    let error = load_error(folder.path());
    assert!(
        matches!(error, EncoderError::InvalidTokenizer { .. }),
        "{error}"
    );
}

#[test]
fn half_precision_weights_load() {
    let folder = folder();
    change_heads(folder.path(), |heads| {
        for tensor in heads.values_mut() {
            *tensor = tensor.to_dtype(DType::F16).unwrap();
        }
    });
    Encoder::load(folder.path()).unwrap();
}

#[test]
fn a_name_in_the_configuration_names_a_hugging_face_head() {
    let folder = tempfile::tempdir().unwrap();
    testing::write_sequence_classification(folder.path(), &["no", "yes"], 1).unwrap();
    change_config(folder.path(), |config| {
        config["problem"] = json!("toxicity");
        config["id2label"] = Value::Null;
    });
    let encoder = Encoder::load(folder.path()).unwrap();
    let head = &encoder.heads()[0];
    assert_eq!(&**head.name(), "toxicity");
    assert_eq!(&*head.labels()[1], "LABEL_1");
}

#[test]
fn an_unknown_head_is_refused_with_what_there_is() {
    let (_folder, encoder) = multi_head();
    let wanted = ["topic".to_owned(), "humour".to_owned()];
    let error = encoder.classify(&["me"], Some(&wanted)).unwrap_err();
    let EncoderError::UnknownHead { name, known } = error else {
        panic!("{error}");
    };
    assert_eq!(name, "humour");
    assert_eq!(known, ["topic", "risk"]);
}
