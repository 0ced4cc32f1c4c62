//! What happens between SIGTERM and the end of the process.

use std::time::Duration;

use tokio::time::timeout;
use tonic::Code;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use crate::support::{
    ask,
    fake::FakeEngine,
    server::{PATIENCE, TestServer, first_event, limits, read_all},
};

#[tokio::test]
async fn a_running_reply_finishes_and_nothing_new_begins() {
    let engine = FakeEngine::new();
    let server = TestServer::with_engine(engine.clone(), limits()).await;
    let mut health = HealthClient::new(server.channel().await);
    let mut watch = health
        .watch(HealthCheckRequest {
            service: String::new(),
        })
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        watch.message().await.unwrap().unwrap().status(),
        ServingStatus::Serving
    );
    let mut client = server.client().await;
    let running = client.generate(ask("a", 9)).await.unwrap().into_inner();
    let sequence = engine.next().await;
    sequence.say("still ").await;

    server.shutdown.cancel();
    let next = timeout(PATIENCE, watch.message())
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    assert_eq!(next.status(), ServingStatus::NotServing);
    assert!(!server.readiness.is_ready());
    assert!(!server.outcome.is_finished());
    // The same connection is not enough to get in any more.
    assert!(client.generate(ask("b", 9)).await.is_err());

    sequence.say("here").await;
    sequence.end().await;
    let reply = timeout(PATIENCE, read_all(running)).await.unwrap().unwrap();
    assert_eq!(reply.text(), "still here");
    // An open health watch does not hold it.
    timeout(Duration::from_secs(5), server.outcome)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn replies_that_outlast_the_drain_are_ended() {
    use inference_svc::app::{self, Listeners, Serving};
    let engine = FakeEngine::new();
    let grpc = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = grpc.local_addr().unwrap();
    let readiness = telemetry::Readiness::default();
    let shutdown = tokio_util::sync::CancellationToken::new();
    let serving = Serving {
        limits: limits(),
        drain: Duration::from_millis(200),
        tls: None,
        readiness: readiness.clone(),
        metrics: None,
    };
    let fake = engine.clone();
    let service = tokio::spawn(app::serve(
        async move { Ok(fake as std::sync::Arc<dyn inference_svc::generation::Engine>) },
        serving,
        Listeners { grpc, admin: None },
        shutdown.clone(),
    ));
    readiness
        .subscribe()
        .wait_for(|ready| *ready)
        .await
        .unwrap();
    let mut client =
        proto::inference_v1::inference_service_client::InferenceServiceClient::connect(format!(
            "http://{address}"
        ))
        .await
        .unwrap();
    let mut endless = client.generate(ask("a", 9)).await.unwrap().into_inner();
    let sequence = engine.next().await;
    first_event(&mut endless).await;
    shutdown.cancel();
    let status = timeout(PATIENCE, async {
        loop {
            match endless.message().await {
                Ok(Some(_)) => {}
                Ok(None) => panic!("ended as if it were whole"),
                Err(status) => return status,
            }
        }
    })
    .await
    .unwrap();
    assert_eq!(status.code(), Code::Unavailable);
    assert!(sequence.stop.is_cancelled());
    timeout(Duration::from_secs(5), service)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
}
