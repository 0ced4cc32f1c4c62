//! Asks a gRPC server what it serves, through reflection and the health service only, as an
//! operator without the .proto files would.

use anyhow::{Context, anyhow};
use futures::{StreamExt, stream};
use tonic::transport::Channel;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
};

/// Names of the services that a server lists, in its order.
///
/// # Errors
/// The server cannot be reached or has no reflection.
pub async fn services(url: &str) -> anyhow::Result<Vec<String>> {
    let channel = connect(url).await?;
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut answers = ServerReflectionClient::new(channel)
        .server_reflection_info(stream::iter([request]))
        .await?
        .into_inner();
    let answer = answers
        .next()
        .await
        .context("reflection does not answer")??;
    match answer.message_response {
        Some(MessageResponse::ListServicesResponse(list)) => Ok(list
            .service
            .into_iter()
            .map(|service| service.name)
            .collect()),
        other => Err(anyhow!("reflection answers with {other:?}")),
    }
}

/// Health of a service; "" is the whole server.
///
/// # Errors
/// The server cannot be reached or does not know the service.
pub async fn health(url: &str, service: &str) -> anyhow::Result<ServingStatus> {
    let request = HealthCheckRequest {
        service: service.to_owned(),
    };
    let answer = HealthClient::new(connect(url).await?)
        .check(request)
        .await?;
    Ok(answer.into_inner().status())
}

async fn connect(url: &str) -> anyhow::Result<Channel> {
    Channel::from_shared(url.to_owned())?
        .connect()
        .await
        .with_context(|| format!("{url} cannot be reached"))
}
