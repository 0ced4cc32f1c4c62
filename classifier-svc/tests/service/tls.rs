//! The port with mutual TLS; `peer-tls` tests who is refused.

use classifier_svc::classify::EncoderClassifier;
use encoder::testing;
use peer_tls::{PeerTlsArgs, secure_endpoint};
use proto::classifier_v1::classifier_service_client::ClassifierServiceClient;
use tempfile::TempDir;
use tonic::transport::Endpoint;

use crate::support::{LIMITS, Service, one, soon};

/// One certificate that vouches for itself, used by both ends.
fn settings(folder: &TempDir) -> PeerTlsArgs {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let write = |name: &str, pem: String| {
        let path = folder.path().join(name);
        std::fs::write(&path, pem).unwrap();
        Some(path)
    };
    PeerTlsArgs {
        peer_tls_ca: write("ca.crt", made.cert.pem()),
        peer_tls_cert: write("tls.crt", made.cert.pem()),
        peer_tls_key: write("tls.key", made.signing_key.serialize_pem()),
    }
}

#[tokio::test]
async fn with_a_ca_only_holders_of_its_certificates_are_served() {
    let folder = tempfile::tempdir().unwrap();
    testing::write_multi_head(folder.path(), 5).unwrap();
    let settings = settings(&folder);
    let path = folder.path().to_owned();
    let load = move || Ok(EncoderClassifier::load(&path, "tiny".to_owned())?);
    let tls = settings.server_config().unwrap();
    let service = Service::start_with(load, LIMITS, tls).await.ready().await;

    soon(service.client().classify(one("plain")))
        .await
        .unwrap_err();

    let endpoint = Endpoint::from_shared(format!("https://{}", service.address)).unwrap();
    let tls = settings.client_config().unwrap();
    let channel = secure_endpoint(endpoint, tls.as_ref()).unwrap();
    let mut client = ClassifierServiceClient::new(channel.connect_lazy());
    soon(client.classify(one("secured"))).await.unwrap();

    service.shutdown.cancel();
    soon(service.task).await.unwrap().unwrap();
}
