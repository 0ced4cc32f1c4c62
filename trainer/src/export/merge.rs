//! Adds an adapter to the base model it was trained on and writes one GGUF file, which the service loads
//! without knowing of adapters.

use std::{collections::HashMap, fs::File, io::BufReader, path::Path};

use anyhow::{Context, Result, ensure};
use candle_core::{Device, quantized::gguf_file::Content};

use super::requantize::{Summary, TargetType, rewrite};
use crate::language_model::{
    ModelConfig, Module,
    load::{gguf_name, weight_name},
    peft,
};

/// Reads the GGUF file `base` and a PEFT adapter, writes `to`.
///
/// # Errors
/// The base is no GGUF file, the adapter is for another model, or the disk refuses. `to` is then as it was.
pub fn merge(base: &Path, adapter: &Path, to: &Path, target: TargetType) -> Result<Summary> {
    ensure!(
        base.is_file(),
        "{} is not a file: merging needs the base model as GGUF. A model folder is served with its adapter as it \
         is",
        base.display()
    );
    let file = File::open(base).with_context(|| format!("cannot open {}", base.display()))?;
    let content = Content::read(&mut BufReader::with_capacity(1 << 20, file))
        .with_context(|| format!("{} is not a readable GGUF file", base.display()))?;
    let config = ModelConfig::from_gguf(&content)?;
    let adapter = peft::load(adapter, &config, &Device::Cpu)?;
    let mut places: HashMap<String, (usize, Module)> = HashMap::new();
    for (layer, module, _) in adapter.pairs() {
        places.insert(gguf_name(&weight_name(layer, module))?, (layer, module));
    }
    rewrite(base, to, target, &|name, weight| {
        let Some((layer, module)) = places.get(name) else {
            return Ok(None);
        };
        let delta = adapter.merged_delta(*layer, *module)?;
        delta.map(|delta| Ok((weight + delta)?)).transpose()
    })
}
