//! Why a folder could not be loaded or a text not be classified. No variant carries text of a
//! person.

use std::path::PathBuf;

/// Errors of this crate.
#[derive(Debug, thiserror::Error)]
pub enum EncoderError {
    /// A file of the folder is not there.
    #[error("missing file {}", .0.display())]
    MissingFile(PathBuf),
    /// A file is there but cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// config.json cannot be used.
    #[error("{} cannot be used: {reason}", path.display())]
    InvalidConfig {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// tokenizer.json cannot be used.
    #[error("{} is not a usable tokenizer: {reason}", path.display())]
    InvalidTokenizer {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A weights file is truncated or no safetensors at all.
    #[error("{} is truncated or not valid safetensors: {reason}", path.display())]
    InvalidWeights {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The weights lack a tensor that the configuration asks for.
    #[error("the weights have no tensor {0}")]
    MissingTensor(String),
    /// A tensor has another shape than the configuration says.
    #[error("tensor {name} has shape {found:?}, the configuration says {expected:?}")]
    ShapeMismatch {
        /// The tensor.
        name: String,
        /// From the configuration.
        expected: Vec<usize>,
        /// In the file.
        found: Vec<usize>,
    },
    /// A head was asked for that the folder does not have.
    #[error("unknown head {name:?}; this model has: {}", known.join(", "))]
    UnknownHead {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// The tokenizer refused a text.
    #[error("the tokenizer could not split a text")]
    Tokenise,
    /// The number of threads was already fixed, or is not possible.
    #[error("the number of threads cannot be set: {0}")]
    Threads(String),
    /// A tensor operation failed.
    #[error("computation failed: {0}")]
    Compute(#[from] candle_core::Error),
}
