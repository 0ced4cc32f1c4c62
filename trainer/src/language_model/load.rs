//! Reads a model from a GGUF file (weights may stay quantised) or from a folder with config.json and
//! safetensors files (weights may be quantised). Names are Hugging Face's; GGUF has its own for the same tensors.

use std::{
    collections::{BTreeSet, HashMap},
    fs::{self, File},
    io::BufReader,
    path::Path,
    sync::Arc,
};

use anyhow::{Context, Result, bail, ensure};
use candle_core::{
    DType, Device, Tensor,
    quantized::{GgmlDType, QTensor, gguf_file::Content},
    safetensors,
};
use serde::Deserialize;

use super::{adapter::Module, config::ModelConfig, layer::Layer, model::LanguageModel};
use crate::layers::FrozenMatrix;

/// Where tensors come from.
trait Source {
    /// A matrix that is not trained.
    fn matrix(&mut self, name: &str) -> Result<FrozenMatrix>;
    /// A tensor as numbers.
    fn numbers(&mut self, name: &str) -> Result<Tensor>;
    fn has(&self, name: &str) -> bool;
    fn device(&self) -> Device;
}

struct GgufSource<'a> {
    content: &'a Content,
    reader: BufReader<File>,
    device: Device,
    /// Whether matrices are spread out once, which is faster and takes four times the memory of 8 bits.
    dense: bool,
}

struct FolderSource {
    tensors: HashMap<String, Tensor>,
    device: Device,
    /// Whether matrices are brought to 4 bits.
    four_bits: bool,
}

/// How the weights are held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// 32 bits a weight.
    Dense,
    /// As a GGUF file has them; those of a folder are brought to 4 bits while it is loaded.
    Quantised,
}

impl LanguageModel {
    /// Loads a GGUF file or a model folder.
    ///
    /// # Errors
    /// It is missing, broken, or of another architecture.
    pub fn load(path: &Path, precision: Precision, device: &Device) -> Result<Self> {
        if path.is_dir() {
            let config = ModelConfig::from_folder(path)?;
            let tensors = folder_tensors(path)?;
            let mut source = FolderSource {
                tensors,
                device: device.clone(),
                four_bits: precision == Precision::Quantised,
            };
            return build(config, &mut source)
                .with_context(|| format!("cannot load {}", path.display()));
        }
        let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
        let mut reader = BufReader::with_capacity(1 << 20, file);
        let content = Content::read(&mut reader)
            .with_context(|| format!("{} is not a readable GGUF file", path.display()))?;
        let config = ModelConfig::from_gguf(&content)
            .with_context(|| format!("cannot load {}", path.display()))?;
        let mut source = GgufSource {
            content: &content,
            reader,
            device: device.clone(),
            dense: precision == Precision::Dense,
        };
        build(config, &mut source).with_context(|| format!("cannot load {}", path.display()))
    }
}

fn build(config: ModelConfig, source: &mut impl Source) -> Result<LanguageModel> {
    let device = source.device();
    let embeddings = source.matrix("model.embed_tokens.weight")?;
    check(
        &embeddings,
        "embeddings",
        (config.vocabulary, config.hidden),
    )?;
    let head = if source.has("lm_head.weight") {
        source.matrix("lm_head.weight")?
    } else {
        embeddings.clone()
    };
    check(&head, "lm_head", (config.vocabulary, config.hidden))?;
    let layers = (0..config.layers)
        .map(|index| layer(index, &config, source))
        .collect::<Result<_>>()?;
    Ok(LanguageModel {
        norm: source.numbers("model.norm.weight")?,
        embeddings,
        layers,
        head,
        config,
        device,
    })
}

fn layer(index: usize, config: &ModelConfig, source: &mut impl Source) -> Result<Layer> {
    let mut matrices = Vec::with_capacity(Module::ALL.len());
    for module in Module::ALL {
        let name = weight_name(index, module);
        let matrix = source.matrix(&name)?;
        check(&matrix, &name, module.dims(config))?;
        matrices.push(matrix);
    }
    let Ok(matrices) = matrices.try_into() else {
        bail!("a layer without all matrices");
    };
    Ok(Layer {
        index,
        attention_norm: source.numbers(&format!("model.layers.{index}.input_layernorm.weight"))?,
        feed_forward_norm: source.numbers(&format!(
            "model.layers.{index}.post_attention_layernorm.weight"
        ))?,
        matrices,
    })
}

/// Hugging Face's name of a layer's matrix.
#[must_use]
pub fn weight_name(layer: usize, module: Module) -> String {
    let (parent, name) = (module.parent(), module.name());
    format!("model.layers.{layer}.{parent}.{name}.weight")
}

