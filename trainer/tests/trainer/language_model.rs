//! The language model in its two forms, adapters between them, merging, and gradients.

use std::path::Path;

use candle_core::{Device, Tensor, Var};
use tempfile::tempdir;
use trainer::{
    export::{merge::merge, requantize::TargetType},
    language_model::{Adapter, AdapterConfig, LanguageModel, ModelConfig, Precision, peft},
    optimisation::Gradients,
};

use crate::tiny_llama::{self, HIDDEN};

const TOKENS: [u32; 9] = [3, 17, 42, 8, 8, 30, 1, 49, 12];

fn load(path: &Path) -> LanguageModel {
    LanguageModel::load(path, Precision::Dense, &Device::Cpu).unwrap()
}

fn both(folder: &Path) -> [LanguageModel; 2] {
    tiny_llama::write_folder(folder);
    let gguf = folder.join("model.gguf");
    tiny_llama::write_gguf(&gguf);
    [load(folder), load(&gguf)]
}

/// An adapter that changes something: B is not zero.
fn random_adapter(config: &ModelConfig) -> Adapter {
    let adapter = Adapter::new(AdapterConfig::all(4, 8.0), config, 1, &Device::Cpu).unwrap();
    for (index, (_, _, pair)) in adapter.pairs().enumerate() {
        let shape = pair.up.shape().clone();
        let count = shape.elem_count();
        let values: Vec<f32> = (0..count)
            .map(|n| ((n * 7 + index * 3) % 11) as f32 / 30.0 - 0.16)
            .collect();
        let values = Tensor::from_vec(values, shape, &Device::Cpu).unwrap();
        pair.up.set(&values).unwrap();
    }
    adapter
}

fn logits(model: &LanguageModel, adapter: Option<&Adapter>) -> Tensor {
    let hidden = model.hidden(&TOKENS, adapter).unwrap();
    model.logits(&hidden).unwrap().detach()
}

fn difference(one: &Tensor, other: &Tensor) -> f32 {
    let difference = (one - other).unwrap().abs().unwrap();
    difference.max_all().unwrap().to_scalar().unwrap()
}

#[test]
fn a_folder_and_a_gguf_file_of_one_model_compute_the_same() {
    let folder = tempdir().unwrap();
    let [plain, gguf] = both(folder.path());
    assert!(difference(&logits(&plain, None), &logits(&gguf, None)) < 1e-4);
}

#[test]
fn an_adapter_means_the_same_for_a_folder_and_a_gguf_file() {
    let folder = tempdir().unwrap();
    let [plain, gguf] = both(folder.path());
    let adapter = random_adapter(gguf.config());
    let saved = folder.path().join("adapter");
    peft::save(&adapter, gguf.config(), "tiny", &saved).unwrap();
    let for_plain = peft::load(&saved, plain.config(), &Device::Cpu).unwrap();
    let for_gguf = peft::load(&saved, gguf.config(), &Device::Cpu).unwrap();
    let stored = logits(&gguf, Some(&for_gguf));
    assert!(difference(&stored, &logits(&gguf, None)) > 0.1);
    // It is stored in f16, which keeps 11 bits of each number.
    assert!(difference(&stored, &logits(&gguf, Some(&adapter))) < 1e-2);
    assert!(difference(&stored, &logits(&plain, Some(&for_plain))) < 1e-4);
}

#[test]
fn merging_changes_the_weights_by_exactly_what_the_adapter_adds() {
    let folder = tempdir().unwrap();
    let [_, gguf] = both(folder.path());
    let adapter = random_adapter(gguf.config());
    let saved = folder.path().join("adapter");
    peft::save(&adapter, gguf.config(), "tiny", &saved).unwrap();
    let merged = folder.path().join("merged.gguf");
    let base = folder.path().join("model.gguf");
    merge(&base, &saved, &merged, TargetType::F32).unwrap();
    let expected = logits(&gguf, Some(&adapter));
    assert!(difference(&expected, &logits(&load(&merged), None)) < 1e-3);
    // 8 bits a weight are close, and the service loads them.
    merge(&base, &saved, &merged, TargetType::Q8_0).unwrap();
    assert!(difference(&expected, &logits(&load(&merged), None)) < 0.2);
}

#[test]
fn quantised_weights_that_are_spread_out_for_each_use_compute_the_same() {
    let folder = tempdir().unwrap();
    both(folder.path());
    let adapter = folder.path().join("adapter");
    let merged = folder.path().join("eight.gguf");
    let base = folder.path().join("model.gguf");
    let model = load(&base);
    peft::save(
        &random_adapter(model.config()),
        model.config(),
        "tiny",
        &adapter,
    )
    .unwrap();
    merge(&base, &adapter, &merged, TargetType::Q8_0).unwrap();
    let stored = LanguageModel::load(&merged, Precision::Quantised, &Device::Cpu).unwrap();
    assert!(difference(&logits(&load(&merged), None), &logits(&stored, None)) < 1e-5);
}

