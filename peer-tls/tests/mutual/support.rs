//! A CA that issues certificates into a temporary folder, and a health service behind it.

use std::{fs, path::PathBuf};

use peer_tls::{PeerTlsArgs, secure_server};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use tempfile::TempDir;
use tokio::{net::TcpListener, task::AbortHandle};
use tonic::{
    Response, Status,
    transport::{Endpoint, Server, server::TcpIncoming},
};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse, health_client::HealthClient};

/// What a certificate is for.
#[derive(Clone, Copy)]
pub(crate) enum Role {
    Gateway,
    Service,
}

/// A CA with a folder of its own.
pub(crate) struct Authority {
    folder: TempDir,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        params
            .distinguished_name
            .push(DnType::CommonName, "peers of a test");
        let folder = tempfile::tempdir().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        fs::write(folder.path().join("ca.crt"), certificate.pem()).unwrap();
        Self {
            folder,
            issuer: Issuer::new(params, key),
        }
    }

    pub(crate) fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.crt")
    }

    /// The settings of a program whose certificate is for `host`.
    pub(crate) fn issue(&self, role: Role, host: &str) -> PeerTlsArgs {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        params.extended_key_usages = vec![match role {
            Role::Gateway => ExtendedKeyUsagePurpose::ClientAuth,
            Role::Service => ExtendedKeyUsagePurpose::ServerAuth,
        }];
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let folder = tempfile::tempdir_in(self.folder.path()).unwrap().keep();
        let (cert, key_file) = (folder.join("tls.crt"), folder.join("tls.key"));
        fs::write(&cert, certificate.pem()).unwrap();
        fs::write(&key_file, key.serialize_pem()).unwrap();
        PeerTlsArgs {
            peer_tls_ca: Some(self.ca()),
            peer_tls_cert: Some(cert),
            peer_tls_key: Some(key_file),
        }
    }
}

/// A health service on a free port, until it is dropped.
pub(crate) struct HealthServer {
    port: u16,
    task: AbortHandle,
}

impl HealthServer {
    pub(crate) async fn start(settings: &PeerTlsArgs) -> Self {
        let tls = settings.server_config().unwrap();
        let (_reporter, health) = tonic_health::server::health_reporter();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let router = secure_server(Server::builder(), tls.as_ref())
            .unwrap()
            .add_service(health);
        let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
        let task = tokio::spawn(router.serve_with_incoming(incoming)).abort_handle();
        Self { port, task }
    }

    pub(crate) fn url(&self, scheme: &str) -> String {
        format!("{scheme}://127.0.0.1:{}", self.port)
    }
}

impl Drop for HealthServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Asks the health service through a lazy channel, as the gateway's are.
pub(crate) async fn ask(endpoint: &Endpoint) -> Result<Response<HealthCheckResponse>, Status> {
    HealthClient::new(endpoint.connect_lazy())
        .check(HealthCheckRequest::default())
        .await
}

/// Every text in a chain of causes.
pub(crate) fn causes(status: &Status) -> String {
    let mut texts = status.to_string();
    let mut cause = std::error::Error::source(status);
    while let Some(error) = cause {
        texts.push_str(" | ");
        texts.push_str(&error.to_string());
        cause = error.source();
    }
    texts
}
