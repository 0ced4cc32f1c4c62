//! Mutual TLS between the gateway and the gRPC services.
//!
//! Comes in: three PEM files that the settings name; goes out: a tonic endpoint or server that shows its own
//! certificate and talks only to holders of a certificate of the same CA. Without the settings nothing changes:
//! plain HTTP/2, for services on one machine.

mod args;
mod error;
mod material;
mod tls;

pub use args::PeerTlsArgs;
pub use error::PeerTlsError;
pub use tls::{ClientTls, ServerTls, secure_endpoint, secure_server};

/// Makes ring the cryptography of the whole process, unless there is one already.
///
/// Call it at the start of `main`. Where several are compiled in (mistral.rs brings its own), rustls does not choose
/// and panics on first use.
pub fn install_crypto_provider() {
    let _already_installed = rustls::crypto::ring::default_provider().install_default();
}
