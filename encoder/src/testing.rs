//! Writes tiny models with random weights, in our layout and in Hugging Face's, for tests that need
//! a real folder but no real model.

use std::{collections::HashMap, fs, path::Path};

use candle_core::{Device, Result, Tensor, safetensors};
use serde_json::{Value, json};

/// Sizes of the tiny models.
pub const DIM: usize = 16;
/// See [`DIM`].
pub const HIDDEN_DIM: usize = 32;
/// See [`DIM`].
pub const LAYERS: usize = 2;
/// See [`DIM`].
pub const ATTENTION_HEADS: usize = 4;
/// Longest text in tokens.
pub const MAX_TOKENS: usize = 24;

/// The heads of [`write_multi_head`].
pub const HEADS: [(&str, &[&str]); 2] = [
    ("topic", &["cyberbullying", "social_isolation", "other"]),
    ("risk", &["none", "crisis"]),
];

/// Numbers that look random and are the same on every machine.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f32 {
        // Constants of Knuth's MMIX generator; the upper bits are the good ones.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1_u64 << 24) as f32 - 0.5
    }

    fn tensor(&mut self, shape: &[usize]) -> Result<Tensor> {
        let values: Vec<f32> = (0..shape.iter().product()).map(|_| self.next()).collect();
        Tensor::from_vec(values, shape, &Device::Cpu)
    }
}

/// Letters, their continuations and a few words.
fn vocabulary() -> Vec<String> {
    let special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"].map(str::to_owned);
    let words = [
        "they", "laugh", "at", "me", "i", "am", "alone", "happy", ".",
    ]
    .map(str::to_owned);
    let letters = ('b'..='z').map(String::from);
    let endings = ('a'..='z').map(|letter| format!("##{letter}"));
    special
        .into_iter()
        .chain(words)
        .chain(letters.filter(|letter| letter != "i"))
        .chain(["a".to_owned()])
        .chain(endings)
        .collect()
}

/// The content of tokenizer.json, as that of BERT: with a padding and a truncation that the
/// encoder must replace.
fn tokenizer() -> Value {
    let vocabulary: HashMap<String, usize> = vocabulary().into_iter().zip(0..).collect();
    let special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"];
    let added: Vec<Value> = (0..)
        .zip(special)
        .map(|(id, content)| {
            json!({"id": id, "content": content, "single_word": false, "lstrip": false,
                "rstrip": false, "normalized": false, "special": true})
        })
        .collect();
    json!({
        "version": "1.0",
        "truncation": {"max_length": 8, "strategy": "LongestFirst", "stride": 0, "direction": "Right"},
        "padding": {"strategy": {"Fixed": 8}, "direction": "Right", "pad_to_multiple_of": null,
            "pad_id": 0, "pad_type_id": 0, "pad_token": "[PAD]"},
        "added_tokens": added,
        "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
            "strip_accents": null, "lowercase": true},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}},
                {"Sequence": {"id": "A", "type_id": 0}},
                {"SpecialToken": {"id": "[SEP]", "type_id": 0}}],
            "pair": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}},
                {"Sequence": {"id": "A", "type_id": 0}},
                {"SpecialToken": {"id": "[SEP]", "type_id": 0}},
                {"Sequence": {"id": "B", "type_id": 1}},
                {"SpecialToken": {"id": "[SEP]", "type_id": 1}}],
            "special_tokens": {
                "[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]},
                "[SEP]": {"id": "[SEP]", "ids": [3], "tokens": ["[SEP]"]}}},
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100, "vocab": vocabulary},
    })
}

fn config() -> Value {
    json!({
        "model_type": "distilbert", "activation": "gelu", "dim": DIM, "hidden_dim": HIDDEN_DIM,
        "n_layers": LAYERS, "n_heads": ATTENTION_HEADS, "max_position_embeddings": MAX_TOKENS,
        "vocab_size": vocabulary().len(),
    })
}

