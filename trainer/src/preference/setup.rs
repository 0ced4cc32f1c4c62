//! What supervised and preference training have in common before their first step: the base model, the
//! chat format, the frames, the adapter, and a fingerprint of all of it.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use sha2::{Digest, Sha256};

use super::{
    examples::ExampleBuilder,
    frames::{FRAME_FILES, Frames},
    run::RunSettings,
};
use crate::{
    device::DeviceChoice,
    language_model::{Adapter, AdapterConfig, Chat, LanguageModel, Precision, peft},
};

/// The model and its surroundings.
#[derive(Debug, Clone, Args)]
pub struct ModelOptions {
    /// Base model: a GGUF file or a folder with config.json, safetensors and tokenizer.json.
    #[arg(long)]
    pub base: PathBuf,
    /// Folder with companion.md, support.md and assessment.md.
    #[arg(long, default_value = "content/prompts")]
    pub prompts: PathBuf,
    /// Examples with more tokens are left out.
    #[arg(long, default_value_t = 512)]
    pub max_tokens: usize,
    /// Keep the base model's weights quantised and spread them out for each use (QLoRA): less memory,
    /// more time. A GGUF file keeps its own blocks, the weights of a folder are brought to 4 bits.
    #[arg(long)]
    pub quantised: bool,
    /// Where to compute.
    #[arg(long, value_enum, default_value_t = DeviceChoice::Auto)]
    pub device: DeviceChoice,
}

/// Shape of a new adapter.
#[derive(Debug, Clone, Args)]
pub struct AdapterOptions {
    /// Rank of the adapter's matrices.
    #[arg(long, default_value_t = 16)]
    pub rank: usize,
    /// The adapter's effect is scaled by alpha / rank.
    #[arg(long, default_value_t = 32.0)]
    pub alpha: f64,
}

/// A loaded base model with everything that turns words into examples.
pub struct Workbench {
    /// The base model.
    pub model: LanguageModel,
    /// Makes examples.
    pub builder: ExampleBuilder,
    /// The name under which adapters refer to the base.
    pub base_name: String,
}

impl ModelOptions {
    /// The files of the frames, on which every example depends.
    #[must_use]
    pub fn frame_files(&self) -> [PathBuf; 4] {
        FRAME_FILES.map(|name| self.prompts.join(name))
    }

    /// Loads it all.
    ///
    /// # Errors
    /// Something is missing or broken; the message names it.
    pub fn load(&self) -> Result<Workbench> {
        let precision = if self.quantised {
            Precision::Quantised
        } else {
            Precision::Dense
        };
        let model = LanguageModel::load(&self.base, precision, &self.device.open()?)?;
        let chat = Chat::load(&self.base)?;
        let builder = ExampleBuilder {
            encoder: chat.encoder,
            end_of_turn: chat.end_of_turn,
            frames: Frames::read(&self.prompts)?,
            max_tokens: self.max_tokens.min(model.config().context),
        };
        let name = self.base.file_stem().unwrap_or(self.base.as_os_str());
        Ok(Workbench {
            model,
            builder,
            base_name: name.to_string_lossy().into_owned(),
        })
    }
}

impl Workbench {
    /// The adapter to begin with: a given one, or a new one that changes nothing yet.
    ///
    /// # Errors
    /// The given one does not fit the base model.
    pub fn adapter(
        &self,
        from: Option<&PathBuf>,
        options: &AdapterOptions,
        run: &RunSettings,
    ) -> Result<Adapter> {
        match from {
            Some(folder) => peft::load(folder, self.model.config(), self.model.device()),
            None => Adapter::new(
                AdapterConfig::all(options.rank, options.alpha),
                self.model.config(),
                run.seed,
                self.model.device(),
            ),
        }
    }
}

/// The first 16 hexadecimal digits of a SHA-256 over a description of the run and the files it reads.
///
/// # Errors
/// A file cannot be read.
pub fn fingerprint(description: &str, files: &[PathBuf]) -> Result<String> {
    let mut hash = Sha256::new();
    hash.update(description);
    for path in files {
        let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        hash.update(Sha256::digest(&bytes));
    }
    let digest = hash.finalize();
    Ok(digest
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect())
}
