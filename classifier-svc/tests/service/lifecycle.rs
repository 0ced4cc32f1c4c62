//! Start, health, reflection and the end.

use classifier_svc::{app::SERVICE_NAME, classify::EncoderClassifier, error::StartError};
use encoder::testing;
use proto::classifier_v1::GetModelInfoRequest;
use tonic::Code;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};
use tonic_reflection::pb::{v1, v1alpha};

use crate::support::{Gate, Gated, Held, LIMITS, Service, gated, one, soon, tiny};

async fn health(service: &Service, name: &str) -> ServingStatus {
    let mut client = HealthClient::new(service.channel.clone());
    let request = HealthCheckRequest {
        service: name.to_owned(),
    };
    soon(client.check(request))
        .await
        .unwrap()
        .into_inner()
        .status()
}

#[tokio::test]
async fn it_serves_only_after_the_model_has_classified_a_text() {
    let (loading, warming_up) = (Held::new(false), Held::new(false));
    let (held, model) = (Gate::clone(&loading), Gated(Gate::clone(&warming_up)));
    let load = move || {
        held.pass();
        Ok(model)
    };
    let service = Service::start(load, LIMITS).await;
    for name in ["", SERVICE_NAME] {
        assert_eq!(health(&service, name).await, ServingStatus::NotServing);
    }
    let error = soon(service.client().classify(one("early")))
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);

    loading.set_open(true);
    warming_up.saw("warm-up").await;
    assert_eq!(health(&service, "").await, ServingStatus::NotServing);
    assert!(!service.readiness.is_ready());

    warming_up.set_open(true);
    let service = service.ready().await;
    for name in ["", SERVICE_NAME] {
        assert_eq!(health(&service, name).await, ServingStatus::Serving);
    }
    soon(service.client().get_model_info(GetModelInfoRequest {}))
        .await
        .unwrap();
}

#[tokio::test]
async fn what_was_taken_is_answered_before_the_end() {
    let (gate, service) = gated(LIMITS, false).await;
    let mut client = service.client();
    let call = tokio::spawn(async move { client.classify(one("last")).await });
    gate.saw("last").await;
    service.shutdown.cancel();
    let mut ready = service.readiness.subscribe();
    soon(ready.wait_for(|ready| !*ready)).await.unwrap();
    assert!(!service.task.is_finished());
    gate.set_open(true);
    soon(call).await.unwrap().unwrap();
    soon(service.task).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_shutdown_while_loading_ends_at_once() {
    let (loading, open) = (Held::new(false), Held::new(true));
    let (held, model) = (Gate::clone(&loading), Gated(Gate::clone(&open)));
    let load = move || {
        held.pass();
        Ok(model)
    };
    let service = Service::start(load, LIMITS).await;
    service.shutdown.cancel();
    soon(service.task).await.unwrap().unwrap();
    loading.set_open(true);
}

#[tokio::test]
async fn a_broken_folder_ends_the_start_with_its_cause() {
    let folder = tempfile::tempdir().unwrap();
    testing::write_multi_head(folder.path(), 5).unwrap();
    std::fs::write(folder.path().join("model.safetensors"), b"short").unwrap();
    let path = folder.path().to_owned();
    let load = move || Ok(EncoderClassifier::load(&path, "broken".to_owned())?);
    let service = Service::start(load, LIMITS).await;
    let error = soon(service.task).await.unwrap().unwrap_err();
    assert!(matches!(error, StartError::Load(_)));
    assert!(error.to_string().contains("model.safetensors"));
    assert!(!error.is_usage());
}

#[tokio::test]
async fn both_versions_of_reflection_list_the_services() {
    let (_folder, service) = tiny().await;
    let expected = [SERVICE_NAME, "grpc.health.v1.Health"];

    let mut client =
        v1::server_reflection_client::ServerReflectionClient::new(service.channel.clone());
    let request = v1::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(v1::server_reflection_request::MessageRequest::ListServices(
            String::new(),
        )),
    };
    let answer = client.server_reflection_info(tokio_stream::once(request));
    let answer = soon(soon(answer).await.unwrap().into_inner().message()).await;
    let Some(v1::server_reflection_response::MessageResponse::ListServicesResponse(list)) =
        answer.unwrap().unwrap().message_response
    else {
        panic!("no list");
    };
    let names: Vec<String> = list
        .service
        .into_iter()
        .map(|service| service.name)
        .collect();
    assert!(
        expected
            .iter()
            .all(|name| names.iter().any(|found| found == name)),
        "{names:?}"
    );

    let mut client =
        v1alpha::server_reflection_client::ServerReflectionClient::new(service.channel.clone());
    let request = v1alpha::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(
            v1alpha::server_reflection_request::MessageRequest::FileContainingSymbol(
                SERVICE_NAME.to_owned(),
            ),
        ),
    };
    let answer = client.server_reflection_info(tokio_stream::once(request));
    let answer = soon(soon(answer).await.unwrap().into_inner().message()).await;
    assert!(matches!(
        answer.unwrap().unwrap().message_response,
        Some(v1alpha::server_reflection_response::MessageResponse::FileDescriptorResponse(_))
    ));
}
