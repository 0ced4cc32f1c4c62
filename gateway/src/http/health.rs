//! `/healthz` and `/readyz` on the public port, for balancers that see nothing else.

use axum::{Json, extract::State, http::StatusCode};
use serde::Serialize;

use super::state::AppState;

/// What the gateway depends on, by name.
#[derive(Serialize)]
pub struct Ready {
    ready: bool,
    store: bool,
    classifier: bool,
    inference: bool,
}

/// Alive.
pub async fn healthz() -> &'static str {
    "alive"
}

/// Ready means: may take traffic. A missing classifier or model is reported and does not take the
/// gateway away, because rules, crisis card and helplines work without them.
pub async fn readyz(State(state): State<AppState>) -> (StatusCode, Json<Ready>) {
    let (store, classifier, inference) = tokio::join!(
        state.store.is_ready(),
        state.classifier.is_ready(),
        state.generator.is_ready()
    );
    let ready = state.readiness.is_ready() && store;
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (
        status,
        Json(Ready {
            ready,
            store,
            classifier,
            inference,
        }),
    )
}
