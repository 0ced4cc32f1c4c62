//! Serves the public port: over TLS when there is a certificate, with limits against clients that are slow, idle or
//! send too much. What comes in are connections; what goes out are requests for the router.

use std::{io, net::SocketAddr, path::PathBuf, time::Duration};

use axum::Router;
use axum_server::{
    Handle, Server,
    accept::NoDelayAcceptor,
    tls_rustls::{RustlsAcceptor, RustlsConfig},
};
use clap::Args;
use tokio::net::TcpListener;

/// For the TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// HTTP/2: how often an idle connection is asked whether somebody is there, and how long it may take to answer.
const PING_INTERVAL: Duration = Duration::from_secs(20);
const MAXIMUM_HEADERS: usize = 64;
/// Of all headers of a request together, in bytes.
const MAXIMUM_HEADER_BYTES: u32 = 16 * 1024;
/// The smallest buffer that HTTP/1 allows is 8 kB.
const MAXIMUM_BUFFER_BYTES: usize = 32 * 1024;
/// HTTP/2: requests at once on one connection.
const MAXIMUM_STREAMS: u32 = 32;

/// The certificate of the public port.
#[derive(Debug, Clone, Default, Args)]
pub struct TlsArgs {
    /// Certificate chain in PEM; the public port then speaks HTTPS only.
    #[arg(long, env = "TLS_CERT", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// Private key of the certificate in PEM.
    #[arg(long, env = "TLS_KEY", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
}

/// The certificate cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("--tls-cert {certificate} and --tls-key {key}: {cause}", certificate = certificate.display(), key = key.display())]
pub struct TlsError {
    certificate: PathBuf,
    key: PathBuf,
    cause: io::Error,
}

impl TlsArgs {
    /// Whether the port speaks HTTPS.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.tls_cert.is_some()
    }

    /// Reads certificate and key.
    ///
    /// # Errors
    /// A file is missing, is no PEM, or the two do not belong together.
    pub async fn load(&self) -> Result<Option<RustlsConfig>, TlsError> {
        let (Some(certificate), Some(key)) = (&self.tls_cert, &self.tls_key) else {
            return Ok(None);
        };
        // Another provider may be linked in by a library; this one is ours.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let loaded = RustlsConfig::from_pem_chain_file(certificate, key).await;
        loaded.map(Some).map_err(|cause| TlsError {
            certificate: certificate.clone(),
            key: key.clone(),
            cause,
        })
    }
}

/// Serves until `handle` ends it. `patience` is how long a client may take to send the head of a request; on an idle
/// connection it counts from the answer before.
///
/// # Errors
/// The listener fails.
pub async fn serve(
    listener: TcpListener,
    app: Router,
    tls: Option<RustlsConfig>,
    patience: Duration,
    handle: Handle<SocketAddr>,
) -> io::Result<()> {
    let mut server = axum_server::from_tcp(listener.into_std()?)?.handle(handle);
    set_limits(&mut server, patience);
    // The protocol's own greeting has no other limit.
    let server = server.first_request_timeout(patience);
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    match tls {
        Some(config) => {
            let acceptor = RustlsAcceptor::new(config).handshake_timeout(HANDSHAKE);
            let server = server.acceptor(acceptor.acceptor(NoDelayAcceptor::new()));
            server.serve(service).await
        }
        None => server.acceptor(NoDelayAcceptor::new()).serve(service).await,
    }
}

fn set_limits(server: &mut Server<SocketAddr>, patience: Duration) {
    let builder = server.http_builder();
    builder
        .http1()
        .header_read_timeout(patience)
        .max_headers(MAXIMUM_HEADERS)
        .max_buf_size(MAXIMUM_BUFFER_BYTES);
    builder
        .http2()
        .max_header_list_size(MAXIMUM_HEADER_BYTES)
        .max_concurrent_streams(MAXIMUM_STREAMS)
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_INTERVAL);
}
