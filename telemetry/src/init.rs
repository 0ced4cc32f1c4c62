//! Sets up the process-wide subscriber, the OTLP exporter and the Prometheus recorder, once, before
//! anything is built. The guard flushes what is still queued when the process ends.

use std::io::IsTerminal;

use clap::{Args, ValueEnum};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use opentelemetry::{global, trace::TracerProvider};
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig};
use opentelemetry_sdk::{Resource, propagation::TraceContextPropagator, trace::SdkTracerProvider};
use tracing_subscriber::{EnvFilter, Layer, layer::SubscriberExt, util::SubscriberInitExt};

use crate::privacy;

/// Bucket borders for durations in seconds: 10 ms doubling to 82 s, as the OpenTelemetry
/// conventions for generative AI name them.
const DURATION_BUCKETS: [f64; 14] = [
    0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
];
/// Bucket borders for the time between two tokens in seconds.
const TOKEN_BUCKETS: [f64; 13] = [
    0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5,
];
/// Bucket borders for counts such as a batch size.
const COUNT_BUCKETS: [f64; 8] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0];

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, for collectors.
    Json,
}

/// Settings of logs and traces, flattened into the command line of each service.
#[derive(Debug, Clone, Args)]
pub struct TelemetryArgs {
    /// Which log lines are written, in the syntax of tracing's EnvFilter, for example "info" or
    /// "warn,gateway=debug".
    #[arg(long, env = "LOG_FILTER", default_value = "info")]
    pub log_filter: String,
    /// How log lines look.
    #[arg(long, env = "LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
    /// Where spans are sent over OTLP/gRPC, for example http://127.0.0.1:4317; without it they
    /// stay in the process.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT")]
    pub otlp_endpoint: Option<String>,
}

/// Renders the recorded metrics in Prometheus' text format.
#[derive(Clone)]
pub struct MetricsHandle(PrometheusHandle);

impl MetricsHandle {
    /// The text that `/metrics` answers with.
    #[must_use]
    pub fn render(&self) -> String {
        self.0.run_upkeep();
        self.0.render()
    }
}

/// Why telemetry could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// The filter does not parse.
    #[error("--log-filter is not a valid filter: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// The exporter could not be built from the endpoint.
    #[error("--otlp-endpoint cannot be used: {0}")]
    Exporter(#[from] ExporterBuildError),
    /// The metrics recorder could not be built.
    #[error("metrics cannot be recorded: {0}")]
    Metrics(#[from] BuildError),
    /// Something in this process was set up before.
    #[error("telemetry is already set up in this process")]
    AlreadySet,
}

/// Keeps the exporter; flushes it on [`TelemetryGuard::shutdown`].
pub struct TelemetryGuard {
    metrics: PrometheusHandle,
    traces: Option<SdkTracerProvider>,
}

impl TelemetryGuard {
    /// A handle that renders the metrics.
    #[must_use]
    pub fn metrics(&self) -> MetricsHandle {
        MetricsHandle(self.metrics.clone())
    }

    /// Sends the spans that are still queued and stops the exporter.
    pub fn shutdown(self) {
        if let Some(provider) = self.traces
            && let Err(error) = provider.shutdown()
        {
            tracing::warn!(%error, "spans could not be flushed");
        }
    }
}

/// Sets up logs, traces and metrics for the whole process. Call inside a tokio runtime when an
/// OTLP endpoint is set.
///
/// # Errors
/// A filter or endpoint that cannot be used, or a second call in one process.
pub fn init(service: &'static str, args: &TelemetryArgs) -> Result<TelemetryGuard, InitError> {
    let filter = EnvFilter::try_new(privacy::without_words(&args.log_filter))?;
    let metrics = install_recorder()?;
    global::set_text_map_propagator(TraceContextPropagator::new());

    let provider = tracer_provider(service, args.otlp_endpoint.as_deref())?;
    let traces = tracing_opentelemetry::layer().with_tracer(provider.tracer(service));
    let lines = match args.log_format {
        LogFormat::Text => tracing_subscriber::fmt::layer()
            .with_ansi(std::io::stderr().is_terminal())
            .with_writer(std::io::stderr)
            .boxed(),
        LogFormat::Json => tracing_subscriber::fmt::layer()
            .json()
            .with_writer(std::io::stderr)
            .boxed(),
    };
    tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .with(traces.with_filter(tracing_subscriber::filter::LevelFilter::INFO))
        .try_init()
        .map_err(|_| InitError::AlreadySet)?;
    Ok(TelemetryGuard {
        metrics,
        traces: Some(provider),
    })
}

/// Spans get ids in every case, so that a trace can be followed through the logs; they are exported
/// only when there is an endpoint.
fn tracer_provider(
    service: &'static str,
    endpoint: Option<&str>,
) -> Result<SdkTracerProvider, InitError> {
    let builder = SdkTracerProvider::builder()
        .with_resource(Resource::builder().with_service_name(service).build());
    let Some(endpoint) = endpoint else {
        return Ok(builder.build());
    };
    let exporter = SpanExporter::builder()
        .with_tonic()
        .with_endpoint(endpoint)
        .build()?;
    Ok(builder.with_batch_exporter(exporter).build())
}

fn install_recorder() -> Result<PrometheusHandle, InitError> {
    let recorder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &DURATION_BUCKETS)?
        .set_buckets_for_metric(
            Matcher::Suffix("time_per_output_token_seconds".to_owned()),
            &TOKEN_BUCKETS,
        )?
        .set_buckets_for_metric(Matcher::Suffix("_size".to_owned()), &COUNT_BUCKETS)?
        .build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder).map_err(|_| InitError::AlreadySet)?;
    Ok(handle)
}
