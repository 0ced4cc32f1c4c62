//! The admin port: `/livez`, `/readyz` and `/metrics`, for probes and Prometheus only. It is never
//! the port that a browser talks to.

use axum::{Router, extract::State, http::StatusCode, routing::get};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{MetricsHandle, Readiness};

/// The routes of the admin port.
pub fn router(readiness: Readiness, metrics: MetricsHandle) -> Router {
    Router::new()
        .route("/livez", get(|| async { "alive" }))
        .route("/readyz", get(ready).with_state(readiness))
        .route(
            "/metrics",
            get(|State(metrics): State<MetricsHandle>| async move { metrics.render() }),
        )
        .with_state(metrics)
}

async fn ready(State(readiness): State<Readiness>) -> (StatusCode, &'static str) {
    if readiness.is_ready() {
        (StatusCode::OK, "ready")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready")
    }
}

/// Serves the admin port until `shutdown` is cancelled.
///
/// # Errors
/// The listener fails.
pub async fn serve(
    listener: TcpListener,
    readiness: Readiness,
    metrics: MetricsHandle,
    shutdown: CancellationToken,
) -> std::io::Result<()> {
    axum::serve(listener, router(readiness, metrics))
        .with_graceful_shutdown(shutdown.cancelled_owned())
        .await
}