/// Name and shape of every weight of the encoder.
fn shapes() -> Vec<(String, Vec<usize>)> {
    let mut shapes = vec![
        (
            "embeddings.word_embeddings.weight".to_owned(),
            vec![vocabulary().len(), DIM],
        ),
        (
            "embeddings.position_embeddings.weight".to_owned(),
            vec![MAX_TOKENS, DIM],
        ),
        ("embeddings.LayerNorm.weight".to_owned(), vec![DIM]),
        ("embeddings.LayerNorm.bias".to_owned(), vec![DIM]),
    ];
    let linear = [
        ("attention.q_lin", DIM, DIM),
        ("attention.k_lin", DIM, DIM),
        ("attention.v_lin", DIM, DIM),
        ("attention.out_lin", DIM, DIM),
        ("ffn.lin1", HIDDEN_DIM, DIM),
        ("ffn.lin2", DIM, HIDDEN_DIM),
    ];
    for layer in 0..LAYERS {
        let prefix = format!("transformer.layer.{layer}");
        for (name, rows, columns) in linear {
            shapes.push((format!("{prefix}.{name}.weight"), vec![rows, columns]));
            shapes.push((format!("{prefix}.{name}.bias"), vec![rows]));
        }
        for name in ["sa_layer_norm", "output_layer_norm"] {
            shapes.push((format!("{prefix}.{name}.weight"), vec![DIM]));
            shapes.push((format!("{prefix}.{name}.bias"), vec![DIM]));
        }
    }
    shapes
}

fn encoder_weights(noise: &mut Noise) -> Result<HashMap<String, Tensor>> {
    let weights = shapes().into_iter().map(|(name, shape)| {
        let tensor = noise.tensor(&shape)?;
        // Scales of a layer norm lie around 1.
        let tensor = if name.contains("orm.weight") {
            (tensor + 1.0)?
        } else {
            tensor
        };
        Ok((format!("distilbert.{name}"), tensor))
    });
    weights.collect()
}

fn write(folder: &Path, config: &Value, weights: &HashMap<String, Tensor>) -> Result<()> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join("config.json"), config.to_string())?;
    fs::write(folder.join("tokenizer.json"), tokenizer().to_string())?;
    safetensors::save(weights, folder.join("model.safetensors"))
}

/// A folder in our layout with [`HEADS`]; the second head has a hidden layer and a temperature.
///
/// # Errors
/// The disk refuses.
pub fn write_multi_head(folder: &Path, seed: u64) -> Result<()> {
    let mut noise = Noise(seed);
    let mut config = config();
    config["pooling"] = json!("mean");
    config["heads"] = json!([
        {"name": HEADS[0].0, "labels": HEADS[0].1},
        {"name": HEADS[1].0, "labels": HEADS[1].1, "temperature": 2.0, "hidden": "gelu"},
    ]);
    write(folder, &config, &encoder_weights(&mut noise)?)?;
    let mut heads = HashMap::new();
    for (name, labels) in HEADS {
        heads.insert(
            format!("heads.{name}.weight"),
            noise.tensor(&[labels.len(), DIM])?,
        );
        heads.insert(format!("heads.{name}.bias"), noise.tensor(&[labels.len()])?);
    }
    heads.insert(
        "heads.risk.hidden.weight".to_owned(),
        noise.tensor(&[DIM, DIM])?,
    );
    heads.insert("heads.risk.hidden.bias".to_owned(), noise.tensor(&[DIM])?);
    safetensors::save(&heads, folder.join("heads.safetensors"))
}

/// A folder as Hugging Face saves `DistilBertForSequenceClassification`.
///
/// # Errors
/// The disk refuses.
pub fn write_sequence_classification(folder: &Path, labels: &[&str], seed: u64) -> Result<()> {
    let mut noise = Noise(seed);
    let mut config = config();
    config["architectures"] = json!(["DistilBertForSequenceClassification"]);
    let id2label: HashMap<String, &str> = labels
        .iter()
        .enumerate()
        .map(|(id, label)| (id.to_string(), *label))
        .collect();
    config["id2label"] = json!(id2label);
    let mut weights = encoder_weights(&mut noise)?;
    weights.insert(
        "pre_classifier.weight".to_owned(),
        noise.tensor(&[DIM, DIM])?,
    );
    weights.insert("pre_classifier.bias".to_owned(), noise.tensor(&[DIM])?);
    weights.insert(
        "classifier.weight".to_owned(),
        noise.tensor(&[labels.len(), DIM])?,
    );
    weights.insert("classifier.bias".to_owned(), noise.tensor(&[labels.len()])?);
    write(folder, &config, &weights)
}
