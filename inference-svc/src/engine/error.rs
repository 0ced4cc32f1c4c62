//! Why a model cannot be loaded, each on one line.

use std::path::PathBuf;

/// Why a model cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The path does not exist, and the text is no hub id either.
    #[error("--model: there is no file or folder {}", .0.display())]
    NotFound(PathBuf),
    /// The folder is not a model.
    #[error("--model: {} has no {file}", .folder.display())]
    MissingFile {
        /// The folder.
        folder: PathBuf,
        /// What is missing in it.
        file: &'static str,
    },
    /// The adapter's folder does not exist, or is not an adapter.
    #[error("--adapter: there is no adapter_config.json with adapter_model.safetensors in {}", .0.display())]
    Adapter(PathBuf),
    /// The quantisation is unknown.
    #[error("--isq: {0} is no quantisation that can be made while loading, try Q4K or Q8_0")]
    Isq(String),
    /// GGUF files are quantised and merged already.
    #[error("{0} cannot be used with a GGUF file: merge and quantise before")]
    NotWithGguf(&'static str),
    /// The file is something else, or its header is broken.
    #[error("{} is not a GGUF file: {reason}", .path.display())]
    NotGguf {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The file ends before its last tensor.
    #[error("{} is truncated: it has {actual} bytes and its tensors need {expected}", .path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
        /// Length that the header promises, in bytes.
        expected: u64,
        /// Length of the file, in bytes.
        actual: u64,
    },
    /// Reading failed.
    #[error("{} cannot be read: {source}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The engine refused the model.
    #[error("the model cannot be loaded: {0}")]
    Engine(String),
    /// The model cannot hold a conversation.
    #[error("the model has no {0}, which a conversation needs")]
    NoChat(&'static str),
}

impl LoadError {
    /// Whether the command line is at fault rather than the files: then the exit code is 64.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::NotFound(_)
                | Self::MissingFile { .. }
                | Self::Adapter(_)
                | Self::Isq(_)
                | Self::NotWithGguf(_)
        )
    }

    /// The engine's error on one line.
    pub(super) fn engine(error: impl std::fmt::Display) -> Self {
        let text = format!("{error:#}");
        Self::Engine(text.split_whitespace().collect::<Vec<_>>().join(" "))
    }
}
