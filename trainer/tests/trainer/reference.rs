//! Our model, our adapters and our loss beside those of the libraries that everybody uses: a llama of
//! transformers, two adapters of PEFT and the figures of TRL's DPO trainer, made by `references/make.py`.

use std::{collections::HashMap, fs, path::PathBuf};

use candle_core::Device;
use serde::Deserialize;
use trainer::{
    language_model::{Adapter, LanguageModel, Precision, ReplyScores, peft},
    preference::loss::{ReferenceLogps, dpo_loss},
};

#[derive(Deserialize)]
struct Expected {
    beta: f64,
    pairs: Vec<Pair>,
}

#[derive(Deserialize)]
struct Pair {
    prompt_ids: Vec<u32>,
    chosen_ids: Vec<u32>,
    rejected_ids: Vec<u32>,
    last_logits: Vec<f32>,
    #[serde(flatten)]
    figures: HashMap<String, f64>,
}

fn folder() -> PathBuf {
    PathBuf::from("tests/references")
}

fn expected() -> Expected {
    serde_json::from_slice(&fs::read(folder().join("expected.json")).unwrap()).unwrap()
}

fn base() -> LanguageModel {
    LanguageModel::load(&folder().join("base"), Precision::Dense, &Device::Cpu).unwrap()
}

fn adapter(model: &LanguageModel, name: &str) -> Adapter {
    peft::load(&folder().join(name), model.config(), &Device::Cpu).unwrap()
}

fn scores(model: &LanguageModel, adapter: &Adapter, prompt: &[u32], reply: &[u32]) -> ReplyScores {
    let tokens = [prompt, reply].concat();
    let hidden = model.hidden(&tokens, Some(adapter)).unwrap().detach();
    model.reply(&hidden, reply).unwrap()
}

#[test]
fn an_adapter_of_peft_gives_the_logits_that_it_gives_there() {
    let model = base();
    let policy = adapter(&model, "policy");
    for pair in expected().pairs {
        let tokens = [pair.prompt_ids.as_slice(), &pair.chosen_ids].concat();
        let hidden = model.hidden(&tokens, Some(&policy)).unwrap();
        let logits = model.logits(&hidden).unwrap().detach();
        let rows = logits.to_vec2::<f32>().unwrap();
        for (found, expected) in rows.last().unwrap().iter().zip(&pair.last_logits) {
            assert!((found - expected).abs() < 1e-4, "{found} {expected}");
        }
    }
}

#[test]
fn the_loss_and_every_logged_figure_are_those_of_trl() {
    let model = base();
    let (policy, reference) = (adapter(&model, "policy"), adapter(&model, "reference"));
    let Expected { beta, pairs } = expected();
    for pair in pairs {
        let by =
            |adapter: &Adapter, reply: &[u32]| scores(&model, adapter, &pair.prompt_ids, reply);
        let chosen = by(&policy, &pair.chosen_ids);
        let rejected = by(&policy, &pair.rejected_ids);
        let sum = |scores: &ReplyScores| scores.log_probabilities.sum_all().unwrap();
        let number = |scores: &ReplyScores| f64::from(sum(scores).to_scalar::<f32>().unwrap());
        let logps = ReferenceLogps {
            chosen: number(&by(&reference, &pair.chosen_ids)),
            rejected: number(&by(&reference, &pair.rejected_ids)),
        };
        let found = dpo_loss(&sum(&chosen), &sum(&rejected), logps, beta).unwrap();
        let mean = |scores: &ReplyScores| f64::from(scores.mean_logit.to_scalar::<f32>().unwrap());
        let margin = found.chosen_reward - found.rejected_reward;
        let figures = [
            ("loss", f64::from(found.loss.to_scalar::<f32>().unwrap())),
            ("rewards/chosen", found.chosen_reward),
            ("rewards/rejected", found.rejected_reward),
            ("rewards/margins", margin),
            ("rewards/accuracies", f64::from(u8::from(margin > 0.0))),
            ("logps/chosen", number(&chosen)),
            ("logps/rejected", number(&rejected)),
            ("logits/chosen", mean(&chosen)),
            ("logits/rejected", mean(&rejected)),
        ];
        for (name, value) in figures {
            let expected = pair.figures[name];
            let allowed = 1e-5 * expected.abs().max(1.0);
            assert!(
                (value - expected).abs() < allowed,
                "{name}: {value} {expected}"
            );
        }
    }
}