#[test]
fn a_folder_is_brought_to_four_bits_and_adapters_on_it_still_learn() {
    let folder = tempdir().unwrap();
    let [plain, _] = both(folder.path());
    let four = LanguageModel::load(folder.path(), Precision::Quantised, &Device::Cpu).unwrap();
    let error = difference(&logits(&plain, None), &logits(&four, None));
    // The step between 4-bit values of weights within 0.3 is 0.04.
    assert!((1e-3..0.5).contains(&error), "{error}");
    let adapter = random_adapter(four.config());
    let (_, found) = gradients(&four, &adapter, false);
    for (_, _, pair) in adapter.pairs() {
        let gradient = found.get(&pair.down).unwrap().abs().unwrap();
        assert!(gradient.max_all().unwrap().to_scalar::<f32>().unwrap() > 0.0);
    }
}

#[test]
fn an_adapter_for_another_model_is_refused_with_the_reason() {
    let folder = tempdir().unwrap();
    let [_, gguf] = both(folder.path());
    let wide = ModelConfig {
        intermediate: 96,
        ..gguf.config().clone()
    };
    let other = Adapter::new(AdapterConfig::all(4, 8.0), &wide, 1, &Device::Cpu).unwrap();
    let saved = folder.path().join("adapter");
    peft::save(&other, &wide, "other", &saved).unwrap();
    let error = peft::load(&saved, gguf.config(), &Device::Cpu).unwrap_err();
    assert!(
        format!("{error:#}").contains("another base model"),
        "{error:#}"
    );
}

fn gradients(model: &LanguageModel, adapter: &Adapter, checkpointing: bool) -> (f32, Gradients) {
    let pass = model.pass(&TOKENS, adapter, checkpointing).unwrap();
    let scores = model.reply(&pass.hidden, &TOKENS[5..]).unwrap();
    let loss = scores.log_probabilities.mean_all().unwrap().neg().unwrap();
    let store = loss.backward().unwrap();
    let mut gradients = Gradients::default();
    pass.backward(&store, &mut gradients).unwrap();
    (loss.to_scalar().unwrap(), gradients)
}

#[test]
fn gradients_are_those_of_small_differences() {
    let folder = tempdir().unwrap();
    let [_, gguf] = both(folder.path());
    let adapter = random_adapter(gguf.config());
    let (_, found) = gradients(&gguf, &adapter, false);
    let step = 1e-2;
    for (name, variable) in adapter.variables() {
        let gradient = found.get(&variable).unwrap().flatten_all().unwrap();
        let gradient: Vec<f32> = gradient.to_vec1().unwrap();
        let position = (0..gradient.len())
            .max_by(|a, b| gradient[*a].abs().total_cmp(&gradient[*b].abs()))
            .unwrap();
        let loss_at = |change: f32| {
            nudge(&variable, position, change);
            let loss = gradients(&gguf, &adapter, false).0;
            nudge(&variable, position, -change);
            loss
        };
        let slope = (loss_at(step) - loss_at(-step)) / (2.0 * step);
        let allowed = 0.02 * gradient[position].abs() + 1e-3;
        assert!(
            (slope - gradient[position]).abs() < allowed,
            "{name}: {slope} {}",
            gradient[position]
        );
    }
}

fn nudge(variable: &Var, position: usize, change: f32) {
    let mut values: Vec<f32> = variable.flatten_all().unwrap().to_vec1().unwrap();
    values[position] += change;
    let values = Tensor::from_vec(values, variable.shape(), &Device::Cpu).unwrap();
    variable.set(&values).unwrap();
}

#[test]
fn checkpointing_gives_the_same_gradients() {
    let folder = tempdir().unwrap();
    let [plain, _] = both(folder.path());
    let adapter = random_adapter(plain.config());
    let (_, whole) = gradients(&plain, &adapter, false);
    let (_, checkpointed) = gradients(&plain, &adapter, true);
    for (name, variable) in adapter.variables() {
        let (one, other) = (
            whole.get(&variable).unwrap(),
            checkpointed.get(&variable).unwrap(),
        );
        assert!(difference(one, other) < 1e-5, "{name}");
    }
}

#[test]
fn what_is_no_llama_is_refused() {
    let folder = tempdir().unwrap();
    let config = serde_json::json!({
        "architectures": ["GPT2LMHeadModel"], "hidden_size": HIDDEN, "num_hidden_layers": 1,
        "num_attention_heads": 1, "intermediate_size": 8, "vocab_size": 9,
        "max_position_embeddings": 10, "rms_norm_eps": 1e-5
    });
    std::fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
    let load = LanguageModel::load(folder.path(), Precision::Dense, &Device::Cpu);
    let error = format!("{:#}", load.err().unwrap());
    assert!(error.contains("GPT2LMHeadModel"), "{error}");
}
