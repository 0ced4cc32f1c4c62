//! What is wrong with the settings, in one line that names the flag and the file.
//!
//! No message quotes a file: the parsers' own errors do, and the file may be a private key.

use std::{error::Error, io, path::PathBuf};

/// Why the settings cannot be used. Always the configuration's fault: a restart does not help.
#[derive(Debug, thiserror::Error)]
pub enum PeerTlsError {
    /// Some of the three settings are missing.
    #[error("--peer-tls-ca, --peer-tls-cert and --peer-tls-key go together: set all three or none")]
    Incomplete,
    /// A file is not there, or not ours to read.
    #[error("{flag} {} cannot be read: {source}", .path.display())]
    Unreadable {
        /// The flag that names it.
        flag: &'static str,
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file holds something else than it should.
    #[error("{flag} {} {problem}", .path.display())]
    Unusable {
        /// The flag that names it.
        flag: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A peer would be called in plain HTTP although there is a CA.
    #[error(
        "{0} is not https://, but --peer-tls-ca is set: use https://, or leave the three --peer-tls-* out"
    )]
    PlainUrl(String),
    /// A peer is to be called over TLS, but we have no certificate.
    #[error("{0} needs --peer-tls-ca, --peer-tls-cert and --peer-tls-key, because it is https://")]
    NoIdentity(String),
    /// The files are fine, but TLS cannot be set up with them, for example for a URL without a proper host name.
    #[error("TLS cannot be set up: {}", innermost(.0))]
    Setup(#[from] tonic::transport::Error),
}

/// The cause that says something; tonic's own text is "transport error".
fn innermost(error: &tonic::transport::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}
