//! Why the service does not start or has to stop, with the exit code that each cause gets.

use std::{io, net::SocketAddr, path::PathBuf};

use encoder::EncoderError;

/// Why the process ends before or instead of serving.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// `--model` names nothing that could be a model.
    #[error("--model {} is not a folder with a config.json", .0.display())]
    NoModel(PathBuf),
    /// The folder is there, but a part of it is missing or broken.
    #[error("cannot load the model: {0}")]
    Load(#[from] EncoderError),
    /// The model loaded but could not classify.
    #[error("the model could not classify its first text: {0}")]
    WarmUp(String),
    /// The address is taken, or not ours to bind.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// The address of the flag.
        address: SocketAddr,
        /// What the operating system said.
        source: io::Error,
    },
    /// Threads, signals or the async runtime could not be set up.
    #[error("the runtime could not be set up: {0}")]
    Runtime(io::Error),
    /// The files of mutual TLS cannot be used.
    #[error(transparent)]
    PeerTls(#[from] peer_tls::PeerTlsError),
    /// Logs, traces or metrics could not be set up.
    #[error(transparent)]
    Telemetry(#[from] telemetry::InitError),
    /// A listener failed while serving.
    #[error("serving stopped: {0}")]
    Serve(String),
}

impl StartError {
    /// Whether the cause is what somebody typed: then the exit code is 64.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        match self {
            Self::NoModel(_) | Self::PeerTls(_) => true,
            Self::Telemetry(error) => matches!(
                error,
                telemetry::InitError::Filter(_) | telemetry::InitError::Exporter(_)
            ),
            _ => false,
        }
    }
}
