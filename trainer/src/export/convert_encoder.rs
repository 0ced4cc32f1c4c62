//! Turns a BERT folder into the DistilBERT layout that `encoder` loads, together with our heads.
//! The result computes the same: with one segment, BERT's token-type row 0 is added to every
//! position, so it is folded into the position embeddings; everything else is renamed.

use std::{collections::HashMap, fs, path::Path};

use anyhow::{Context, Result, anyhow, bail, ensure};
use candle_core::{DType, Device, IndexOp, Tensor, safetensors};
use encoder::Encoder;
use serde::Deserialize;
use serde_json::{Value, json};

use super::onnx;
use crate::files;

/// The keys of BERT's config.json that are used.
#[derive(Debug, Deserialize)]
struct BertConfig {
    hidden_act: String,
    hidden_size: usize,
    intermediate_size: usize,
    layer_norm_eps: f64,
    max_position_embeddings: usize,
    num_attention_heads: usize,
    num_hidden_layers: usize,
    #[serde(default)]
    pad_token_id: u32,
    vocab_size: usize,
}

/// BERT's name of a part of a layer, and DistilBERT's.
const LAYER_PARTS: [(&str, &str); 8] = [
    ("attention.self.query", "attention.q_lin"),
    ("attention.self.key", "attention.k_lin"),
    ("attention.self.value", "attention.v_lin"),
    ("attention.output.dense", "attention.out_lin"),
    ("attention.output.LayerNorm", "sa_layer_norm"),
    ("intermediate.dense", "ffn.lin1"),
    ("output.dense", "ffn.lin2"),
    ("output.LayerNorm", "output_layer_norm"),
];

/// Writes the folder `to` from the BERT folder `from` and, if given, the trained heads.
///
/// # Errors
/// A file is missing or no BERT; the result does not load. `to` is then as it was.
pub fn convert_encoder(from: &Path, heads: Option<&Path>, to: &Path) -> Result<()> {
    let config = read_json(&from.join("config.json"))?;
    let config: BertConfig =
        serde_json::from_value(config).context("config.json is not that of a BERT model")?;
    let mut weights = rename(read_weights(from)?, config.num_hidden_layers)?;

    let staged = files::staging_folder(to)?;
    let folder = staged.path();
    let mut head_list = json!([]);
    if let Some(heads) = heads {
        let mut list = read_json(&heads.join("heads.json"))?;
        let scale = list.get("adapter_scale").and_then(Value::as_f64);
        let own = merge_delta(&mut weights, &heads.join("heads.safetensors"), scale)?;
        safetensors::save(&own, folder.join("heads.safetensors"))?;
        head_list = list
            .get_mut("heads")
            .map(Value::take)
            .ok_or_else(|| anyhow!("heads.json has no list \"heads\""))?;
    }
    safetensors::save(&weights, folder.join("model.safetensors"))?;
    copy(&from.join("tokenizer.json"), &folder.join("tokenizer.json"))?;
    files::write_json(
        &folder.join("config.json"),
        &distilbert_config(&config, &head_list)?,
    )?;
    Encoder::load(folder).context("the converted folder does not load")?;
    files::replace_folder(staged, to)
}

/// Adds the trained low-rank pairs of `file` to the encoder's matrices; gives back the heads' own tensors.
fn merge_delta(
    weights: &mut HashMap<String, Tensor>,
    file: &Path,
    scale: Option<f64>,
) -> Result<HashMap<String, Tensor>> {
    let tensors = safetensors::load(file, &Device::Cpu)
        .with_context(|| format!("cannot read {}", file.display()))?;
    let (pairs, heads): (HashMap<_, _>, HashMap<_, _>) = tensors
        .into_iter()
        .partition(|(name, _)| name.starts_with("adapter."));
    for (name, down) in &pairs {
        let Some(part) = name
            .strip_prefix("adapter.")
            .and_then(|name| name.strip_suffix(".A"))
        else {
            continue;
        };
        let up = pairs.get(&format!("adapter.{part}.B"));
        let up = up.with_context(|| format!("{} has no adapter.{part}.B", file.display()))?;
        let scale = scale.context("heads.json has no adapter_scale")?;
        let weight = weights.get_mut(&format!("distilbert.{part}.weight"));
        let weight =
            weight.with_context(|| format!("{}: the base has no {part}", file.display()))?;
        let (up, down) = (up.to_dtype(DType::F32)?, down.to_dtype(DType::F32)?);
        *weight = (&*weight + (up.matmul(&down)? * scale)?)
            .with_context(|| format!("{}: {part} is for another base", file.display()))?;
    }
    Ok(heads)
}

/// Of model.safetensors, or of model.onnx when only that is there.
fn read_weights(from: &Path) -> Result<HashMap<String, Tensor>> {
    let (file, onnx) = (from.join("model.safetensors"), from.join("model.onnx"));
    if onnx.exists() && !file.exists() {
        return onnx::weights(&onnx);
    }
    let bytes = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
    safetensors::load_buffer(&bytes, &Device::Cpu)
        .with_context(|| format!("{} is not valid safetensors", file.display()))
}

fn rename(mut weights: HashMap<String, Tensor>, layers: usize) -> Result<HashMap<String, Tensor>> {
    let mut take = |name: &str| -> Result<Tensor> {
        weights
            .remove(name)
            .or_else(|| weights.remove(&format!("bert.{name}")))
            .ok_or_else(|| anyhow!("the weights have no tensor {name}"))?
            .to_dtype(DType::F32)
            .map_err(Into::into)
    };
    let mut renamed = HashMap::new();
    let positions = take("embeddings.position_embeddings.weight")?;
    let token_types = take("embeddings.token_type_embeddings.weight")?;
    renamed.insert(
        "distilbert.embeddings.position_embeddings.weight".to_owned(),
        positions.broadcast_add(&token_types.i(0)?)?,
    );
    for name in [
        "word_embeddings.weight",
        "LayerNorm.weight",
        "LayerNorm.bias",
    ] {
        renamed.insert(
            format!("distilbert.embeddings.{name}"),
            take(&format!("embeddings.{name}"))?,
        );
    }
    for layer in 0..layers {
        for (bert, distilbert) in LAYER_PARTS {
            for kind in ["weight", "bias"] {
                renamed.insert(
                    format!("distilbert.transformer.layer.{layer}.{distilbert}.{kind}"),
                    take(&format!("encoder.layer.{layer}.{bert}.{kind}"))?,
                );
            }
        }
    }
    Ok(renamed)
}

fn distilbert_config(bert: &BertConfig, heads: &Value) -> Result<Value> {
    let activation = match bert.hidden_act.as_str() {
        known @ ("gelu" | "relu") => known,
        other => bail!("activation {other:?} is not one of gelu, relu"),
    };
    ensure!(heads.is_array(), "\"heads\" in heads.json is not a list");
    Ok(json!({
        "model_type": "distilbert",
        "architectures": ["DistilBertModel"],
        "activation": activation,
        "dim": bert.hidden_size,
        "hidden_dim": bert.intermediate_size,
        "n_layers": bert.num_hidden_layers,
        "n_heads": bert.num_attention_heads,
        "max_position_embeddings": bert.max_position_embeddings,
        "layer_norm_eps": bert.layer_norm_eps,
        "vocab_size": bert.vocab_size,
        "pad_token_id": bert.pad_token_id,
        "pooling": "mean",
        "heads": heads,
    }))
}

fn read_json(path: &Path) -> Result<Value> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is not valid JSON", path.display()))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to).with_context(|| format!("cannot copy {}", from.display()))?;
    Ok(())
}
