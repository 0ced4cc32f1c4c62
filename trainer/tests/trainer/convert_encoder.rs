//! BERT to DistilBERT: the same numbers come out, and nothing half-written stays behind.

use std::{collections::HashMap, fs, path::Path};

use candle_core::{DType, Device, Tensor, safetensors};
use encoder::{Encoder, testing};
use serde_json::json;
use tempfile::TempDir;
use trainer::export::convert_encoder::convert_encoder;

/// DistilBERT's name of a part, and BERT's.
const PARTS: [(&str, &str); 10] = [
    ("distilbert.transformer.layer", "encoder.layer"),
    ("attention.q_lin", "attention.self.query"),
    ("attention.k_lin", "attention.self.key"),
    ("attention.v_lin", "attention.self.value"),
    ("attention.out_lin", "attention.output.dense"),
    ("sa_layer_norm", "attention.output.LayerNorm"),
    ("ffn.lin1", "intermediate.dense"),
    ("ffn.lin2", "output.dense"),
    ("output_layer_norm", "output.LayerNorm"),
    ("distilbert.embeddings", "embeddings"),
];

/// A tiny DistilBERT folder, and the BERT folder that must become the same.
pub(crate) fn twins() -> (TempDir, TempDir) {
    let distilbert = tempfile::tempdir().unwrap();
    testing::write_multi_head(distilbert.path(), 11).unwrap();
    let weights = safetensors::load(distilbert.path().join("model.safetensors"), &Device::Cpu);
    let token_types = Tensor::arange(0.0, (2 * testing::DIM) as f32, &Device::Cpu).unwrap();
    let token_types = token_types.reshape((2, testing::DIM)).unwrap();
    let mut bert = HashMap::new();
    for (name, mut tensor) in weights.unwrap() {
        let name = PARTS
            .iter()
            .fold(name, |name, (new, old)| name.replace(new, old));
        if name == "embeddings.position_embeddings.weight" {
            tensor = tensor.broadcast_sub(&token_types.get(0).unwrap()).unwrap();
        }
        bert.insert(name, tensor);
    }
    bert.insert(
        "embeddings.token_type_embeddings.weight".to_owned(),
        token_types,
    );
    let pooler = Tensor::zeros((2, 2), DType::F32, &Device::Cpu).unwrap();
    bert.insert("pooler.dense.weight".to_owned(), pooler);

    let folder = tempfile::tempdir().unwrap();
    safetensors::save(&bert, folder.path().join("model.safetensors")).unwrap();
    fs::copy(
        distilbert.path().join("tokenizer.json"),
        folder.path().join("tokenizer.json"),
    )
    .unwrap();
    let vocab = bert["embeddings.word_embeddings.weight"].dims()[0];
    let config = json!({
        "model_type": "bert", "hidden_act": "gelu", "hidden_size": testing::DIM,
        "intermediate_size": testing::HIDDEN_DIM, "layer_norm_eps": 1e-12,
        "max_position_embeddings": testing::MAX_TOKENS, "vocab_size": vocab,
        "num_attention_heads": testing::ATTENTION_HEADS, "num_hidden_layers": testing::LAYERS,
    });
    fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
    (distilbert, folder)
}

fn embedding(folder: &Path) -> Vec<Vec<f32>> {
    let encoder = Encoder::load_exact(folder).unwrap();
    encoder
        .embed(&["they laugh at me"])
        .unwrap()
        .to_vec2()
        .unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

#[test]
fn the_converted_model_computes_what_the_original_does() {
    let (distilbert, bert) = twins();
    let out = tempfile::tempdir().unwrap();
    let to = out.path().join("models/converted");
    convert_encoder(bert.path(), None, &to).unwrap();
    for (found, expected) in embedding(&to)[0]
        .iter()
        .zip(&embedding(distilbert.path())[0])
    {
        assert!((found - expected).abs() < 1e-4, "{found} is not {expected}");
    }
    assert!(Encoder::load(&to).unwrap().heads().is_empty());
}

#[test]
fn heads_travel_along_and_an_old_folder_is_replaced_as_a_whole() {
    let (distilbert, bert) = twins();
    let heads = tempfile::tempdir().unwrap();
    fs::copy(
        distilbert.path().join("heads.safetensors"),
        heads.path().join("heads.safetensors"),
    )
    .unwrap();
    let list = json!({"heads": [{"name": "topic", "labels": ["a", "b", "c"], "temperature": 1.5}]});
    fs::write(heads.path().join("heads.json"), list.to_string()).unwrap();

    let out = tempfile::tempdir().unwrap();
    let to = out.path().join("converted");
    fs::create_dir(&to).unwrap();
    fs::write(to.join("stale"), "old").unwrap();
    convert_encoder(bert.path(), Some(heads.path()), &to).unwrap();
    let files = [
        "config.json",
        "heads.safetensors",
        "model.safetensors",
        "tokenizer.json",
    ];
    assert_eq!(names(&to), files);
    assert_eq!(names(out.path()), ["converted"]);
    let encoder = Encoder::load_exact(&to).unwrap();
    assert_eq!(&**encoder.heads()[0].name(), "topic");
}

#[test]
fn a_failed_conversion_leaves_the_old_folder_and_nothing_else() {
    let (_distilbert, bert) = twins();
    let out = tempfile::tempdir().unwrap();
    let to = out.path().join("converted");
    fs::create_dir(&to).unwrap();
    fs::write(to.join("kept"), "old").unwrap();
    fs::write(bert.path().join("tokenizer.json"), "{}").unwrap();
    convert_encoder(bert.path(), None, &to).unwrap_err();
    assert_eq!(names(&to), ["kept"]);
    assert_eq!(names(out.path()), ["converted"]);

    fs::write(bert.path().join("model.safetensors"), "short").unwrap();
    let error = convert_encoder(bert.path(), None, &to).unwrap_err();
    assert!(
        format!("{error:#}").contains("model.safetensors"),
        "{error:#}"
    );
}