/// The name that GGUF files use for a tensor of Hugging Face's name.
///
/// # Errors
/// There is no such tensor in a llama.
pub fn gguf_name(name: &str) -> Result<String> {
    let fixed = match name {
        "model.embed_tokens.weight" => Some("token_embd.weight"),
        "model.norm.weight" => Some("output_norm.weight"),
        "lm_head.weight" => Some("output.weight"),
        _ => None,
    };
    if let Some(fixed) = fixed {
        return Ok(fixed.to_owned());
    }
    let parts: Vec<&str> = name.split('.').collect();
    let (Some(layer), Some(part)) = (parts.get(2), parts.len().checked_sub(2)) else {
        bail!("{name} is no tensor of a llama");
    };
    let part = match parts[part] {
        "input_layernorm" => "attn_norm",
        "post_attention_layernorm" => "ffn_norm",
        "q_proj" => "attn_q",
        "k_proj" => "attn_k",
        "v_proj" => "attn_v",
        "o_proj" => "attn_output",
        "gate_proj" => "ffn_gate",
        "up_proj" => "ffn_up",
        "down_proj" => "ffn_down",
        _ => bail!("{name} is no tensor of a llama"),
    };
    Ok(format!("blk.{layer}.{part}.weight"))
}

fn check(matrix: &FrozenMatrix, name: &str, expected: (usize, usize)) -> Result<()> {
    let found = matrix.dims()?;
    ensure!(
        found == expected,
        "{name} has the shape {found:?} instead of {expected:?}"
    );
    Ok(())
}

impl Source for GgufSource<'_> {
    fn matrix(&mut self, name: &str) -> Result<FrozenMatrix> {
        let name = gguf_name(name)?;
        let tensor = self
            .content
            .tensor(&mut self.reader, &name, &self.device)
            .with_context(|| format!("cannot read tensor {name}"))?;
        Ok(if self.dense {
            FrozenMatrix::Dense(tensor.dequantize(&self.device)?)
        } else {
            FrozenMatrix::Quantised(Arc::new(tensor), self.device.clone())
        })
    }

    fn numbers(&mut self, name: &str) -> Result<Tensor> {
        Ok(self.matrix(name)?.dense()?)
    }

    fn has(&self, name: &str) -> bool {
        gguf_name(name).is_ok_and(|name| self.content.tensor_infos.contains_key(&name))
    }

    fn device(&self) -> Device {
        self.device.clone()
    }
}

impl Source for FolderSource {
    /// 4 bits are Q4_K (blocks of 256 with 6-bit scales), or Q4_0 for rows that do not fit into such blocks.
    fn matrix(&mut self, name: &str) -> Result<FrozenMatrix> {
        if !self.four_bits {
            return Ok(FrozenMatrix::Dense(self.numbers(name)?));
        }
        // Removed, so that not all weights are in memory twice.
        let tensor = self.tensors.remove(name);
        let tensor = tensor.with_context(|| format!("there is no tensor {name}"))?;
        let width = tensor.dims2()?.1;
        let kind = [GgmlDType::Q4K, GgmlDType::Q4_0]
            .into_iter()
            .find(|kind| width.is_multiple_of(kind.block_size()))
            .with_context(|| format!("{name} has rows of {width}, which no 4-bit block divides"))?;
        let quantised = QTensor::quantize_onto(&tensor, kind, &self.device)?;
        Ok(FrozenMatrix::Quantised(
            Arc::new(quantised),
            self.device.clone(),
        ))
    }

    fn numbers(&mut self, name: &str) -> Result<Tensor> {
        let tensor = self.tensors.get(name);
        let tensor = tensor.with_context(|| format!("there is no tensor {name}"))?;
        Ok(tensor.to_device(&self.device)?.to_dtype(DType::F32)?)
    }

    fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    fn device(&self) -> Device {
        self.device.clone()
    }
}

/// The files of model.safetensors.index.json, or model.safetensors alone, in main memory.
fn folder_tensors(folder: &Path) -> Result<HashMap<String, Tensor>> {
    #[derive(Deserialize)]
    struct Index {
        weight_map: HashMap<String, String>,
    }
    let index = folder.join("model.safetensors.index.json");
    let names = if index.exists() {
        let index: Index = serde_json::from_slice(&fs::read(&index)?)
            .with_context(|| format!("{} is broken", index.display()))?;
        index.weight_map.into_values().collect()
    } else {
        BTreeSet::from(["model.safetensors".to_owned()])
    };
    let mut tensors = HashMap::new();
    for name in names {
        let path = folder.join(name);
        let loaded = safetensors::load(&path, &Device::Cpu);
        tensors.extend(loaded.with_context(|| format!("cannot read {}", path.display()))?);
    }
    Ok(tensors)
}
