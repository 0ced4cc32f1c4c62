//! Adapters in the file format of PEFT (adapter_config.json and adapter_model.safetensors), so that
//! either side can load what the other has trained. Files have Hugging Face's row order; rows of query
//! and key matrices are reordered for a model that comes from a GGUF file.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::Path,
};

use anyhow::{Context, Result, bail, ensure};
use candle_core::{DType, Device, Tensor, Var, safetensors};
use serde::{Deserialize, Serialize};

use super::{
    adapter::{Adapter, AdapterConfig, Module},
    config::{ModelConfig, RopeLayout},
};
use crate::{files, layers::LowRankPair};

const CONFIG: &str = "adapter_config.json";
const WEIGHTS: &str = "adapter_model.safetensors";

/// The keys of adapter_config.json that decide what the weights mean.
#[derive(Debug, Serialize, Deserialize)]
struct PeftConfig {
    peft_type: String,
    task_type: Option<String>,
    base_model_name_or_path: Option<String>,
    r: usize,
    lora_alpha: f64,
    #[serde(default)]
    lora_dropout: f64,
    #[serde(default = "no_bias")]
    bias: String,
    target_modules: Vec<String>,
    #[serde(default)]
    fan_in_fan_out: bool,
    #[serde(default)]
    inference_mode: bool,
    #[serde(default)]
    use_dora: bool,
    #[serde(default)]
    use_rslora: bool,
    #[serde(default)]
    modules_to_save: Option<Vec<String>>,
    #[serde(default)]
    rank_pattern: HashMap<String, usize>,
    #[serde(default)]
    alpha_pattern: HashMap<String, f64>,
}

fn no_bias() -> String {
    "none".to_owned()
}

impl PeftConfig {
    fn new(config: &AdapterConfig, base: &str) -> Self {
        Self {
            peft_type: "LORA".to_owned(),
            task_type: Some("CAUSAL_LM".to_owned()),
            base_model_name_or_path: Some(base.to_owned()),
            r: config.rank,
            lora_alpha: config.alpha,
            lora_dropout: 0.0,
            bias: no_bias(),
            target_modules: config.modules.iter().map(|m| m.name().to_owned()).collect(),
            fan_in_fan_out: false,
            inference_mode: true,
            use_dora: false,
            use_rslora: false,
            modules_to_save: None,
            rank_pattern: HashMap::new(),
            alpha_pattern: HashMap::new(),
        }
    }

    fn adapter_config(&self) -> Result<AdapterConfig> {
        ensure!(
            self.peft_type == "LORA",
            "the adapter is of type {}, only LORA is supported",
            self.peft_type
        );
        let unsupported = [
            ("use_dora", self.use_dora),
            ("fan_in_fan_out", self.fan_in_fan_out),
            ("bias", self.bias != "none"),
            (
                "modules_to_save",
                self.modules_to_save.as_ref().is_some_and(|m| !m.is_empty()),
            ),
            ("rank_pattern", !self.rank_pattern.is_empty()),
            ("alpha_pattern", !self.alpha_pattern.is_empty()),
        ];
        if let Some((name, _)) = unsupported.iter().find(|(_, is_used)| *is_used) {
            bail!("the adapter uses {name}, which is not supported");
        }
        let modules = self.target_modules.iter().map(|name| {
            let module = Module::ALL.into_iter().find(|m| m.name() == name);
            module.with_context(|| format!("the adapter changes {name}, which a llama has not"))
        });
        let mut modules = modules.collect::<Result<Vec<_>>>()?;
        modules.sort();
        // Rank-stabilised LoRA scales by alpha / √rank.
        let alpha = if self.use_rslora {
            self.lora_alpha * (self.r as f64).sqrt()
        } else {
            self.lora_alpha
        };
        Ok(AdapterConfig {
            rank: self.r,
            alpha,
            modules,
        })
    }
}

fn tensor_name(layer: usize, module: Module, part: &str) -> String {
    let (parent, name) = (module.parent(), module.name());
    format!("base_model.model.model.layers.{layer}.{parent}.{name}.lora_{part}.weight")
}

