//! Wires the service: listeners first, so that a taken port is known before a slow load; then the
//! model; readiness only after a token came out of it; and a drain with a deadline at the end.

use std::{
    future::Future,
    num::NonZeroUsize,
    sync::{Arc, OnceLock},
    time::Duration,
};

use peer_tls::{ServerTls, secure_server};
use proto::inference_v1::inference_service_server::InferenceServiceServer;
use telemetry::{MetricsHandle, Readiness, propagation::ServerTraceLayer};
use tokio::{net::TcpListener, task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;
use tonic::transport::{Server, server::TcpIncoming};
use tonic_health::{ServingStatus, server::HealthReporter};

use crate::{
    config::Config,
    engine,
    error::StartError,
    generation::{
        Engine, Event, GenerationError, Generator, Limits, Message, Role, SamplingRequest,
    },
    grpc::{InferenceGrpc, LoadedModel},
};

/// Name in health checks.
pub const SERVICE_NAME: &str = "inference.v1.InferenceService";
/// Largest request in bytes: far more text than any context holds.
const MAX_REQUEST_BYTES: usize = 1 << 20;
/// A peer that answers no ping for this long is gone, and its replies with it.
const KEEPALIVE: Duration = Duration::from_secs(20);
/// Time for last bytes to leave once every reply is read.
const FLUSH: Duration = Duration::from_secs(1);

/// Sockets that are bound before anything slow happens.
pub struct Listeners {
    /// The gRPC port.
    pub grpc: TcpListener,
    /// The admin port.
    pub admin: Option<TcpListener>,
}

impl Listeners {
    /// Binds both ports.
    ///
    /// # Errors
    /// [`StartError::Bind`] when one is taken.
    pub async fn bind(config: &Config) -> Result<Self, StartError> {
        Ok(Self {
            grpc: bind(config.listen).await?,
            admin: Some(bind(config.admin_listen).await?),
        })
    }
}

async fn bind(address: std::net::SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address)
        .await
        .map_err(|source| StartError::Bind { address, source })
}

/// Sizes the pool that the matrix kernels run on. Call once, before anything else uses it.
///
/// # Errors
/// The pool is in use already.
pub fn build_thread_pool(threads: Option<NonZeroUsize>) -> Result<(), StartError> {
    let threads = threads
        .or_else(|| std::thread::available_parallelism().ok())
        .map_or(1, NonZeroUsize::get);
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|index| format!("kernel-{index}"))
        .build_global()?;
    Ok(())
}

/// Loads the configured model and serves it until `shutdown`.
///
/// # Errors
/// The model cannot be loaded, generates nothing, or a listener fails.
pub async fn run(
    config: &Config,
    tls: Option<ServerTls>,
    listeners: Listeners,
    readiness: Readiness,
    metrics: Option<MetricsHandle>,
    shutdown: CancellationToken,
) -> Result<(), StartError> {
    let options = config.load_options();
    let load = async { Ok(Arc::new(engine::load(options).await?) as Arc<dyn Engine>) };
    let serving = Serving {
        limits: config.limits(),
        drain: config.drain(),
        tls,
        readiness,
        metrics,
    };
    serve(load, serving, listeners, shutdown).await
}

/// What serving needs besides the engine.
pub struct Serving {
    /// Bounds of requests.
    pub limits: Limits,
    /// Time that running replies get at the end.
    pub drain: Duration,
    /// Mutual TLS on the gRPC port; without it, plain HTTP/2.
    pub tls: Option<ServerTls>,
    /// The latch behind `/readyz`.
    pub readiness: Readiness,
    /// What `/metrics` shows.
    pub metrics: Option<MetricsHandle>,
}

