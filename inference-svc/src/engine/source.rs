//! What to load: the text of `--model` is a GGUF file, a local folder or a hub id, in this order.

use std::{
    num::NonZeroUsize,
    path::{Path, PathBuf},
};

use super::LoadError;

/// Where a model comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelSource {
    /// One quantised file.
    Gguf(PathBuf),
    /// A folder with config.json, tokenizer.json and safetensors.
    Folder(PathBuf),
    /// `owner/name` on the hub.
    Hub(String),
    /// A path where nothing is.
    Nothing(PathBuf),
}

/// Everything that decides how a model is loaded.
#[derive(Debug, Clone)]
pub struct LoadOptions {
    /// Where it comes from.
    pub model: ModelSource,
    /// Name to show instead of the source's.
    pub model_name: Option<String>,
    /// LoRA adapter: PEFT folder or hub id.
    pub adapter: Option<String>,
    /// Quantise while loading.
    pub isq: Option<String>,
    /// Upper bound of the context in tokens.
    pub context_length: Option<u32>,
    /// Sequences decoded at the same time.
    pub max_running: NonZeroUsize,
    /// Finished sequences kept for their prefixes.
    pub prefix_cache_sequences: usize,
    /// GPU memory of the paged KV cache in MiB.
    pub paged_kv_mib: Option<usize>,
}

impl ModelSource {
    /// Looks at the file system only.
    #[must_use]
    pub fn from_argument(argument: &str) -> Self {
        let path = Path::new(argument);
        if path.is_dir() {
            Self::Folder(path.to_owned())
        } else if path.exists() {
            Self::Gguf(path.to_owned())
        } else if is_hub_id(argument) {
            Self::Hub(argument.to_owned())
        } else {
            Self::Nothing(path.to_owned())
        }
    }

    /// A name for people.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Hub(id) => id.clone(),
            Self::Gguf(path) => stem(path.file_stem()),
            Self::Folder(path) | Self::Nothing(path) => stem(path.file_name()),
        }
    }
}

fn stem(name: Option<&std::ffi::OsStr>) -> String {
    name.map_or_else(
        || "model".to_owned(),
        |name| name.to_string_lossy().into_owned(),
    )
}

/// `owner/name`, and not something that was meant as a path.
pub(super) fn is_hub_id(text: &str) -> bool {
    let allowed = |part: &str| {
        !part.is_empty()
            && !part.starts_with(['.', '-'])
            && part
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
    };
    match text.split_once('/') {
        Some((owner, name)) => allowed(owner) && allowed(name) && !name.ends_with(".gguf"),
        None => false,
    }
}

/// Checks that a local folder holds what the engine will ask for.
pub(super) fn check_folder(folder: &Path) -> Result<(), LoadError> {
    for file in ["config.json", "tokenizer.json"] {
        if !folder.join(file).is_file() {
            return Err(LoadError::MissingFile {
                folder: folder.to_owned(),
                file,
            });
        }
    }
    if weights(folder)?.is_empty() {
        return Err(LoadError::MissingFile {
            folder: folder.to_owned(),
            file: "model.safetensors",
        });
    }
    Ok(())
}

/// The weight files of a folder: one, or numbered shards in order.
pub(super) fn weights(folder: &Path) -> Result<Vec<PathBuf>, LoadError> {
    let read = |source| LoadError::Read {
        path: folder.to_owned(),
        source,
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(read)? {
        let path = entry.map_err(read)?.path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        if name == "model.safetensors"
            || (name.starts_with("model-") && name.ends_with(".safetensors"))
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_argument_is_a_file_a_folder_a_hub_id_or_nothing() {
        let folder = std::env::var_os("CARGO_MANIFEST_DIR")
            .map(PathBuf::from)
            .unwrap();
        let file = folder.join("Cargo.toml");
        let source = |text: &str| ModelSource::from_argument(text);
        assert_eq!(
            source(file.to_str().unwrap()),
            ModelSource::Gguf(file.clone())
        );
        assert_eq!(
            source(folder.to_str().unwrap()),
            ModelSource::Folder(folder.clone())
        );
        assert_eq!(
            source("mistralai/Mistral-7B-Instruct-v0.2"),
            ModelSource::Hub("mistralai/Mistral-7B-Instruct-v0.2".into())
        );
        for nothing in ["models/x.gguf", "/no/such", "./a/b", "a/b/c", "name", ""] {
            assert!(
                matches!(source(nothing), ModelSource::Nothing(_)),
                "{nothing}"
            );
        }
    }
}
