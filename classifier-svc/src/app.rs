//! Wires the service: listeners first, so that a taken port is known before the load; then the
//! model; readiness only after it has classified a text; and a drain with a deadline at the end.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use peer_tls::{ServerTls, secure_server};
use proto::classifier_v1::classifier_service_server::ClassifierServiceServer;
use telemetry::{MetricsHandle, Readiness, propagation::ServerTraceLayer};
use tokio::{net::TcpListener, task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;
use tonic::transport::{Server, server::TcpIncoming};
use tonic_health::{ServingStatus, server::HealthReporter};

use crate::{
    classify::{Classifier, ClassifierHandle, EncoderClassifier, Limits},
    config::Config,
    error::StartError,
    grpc::{ClassifierGrpc, LoadedClassifier},
};

/// Name in health checks.
pub const SERVICE_NAME: &str = "classifier.v1.ClassifierService";
/// Largest request in bytes: a full batch of the longest texts.
const MAX_REQUEST_BYTES: usize = 8 << 20;
/// A peer that answers no ping for this long is gone, and its requests with it.
const KEEPALIVE: Duration = Duration::from_secs(20);
/// Time for last bytes to leave once every request is answered.
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

/// Loads the configured folder and serves it until `shutdown`.
///
/// # Errors
/// The folder cannot be loaded, classifies nothing, or a listener fails.
pub async fn run(
    config: &Config,
    tls: Option<ServerTls>,
    listeners: Listeners,
    readiness: Readiness,
    metrics: Option<MetricsHandle>,
    shutdown: CancellationToken,
) -> Result<(), StartError> {
    let (folder, name) = (config.model.clone(), config.model_name());
    let load = move || Ok(EncoderClassifier::load(&folder, name)?);
    let serving = Serving {
        limits: config.limits(),
        drain: config.drain(),
        tls,
        readiness,
        metrics,
    };
    serve(load, serving, listeners, shutdown).await
}

/// What serving needs besides the model.
pub struct Serving {
    /// Bounds of queue and batches.
    pub limits: Limits,
    /// Time that waiting and running texts get at the end.
    pub drain: Duration,
    /// Mutual TLS on the gRPC port; without it, plain HTTP/2.
    pub tls: Option<ServerTls>,
    /// The latch behind `/readyz`.
    pub readiness: Readiness,
    /// What `/metrics` shows.
    pub metrics: Option<MetricsHandle>,
}

/// Serves whatever classifier `load` yields until `shutdown`; `load` may block.
///
/// # Errors
/// As [`run`].
pub async fn serve<C: Classifier>(
    load: impl FnOnce() -> Result<C, StartError> + Send + 'static,
    serving: Serving,
    listeners: Listeners,
    shutdown: CancellationToken,
) -> Result<(), StartError> {
    let loaded: LoadedClassifier = Arc::new(OnceLock::new());
    let stop_accepting = CancellationToken::new();
    let (health, mut servers) =
        start_servers(&serving, listeners, &loaded, &stop_accepting).await?;

    let started = tokio::select! {
        () = shutdown.cancelled() => None,
        failed = servers.join_next() => return Err(stopped(failed)),
        started = start_model(load, serving.limits) => Some(started?),
    };
    let Some(classifier) = started else {
        return Ok(());
    };
    let info = classifier.info();
    tracing::info!(
        model = info.name,
        heads = info.heads.len(),
        mutual_tls = serving.tls.is_some(),
        "serving"
    );
    let _first = loaded.set(Arc::clone(&classifier));
    report(&health, ServingStatus::Serving).await;
    serving.readiness.set_ready();

    let failed = tokio::select! {
        () = shutdown.cancelled() => None,
        failed = servers.join_next() => Some(failed),
    };
    serving.readiness.set_not_ready();
    report(&health, ServingStatus::NotServing).await;
    stop_accepting.cancel();
    if timeout(serving.drain, classifier.drain()).await.is_err() {
        tracing::warn!("texts were still waiting at the end of the drain");
        classifier.abort();
    }
    // Health watchers keep their connections open, so the servers' end is not waited for long.
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
    loaded: &LoadedClassifier,
    stop: &CancellationToken,
) -> Result<(HealthReporter, JoinSet<ServerResult>), StartError> {
    let mut servers = JoinSet::new();
    if let (Some(listener), Some(metrics)) = (listeners.admin, serving.metrics.clone()) {
        let readiness = serving.readiness.clone();
        let admin = telemetry::admin::serve(listener, readiness, metrics, stop.clone());
        servers.spawn(async { admin.await.map_err(|error| error.to_string()) });
    }
    let (health, health_service) = tonic_health::server::health_reporter();
    report(&health, ServingStatus::NotServing).await;
    let service = ClassifierServiceServer::new(ClassifierGrpc::new(Arc::clone(loaded)))
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

/// Loads the model on a thread that may block, then classifies one text.
async fn start_model<C: Classifier>(
    load: impl FnOnce() -> Result<C, StartError> + Send + 'static,
    limits: Limits,
) -> Result<Arc<ClassifierHandle>, StartError> {
    let classifier = tokio::task::spawn_blocking(load)
        .await
        .map_err(|error| StartError::WarmUp(error.to_string()))??;
    let classifier = ClassifierHandle::start(classifier, limits);
    let warm_up = classifier.warm_up().await;
    warm_up.map_err(|error| StartError::WarmUp(error.to_string()))?;
    Ok(Arc::new(classifier))
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