/// Serves whatever engine `load` yields until `shutdown`.
///
/// # Errors
/// As [`run`].
pub async fn serve(
    load: impl Future<Output = Result<Arc<dyn Engine>, StartError>>,
    serving: Serving,
    listeners: Listeners,
    shutdown: CancellationToken,
) -> Result<(), StartError> {
    let model: LoadedModel = Arc::new(OnceLock::new());
    let stop_accepting = CancellationToken::new();
    let (health, mut servers) = start_servers(&serving, listeners, &model, &stop_accepting).await?;

    let started = tokio::select! {
        () = shutdown.cancelled() => None,
        failed = servers.join_next() => return Err(stopped(failed)),
        started = start_model(load, serving.limits.clone()) => Some(started?),
    };
    let Some(generator) = started else {
        return Ok(());
    };
    let info = generator.model();
    tracing::info!(
        model = info.name,
        architecture = info.architecture,
        quantization = info.quantization,
        context_length = info.context_length,
        device = info.device,
        mutual_tls = serving.tls.is_some(),
        "serving"
    );
    let _first = model.set(Arc::clone(&generator));
    report(&health, ServingStatus::Serving).await;
    serving.readiness.set_ready();

    let failed = tokio::select! {
        () = shutdown.cancelled() => None,
        failed = servers.join_next() => Some(failed),
    };
    serving.readiness.set_not_ready();
    report(&health, ServingStatus::NotServing).await;
    stop_accepting.cancel();
    if timeout(serving.drain, generator.drain()).await.is_err() {
        tracing::warn!("replies were still running at the end of the drain");
        generator.abort();
    }
    // Health watchers keep their connections open, so the end of the servers is not waited for long.
    let _left_over = timeout(FLUSH, async {
        while servers.join_next().await.is_some() {}
    })
    .await;
    servers.abort_all();
    failed.map_or(Ok(()), |failed| Err(stopped(failed)))
}

type ServerResult = Result<(), String>;

async fn start_servers(
    serving: &Serving,
    listeners: Listeners,
    model: &LoadedModel,
    stop: &CancellationToken,
) -> Result<(HealthReporter, JoinSet<ServerResult>), StartError> {
    let mut servers = JoinSet::new();
    if let (Some(listener), Some(metrics)) = (listeners.admin, serving.metrics.clone()) {
        let admin =
            telemetry::admin::serve(listener, serving.readiness.clone(), metrics, stop.clone());
        servers.spawn(async { admin.await.map_err(|error| error.to_string()) });
    }
    let (health, health_service) = tonic_health::server::health_reporter();
    report(&health, ServingStatus::NotServing).await;
    let service = InferenceServiceServer::new(InferenceGrpc::new(Arc::clone(model)))
        .max_decoding_message_size(MAX_REQUEST_BYTES);
    let router = secure_server(Server::builder(), serving.tls.as_ref())?
        .layer(ServerTraceLayer::new("grpc"))
        .http2_keepalive_interval(Some(KEEPALIVE))
        .http2_keepalive_timeout(Some(KEEPALIVE))
        .add_service(service)
        .add_service(health_service)
        .add_service(reflection().build_v1().map_err(serve_error)?)
        .add_service(reflection().build_v1alpha().map_err(serve_error)?);
    // Without this an answer may wait 40 ms for the acknowledgement of the one before; the builder's own
    // setting holds only for listeners that it opens itself.
    let incoming = TcpIncoming::from(listeners.grpc).with_nodelay(Some(true));
    let stopped = stop.clone().cancelled_owned();
    servers.spawn(async move {
        router
            .serve_with_incoming_shutdown(incoming, stopped)
            .await
            .map_err(|error| error.to_string())
    });
    Ok((health, servers))
}

fn reflection() -> tonic_reflection::server::Builder<'static> {
    tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(proto::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .with_service_name(SERVICE_NAME)
        .with_service_name("grpc.health.v1.Health")
}

/// Loads the model and generates one token, which touches every part of the path.
async fn start_model(
    load: impl Future<Output = Result<Arc<dyn Engine>, StartError>>,
    limits: Limits,
) -> Result<Arc<Generator>, StartError> {
    let generator = Arc::new(Generator::new(load.await?, limits));
    let hello = Message {
        role: Role::User,
        content: "Hello".to_owned(),
    };
    let one_token = SamplingRequest {
        max_tokens: Some(1),
        ..SamplingRequest::default()
    };
    let mut reply = generator
        .generate(vec![hello], one_token, None)
        .await
        .map_err(StartError::WarmUp)?;
    loop {
        match reply.events.recv().await {
            Some(Ok(Event::Finished { .. })) => break,
            Some(Ok(_)) => {}
            Some(Err(error)) => return Err(StartError::WarmUp(error)),
            None => return Err(StartError::WarmUp(GenerationError::EngineFailed)),
        }
    }
    drop(reply);
    Ok(generator)
}

async fn report(health: &HealthReporter, status: ServingStatus) {
    health.set_service_status("", status).await;
    health.set_service_status(SERVICE_NAME, status).await;
}

fn serve_error(error: impl std::fmt::Display) -> StartError {
    StartError::Serve(error.to_string())
}

fn stopped(outcome: Option<Result<ServerResult, tokio::task::JoinError>>) -> StartError {
    StartError::Serve(match outcome {
        Some(Ok(Err(reason))) => reason,
        Some(Err(error)) => error.to_string(),
        _ => "a listener closed".to_owned(),
    })
}