/// Writes an adapter, its numbers as f16; the folder is replaced as a whole.
///
/// # Errors
/// The disk refuses.
pub fn save(adapter: &Adapter, model: &ModelConfig, base: &str, folder: &Path) -> Result<()> {
    let mut tensors = HashMap::new();
    for (layer, module, pair) in adapter.pairs() {
        let up = reorder(
            &pair.up.as_detached_tensor(),
            module,
            model,
            Direction::ToFile,
        )?;
        let down = pair.down.as_detached_tensor();
        // Half the size; the numbers of an adapter are far from the limits of f16.
        let stored = |tensor: &Tensor| tensor.to_dtype(DType::F16)?.contiguous();
        tensors.insert(tensor_name(layer, module, "A"), stored(&down)?);
        tensors.insert(tensor_name(layer, module, "B"), stored(&up)?);
    }
    let staged = files::staging_folder(folder)?;
    let config = PeftConfig::new(&adapter.config, base);
    files::write_json(&staged.path().join(CONFIG), &config)?;
    safetensors::save(&tensors, staged.path().join(WEIGHTS))?;
    files::replace_folder(staged, folder)
}

/// Reads an adapter for `model`.
///
/// # Errors
/// A file is missing or broken, or the adapter was made for a model of another shape.
pub fn load(folder: &Path, model: &ModelConfig, device: &Device) -> Result<Adapter> {
    read(folder, model, device)
        .with_context(|| format!("cannot load the adapter {}", folder.display()))
}

fn read(folder: &Path, shape: &ModelConfig, device: &Device) -> Result<Adapter> {
    let path = folder.join(CONFIG);
    let text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let config: PeftConfig = serde_json::from_slice(&text)
        .with_context(|| format!("{} is no adapter configuration", path.display()))?;
    let config = config.adapter_config()?;
    let path = folder.join(WEIGHTS);
    let mut tensors = safetensors::load(&path, device)
        .with_context(|| format!("cannot read {}", path.display()))?;
    let mut pairs = BTreeMap::new();
    for layer in 0..shape.layers {
        for module in &config.modules {
            let (out, input) = module.dims(shape);
            let mut take = |part, expected: (usize, usize)| -> Result<Tensor> {
                let name = tensor_name(layer, *module, part);
                let tensor = tensors
                    .remove(&name)
                    .with_context(|| format!("it has no {name}: it is for another base model"))?;
                let found = tensor.dims2()?;
                ensure!(
                    found == expected,
                    "{name} is {found:?} instead of {expected:?}: it is for another base model"
                );
                Ok(tensor.to_dtype(DType::F32)?)
            };
            let down = take("A", (config.rank, input))?;
            let up = take("B", (out, config.rank))?;
            let up = reorder(&up, *module, shape, Direction::ToModel)?;
            let pair = LowRankPair {
                down: Var::from_tensor(&down)?,
                up: Var::from_tensor(&up)?,
            };
            pairs.insert((layer, *module), pair);
        }
    }
    if let Some(name) = tensors.keys().min() {
        bail!("{name} has no place in the model: it is for another base model");
    }
    Ok(Adapter::from_pairs(config, pairs))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    ToFile,
    ToModel,
}

/// Reorders rows between "the i-th with the one half a head away" (files) and "neighbours" (models of
/// GGUF files); see `permute` in llama.cpp's convert_hf_to_gguf.py.
fn reorder(
    up: &Tensor,
    module: Module,
    model: &ModelConfig,
    direction: Direction,
) -> Result<Tensor> {
    let heads = match module {
        Module::Query => model.heads,
        Module::Key => model.kv_heads,
        _ => return Ok(up.contiguous()?),
    };
    if model.rope_layout == RopeLayout::Halves {
        return Ok(up.contiguous()?);
    }
    let (out, rank) = up.dims2()?;
    let half = model.head_width / 2;
    let shape = match direction {
        Direction::ToFile => (heads, half, 2, rank),
        Direction::ToModel => (heads, 2, half, rank),
    };
    Ok(up
        .reshape(shape)?
        .transpose(1, 2)?
        .contiguous()?
        .reshape((out, rank))?)
}
