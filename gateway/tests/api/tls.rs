//! HTTPS at the public port: what a browser gets over it, and certificates that cannot be used.

use std::sync::Arc;

use clap::Parser;
use gateway::{
    app::{self, Listeners},
    config::Config,
};
use rcgen::CertifiedKey;
use rustls::{ClientConfig, RootCertStore, pki_types::ServerName};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use crate::{
    peers::Script,
    support::{Gateway, Peers, content_dir},
};

const BEGIN: &str = r#"{"name":"Asha","age":15,"consent":{"terms":true,"storage":"session"}}"#;

struct Certificate {
    folder: tempfile::TempDir,
    roots: RootCertStore,
}

impl Certificate {
    fn make() -> Self {
        let CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed(["detox.test".to_owned()]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("cert.pem"), cert.pem()).unwrap();
        std::fs::write(folder.path().join("key.pem"), signing_key.serialize_pem()).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(cert.der().clone()).unwrap();
        Self { folder, roots }
    }

    fn flag(&self, name: &str, file: &str) -> String {
        format!("--{name}={}", self.folder.path().join(file).display())
    }
}

async fn send(gateway: &Gateway, certificate: &Certificate, request: String) -> String {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(certificate.roots.clone())
        .with_no_client_auth();
    let address = gateway.url.trim_start_matches("http://");
    let connection = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("detox.test").unwrap();
    let mut connection = TlsConnector::from(Arc::new(config))
        .connect(name, connection)
        .await
        .unwrap();
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = connection.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).to_lowercase()
}

#[tokio::test]
async fn over_https_cookies_are_bound_to_the_host_and_browsers_are_told_to_come_back_so() {
    let certificate = Certificate::make();
    let gateway = Gateway::start_with(
        Peers::Scripted(Script::Refuse),
        &[
            &certificate.flag("tls-cert", "cert.pem"),
            &certificate.flag("tls-key", "key.pem"),
        ],
    )
    .await;
    let request = format!(
        "POST /api/v1/sessions HTTP/1.1\r\nhost: detox.test\r\nconnection: close\r\n\
         content-type: application/json\r\nx-requested-with: digital-detox\r\n\
         content-length: {}\r\n\r\n{BEGIN}",
        BEGIN.len()
    );
    let answer = send(&gateway, &certificate, request).await;
    assert!(answer.starts_with("http/1.1 201"), "{answer}");
    assert!(
        answer.contains("set-cookie: __host-detox_session="),
        "{answer}"
    );
    assert!(answer.contains("; secure"), "{answer}");
    assert!(
        answer.contains("strict-transport-security: max-age="),
        "{answer}"
    );
    let plain = reqwest::get(format!("{}/help", gateway.url)).await;
    assert!(plain.is_err(), "the port speaks HTTPS only");
}

#[tokio::test]
async fn a_certificate_that_cannot_be_used_ends_the_start_with_its_flag() {
    let certificate = Certificate::make();
    std::fs::write(certificate.folder.path().join("empty.pem"), "").unwrap();
    let other = Certificate::make();
    let cases = [
        (
            certificate.flag("tls-cert", "nowhere.pem"),
            certificate.flag("tls-key", "key.pem"),
        ),
        (
            certificate.flag("tls-cert", "cert.pem"),
            certificate.flag("tls-key", "empty.pem"),
        ),
        (
            certificate.flag("tls-cert", "cert.pem"),
            other.flag("tls-key", "key.pem"),
        ),
    ];
    for (cert, key) in cases {
        let content = content_dir();
        let arguments = [
            "gateway",
            "--listen=127.0.0.1:0",
            "--admin-listen=127.0.0.1:0",
            "--database-url=sqlite::memory:",
            "--content-dir",
            content.to_str().unwrap(),
            &cert,
            &key,
        ];
        let config = Config::try_parse_from(arguments).unwrap();
        let listeners = Listeners::bind(&config).await.unwrap();
        let started = app::run(
            config,
            listeners,
            crate::support::metrics(),
            Default::default(),
        );
        let error = started.await.unwrap_err();
        assert!(error.is_configuration());
        assert!(error.to_string().starts_with("--tls-cert "), "{error}");
    }
}
