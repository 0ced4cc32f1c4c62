//! Why content cannot be used. Every error names the file and what to change.

use std::path::PathBuf;

/// Content is missing or wrong. The gateway does not start then.
#[derive(Debug, thiserror::Error)]
pub enum ContentError {
    /// A file cannot be read.
    #[error("{file}: cannot be read: {cause}", file = .file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// What the operating system said.
        cause: std::io::Error,
    },
    /// A file does not have the form that is documented in content/README.md.
    #[error("{file}: {message}", file = .file.display())]
    Parse {
        /// The file.
        file: PathBuf,
        /// Where and what.
        message: String,
    },
    /// A file is well formed, but what it says does not fit.
    #[error("{file}: {reason}")]
    Invalid {
        /// The file, inside the content folder.
        file: &'static str,
        /// What does not fit.
        reason: String,
    },
}

impl ContentError {
    pub(super) fn invalid(file: &'static str, reason: impl Into<String>) -> Self {
        Self::Invalid {
            file,
            reason: reason.into(),
        }
    }
}
