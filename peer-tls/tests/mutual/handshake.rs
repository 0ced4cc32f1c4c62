//! Who may talk to whom.

use peer_tls::{PeerTlsError, secure_endpoint};
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint};

use crate::support::{Authority, HealthServer, Role, ask, causes};

const HOST: &str = "127.0.0.1";

fn endpoint(url: String) -> Endpoint {
    Endpoint::from_shared(url).unwrap()
}

/// The endpoint that the gateway would make with these settings.
fn secured(url: String, settings: &peer_tls::PeerTlsArgs) -> Endpoint {
    let tls = settings.client_config().unwrap();
    secure_endpoint(endpoint(url), tls.as_ref()).unwrap()
}

#[tokio::test]
async fn a_gateway_with_a_certificate_of_the_ca_gets_an_answer() {
    let ours = Authority::new();
    let server = HealthServer::start(&ours.issue(Role::Service, HOST)).await;
    let gateway = secured(server.url("https"), &ours.issue(Role::Gateway, "gateway"));
    ask(&gateway).await.unwrap();
}

#[tokio::test]
async fn without_settings_both_ends_speak_plain_http() {
    let server = HealthServer::start(&peer_tls::PeerTlsArgs::default()).await;
    let gateway = secured(server.url("http"), &peer_tls::PeerTlsArgs::default());
    ask(&gateway).await.unwrap();
}

#[tokio::test]
async fn a_caller_without_a_certificate_is_refused_and_others_are_still_served() {
    let ours = Authority::new();
    let server = HealthServer::start(&ours.issue(Role::Service, HOST)).await;
    let ca = Certificate::from_pem(std::fs::read(ours.ca()).unwrap());
    let nobody = endpoint(server.url("https"))
        .tls_config(ClientTlsConfig::new().ca_certificate(ca))
        .unwrap();
    ask(&nobody).await.unwrap_err();
    let gateway = secured(server.url("https"), &ours.issue(Role::Gateway, "gateway"));
    ask(&gateway).await.unwrap();
}

#[tokio::test]
async fn a_caller_with_a_certificate_of_another_ca_is_refused() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let server = HealthServer::start(&ours.issue(Role::Service, HOST)).await;
    let mut stranger = theirs.issue(Role::Gateway, "gateway");
    // It trusts our server; only its own certificate is wrong.
    stranger.peer_tls_ca = Some(ours.ca());
    ask(&secured(server.url("https"), &stranger))
        .await
        .unwrap_err();
}

#[tokio::test]
async fn a_service_cannot_pose_as_the_gateway() {
    let ours = Authority::new();
    let server = HealthServer::start(&ours.issue(Role::Service, HOST)).await;
    let other_service = ours.issue(Role::Service, HOST);
    ask(&secured(server.url("https"), &other_service))
        .await
        .unwrap_err();
}

#[tokio::test]
async fn a_server_of_another_ca_is_refused_by_the_caller() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let mut impostor = theirs.issue(Role::Service, HOST);
    // It would take our gateway's certificate; only its own is wrong.
    impostor.peer_tls_ca = Some(ours.ca());
    let server = HealthServer::start(&impostor).await;
    let gateway = secured(server.url("https"), &ours.issue(Role::Gateway, "gateway"));
    let refusal = causes(&ask(&gateway).await.unwrap_err());
    assert!(refusal.contains("invalid peer certificate"), "{refusal}");
}

#[tokio::test]
async fn a_server_whose_certificate_names_another_host_is_refused_by_the_caller() {
    let ours = Authority::new();
    let server = HealthServer::start(&ours.issue(Role::Service, "elsewhere.example")).await;
    let gateway = secured(server.url("https"), &ours.issue(Role::Gateway, "gateway"));
    let refusal = causes(&ask(&gateway).await.unwrap_err());
    assert!(refusal.contains("not valid for name"), "{refusal}");
}

#[tokio::test]
async fn plain_http_to_the_tls_port_fails() {
    let ours = Authority::new();
    let server = HealthServer::start(&ours.issue(Role::Service, HOST)).await;
    ask(&endpoint(server.url("http"))).await.unwrap_err();
}

#[tokio::test]
async fn tls_to_a_plain_port_fails() {
    let ours = Authority::new();
    let server = HealthServer::start(&peer_tls::PeerTlsArgs::default()).await;
    let gateway = secured(server.url("https"), &ours.issue(Role::Gateway, "gateway"));
    ask(&gateway).await.unwrap_err();
}

#[test]
fn urls_and_settings_that_contradict_each_other_are_refused_with_the_reason() {
    let tls = Authority::new()
        .issue(Role::Gateway, "gateway")
        .client_config()
        .unwrap();
    let plain = secure_endpoint(endpoint("http://inference:50051".into()), tls.as_ref());
    let error = plain.unwrap_err();
    assert!(matches!(error, PeerTlsError::PlainUrl(_)));
    let line = error.to_string();
    assert!(
        line.contains("http://inference:50051") && line.contains("--peer-tls-ca"),
        "{line}"
    );

    let secure = secure_endpoint(endpoint("https://inference:50051".into()), None);
    let error = secure.unwrap_err();
    assert!(matches!(error, PeerTlsError::NoIdentity(_)));
    assert!(
        error.to_string().contains("https://inference:50051"),
        "{error}"
    );
}
