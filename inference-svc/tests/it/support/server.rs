//! Starts the service on port 0 and talks to it.

use std::{future::Future, net::SocketAddr, sync::Arc, time::Duration};

use clap::Parser;
use inference_svc::{
    app::{self, Listeners, Serving},
    config::Config,
    error::StartError,
    generation::{Engine, Limits},
};
use proto::inference_v1::{
    Finished, GenerateRequest, Started, generate_response::Event,
    inference_service_client::InferenceServiceClient,
};
use telemetry::Readiness;
use tokio::{net::TcpListener, task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;
use tonic::{Status, Streaming, transport::Channel};

pub(crate) type Client = InferenceServiceClient<Channel>;

/// Nothing in these tests takes longer, unless it hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A running service.
pub(crate) struct TestServer {
    pub(crate) address: SocketAddr,
    pub(crate) readiness: Readiness,
    pub(crate) shutdown: CancellationToken,
    pub(crate) outcome: JoinHandle<Result<(), StartError>>,
}

/// Limits that tests change in one place.
pub(crate) fn limits() -> Limits {
    Limits {
        max_running: 2,
        max_waiting: 2,
        max_duration: PATIENCE,
        stall: PATIENCE,
        reader_buffer: 256,
    }
}

impl TestServer {
    /// Serves an engine that is there at once.
    pub(crate) async fn with_engine(engine: Arc<dyn Engine>, limits: Limits) -> Self {
        let server = Self::loading(async { Ok(engine) }, limits).await;
        server.ready().await;
        server
    }

    /// Serves an engine once `load` yields it.
    pub(crate) async fn loading(
        load: impl Future<Output = Result<Arc<dyn Engine>, StartError>> + Send + 'static,
        limits: Limits,
    ) -> Self {
        Self::start(|listeners, readiness, shutdown| async move {
            let serving = Serving {
                limits,
                drain: PATIENCE,
                tls: None,
                readiness,
                metrics: None,
            };
            app::serve(load, serving, listeners, shutdown).await
        })
        .await
    }

    /// Serves a model the way the program does.
    pub(crate) async fn with_arguments(arguments: &[&str]) -> Self {
        let config = Config::parse_from([&["inference-svc"], arguments].concat());
        let server = Self::start(|listeners, readiness, shutdown| async move {
            app::run(&config, None, listeners, readiness, None, shutdown).await
        })
        .await;
        server.ready().await;
        server
    }

    async fn start<F>(serve: impl FnOnce(Listeners, Readiness, CancellationToken) -> F) -> Self
    where
        F: Future<Output = Result<(), StartError>> + Send + 'static,
    {
        let grpc = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = grpc.local_addr().unwrap();
        let readiness = Readiness::default();
        let shutdown = CancellationToken::new();
        let listeners = Listeners { grpc, admin: None };
        let outcome = tokio::spawn(serve(listeners, readiness.clone(), shutdown.clone()));
        Self {
            address,
            readiness,
            shutdown,
            outcome,
        }
    }

    async fn ready(&self) {
        let mut ready = self.readiness.subscribe();
        timeout(PATIENCE, ready.wait_for(|ready| *ready))
            .await
            .unwrap()
            .unwrap();
    }

    pub(crate) async fn channel(&self) -> Channel {
        Channel::from_shared(format!("http://{}", self.address))
            .unwrap()
            .connect()
            .await
            .unwrap()
    }

    pub(crate) async fn client(&self) -> Client {
        InferenceServiceClient::new(self.channel().await)
    }
}

/// A whole reply.
#[derive(Debug)]
pub(crate) struct Collected {
    pub(crate) started: Started,
    pub(crate) deltas: Vec<String>,
    pub(crate) finished: Finished,
}

impl Collected {
    pub(crate) fn text(&self) -> String {
        self.deltas.concat()
    }

    pub(crate) fn completion_tokens(&self) -> u32 {
        self.finished.usage.unwrap().completion_tokens
    }
}

/// Asks and reads to the end, checking the order of events.
pub(crate) async fn collect(
    client: &mut Client,
    request: GenerateRequest,
) -> Result<Collected, Status> {
    let stream = client.generate(request).await?.into_inner();
    timeout(PATIENCE, read_all(stream))
        .await
        .expect("the reply does not end")
}

pub(crate) async fn read_all(
    mut stream: Streaming<proto::inference_v1::GenerateResponse>,
) -> Result<Collected, Status> {
    let mut started = None;
    let mut deltas = Vec::new();
    let mut finished = None;
    while let Some(response) = stream.message().await? {
        assert!(finished.is_none(), "something follows Finished");
        match response.event.unwrap() {
            Event::Started(event) => {
                assert!(started.replace(event).is_none(), "two Started");
                assert!(deltas.is_empty());
            }
            Event::Delta(delta) => {
                assert!(started.is_some() && !delta.text.is_empty());
                deltas.push(delta.text);
            }
            Event::Finished(event) => finished = Some(event),
        }
    }
    Ok(Collected {
        started: started.expect("no Started"),
        deltas,
        finished: finished.expect("no Finished"),
    })
}

/// Reads until the reply has begun.
pub(crate) async fn first_event(
    stream: &mut Streaming<proto::inference_v1::GenerateResponse>,
) -> Event {
    timeout(PATIENCE, stream.message())
        .await
        .unwrap()
        .unwrap()
        .unwrap()
        .event
        .unwrap()
}
