//! Why the service does not start or has to stop, with the exit code that each cause gets.

use std::{io, net::SocketAddr};

use crate::{engine::LoadError, generation::GenerationError};

/// Why the process ends before or instead of serving.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
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
    /// The thread pool of the kernels could not be set up.
    #[error("the thread pool could not be set up: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
    /// The files of mutual TLS cannot be used.
    #[error(transparent)]
    PeerTls(#[from] peer_tls::PeerTlsError),
    /// Logs, traces or metrics could not be set up.
    #[error(transparent)]
    Telemetry(#[from] telemetry::InitError),
    /// The model cannot be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The model loaded but generated nothing.
    #[error("the model generated no token: {0}")]
    WarmUp(#[source] GenerationError),
    /// A listener failed while serving.
    #[error("serving stopped: {0}")]
    Serve(String),
}

impl StartError {
    /// Whether the cause is what somebody typed: then the exit code is 64.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        match self {
            Self::PeerTls(_) => true,
            Self::Load(error) => error.is_usage(),
            Self::Telemetry(error) => matches!(
                error,
                telemetry::InitError::Filter(_) | telemetry::InitError::Exporter(_)
            ),
            _ => false,
        }
    }
}
