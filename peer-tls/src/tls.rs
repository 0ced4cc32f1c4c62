//! TLS for the two ends of a gRPC connection.
//!
//! Comes in: checked files; goes out: an endpoint or a server that demands a certificate of the CA from the other
//! end. A URL and settings that contradict each other are refused: nobody gets less protection than they asked for.

use std::{fmt, time::Duration};

use tonic::transport::{ClientTlsConfig, Endpoint, Server, ServerTlsConfig};

use crate::{error::PeerTlsError, material::Material};

/// How long a handshake may take on either end. On the calling end it comes after the time for connecting.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);

/// The calling end: trusts the CA, shows its own certificate, expects the host of the URL in the other one.
#[derive(Clone)]
pub struct ClientTls(ClientTlsConfig);

impl ClientTls {
    pub(crate) fn new(material: Material) -> Self {
        Self(
            ClientTlsConfig::new()
                .ca_certificate(material.ca)
                .identity(material.identity)
                .timeout(HANDSHAKE_TIMEOUT),
        )
    }
}

/// The serving end: shows its own certificate and refuses a caller without one of the CA.
#[derive(Clone)]
pub struct ServerTls(ServerTlsConfig);

impl ServerTls {
    pub(crate) fn new(material: Material) -> Self {
        Self(
            ServerTlsConfig::new()
                .client_ca_root(material.ca)
                .client_auth_optional(false)
                .identity(material.identity)
                .timeout(HANDSHAKE_TIMEOUT),
        )
    }
}

// Written by hand: tonic's own shows the private key.
impl fmt::Debug for ClientTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientTls").finish_non_exhaustive()
    }
}

impl fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerTls").finish_non_exhaustive()
    }
}

/// The endpoint with TLS when there are settings for it, and unchanged when there are none.
///
/// # Errors
/// `http://` with settings, `https://` without, or a host that no certificate can name.
pub fn secure_endpoint(
    endpoint: Endpoint,
    tls: Option<&ClientTls>,
) -> Result<Endpoint, PeerTlsError> {
    let is_https = endpoint.uri().scheme_str() == Some("https");
    match (tls, is_https) {
        (Some(tls), true) => Ok(endpoint.tls_config(tls.0.clone())?),
        (None, false) => Ok(endpoint),
        (Some(_), false) => Err(PeerTlsError::PlainUrl(endpoint.uri().to_string())),
        (None, true) => Err(PeerTlsError::NoIdentity(endpoint.uri().to_string())),
    }
}

/// The server with TLS when there are settings for it, and unchanged when there are none.
///
/// # Errors
/// TLS cannot be set up with the files.
pub fn secure_server(server: Server, tls: Option<&ServerTls>) -> Result<Server, PeerTlsError> {
    match tls {
        Some(tls) => Ok(server.tls_config(tls.0.clone())?),
        None => Ok(server),
    }
}
