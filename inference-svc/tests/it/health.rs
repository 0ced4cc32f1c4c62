//! Health follows the model, and reflection shows what there is.

use std::sync::Arc;

use inference_svc::{app::SERVICE_NAME, generation::Engine};
use tokio::sync::oneshot;
use tokio_stream::StreamExt;
use tonic::Code;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};
use tonic_reflection::pb::{v1, v1alpha};

use crate::support::{
    ask,
    fake::FakeEngine,
    server::{TestServer, limits},
};

async fn status(server: &TestServer, service: &str) -> ServingStatus {
    let mut client = HealthClient::new(server.channel().await);
    let request = HealthCheckRequest {
        service: service.to_owned(),
    };
    client.check(request).await.unwrap().into_inner().status()
}

#[tokio::test]
async fn it_serves_only_once_a_token_was_generated() {
    let (loaded, load) = oneshot::channel::<Arc<dyn Engine>>();
    let server = TestServer::loading(async { Ok(load.await.unwrap()) }, limits()).await;
    for service in ["", SERVICE_NAME] {
        assert_eq!(status(&server, service).await, ServingStatus::NotServing);
    }
    let refused = server
        .client()
        .await
        .generate(ask("a", 1))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable);
    assert!(!server.readiness.is_ready());

    let mut ready = server.readiness.subscribe();
    assert!(loaded.send(FakeEngine::new()).is_ok());
    ready.wait_for(|ready| *ready).await.unwrap();
    for service in ["", SERVICE_NAME] {
        assert_eq!(status(&server, service).await, ServingStatus::Serving);
    }
}

#[tokio::test]
async fn both_versions_of_reflection_list_the_services() {
    let server = TestServer::with_engine(FakeEngine::new(), limits()).await;
    let channel = server.channel().await;
    let request = v1::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(v1::server_reflection_request::MessageRequest::ListServices(
            String::new(),
        )),
    };
    let mut client = v1::server_reflection_client::ServerReflectionClient::new(channel.clone());
    let mut answers = client
        .server_reflection_info(tokio_stream::once(request))
        .await
        .unwrap()
        .into_inner();
    let answer = answers.next().await.unwrap().unwrap();
    let Some(v1::server_reflection_response::MessageResponse::ListServicesResponse(list)) =
        answer.message_response
    else {
        panic!("not a list");
    };
    let names: Vec<String> = list
        .service
        .into_iter()
        .map(|service| service.name)
        .collect();
    assert!(names.iter().any(|name| name == SERVICE_NAME), "{names:?}");
    assert!(
        names.iter().any(|name| name == "grpc.health.v1.Health"),
        "{names:?}"
    );

    let request = v1alpha::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(
            v1alpha::server_reflection_request::MessageRequest::FileContainingSymbol(
                SERVICE_NAME.to_owned(),
            ),
        ),
    };
    let mut client = v1alpha::server_reflection_client::ServerReflectionClient::new(channel);
    let mut answers = client
        .server_reflection_info(tokio_stream::once(request))
        .await
        .unwrap()
        .into_inner();
    let answer = answers.next().await.unwrap().unwrap();
    assert!(matches!(
        answer.message_response,
        Some(v1alpha::server_reflection_response::MessageResponse::FileDescriptorResponse(_))
    ));
}
