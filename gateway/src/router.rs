//! Every route of the public port in one list, and the order of the layers around them.

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Request},
    http::StatusCode,
    middleware,
    response::{IntoResponse, Response},
    routing::get,
};
use governor::clock::QuantaInstant;
use telemetry::propagation::ServerTraceLayer;
use tower_governor::{
    GovernorError, GovernorLayer,
    governor::{GovernorConfig, GovernorConfigBuilder},
};
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::http::{
    assessment, chat, client_address::ClientAddress, content, export, health, help_page, metrics,
    problem::HttpProblem, questionnaire, recovery, request_id, safety_plan, security, session,
    state::AppState,
};

/// Largest body in bytes. The longest message is 4,000 characters of at most 4 bytes each, and
/// JSON may write one as six or twelve.
const BODY_LIMIT: usize = 64 * 1024;

/// Requests that one client may send.
#[derive(Debug, Clone)]
pub struct RateLimit {
    /// At once.
    pub burst: u32,
    /// A second, in the long run.
    pub per_second: u32,
    /// Tells clients apart.
    pub client: ClientAddress,
}

/// What serves the public port.
pub struct PublicPort {
    /// All routes with their layers.
    pub app: Router,
    /// Lets go of clients that have not asked for anything for a while. Call now and then.
    pub forget_idle_clients: Box<dyn Fn() + Send + Sync>,
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Digital Detox",
        description = "Questionnaire, screening and companion chat. State-changing requests are \
                       JSON and carry `X-Requested-With: digital-detox`; the session lives in a \
                       cookie; errors are RFC 9457 problem details.",
        license(name = "MIT OR Apache-2.0"),
    ),
    components(schemas(api_types::Problem, api_types::StreamEvent))
)]
struct ApiDocument;

/// The rate limits cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("--rate-limit-burst and --rate-limit-per-second must be at least 1")]
pub struct RateLimitError;

fn api_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(ApiDocument::openapi()).nest(
        "/api/v1",
        OpenApiRouter::new()
            // The person
            .routes(routes!(session::create))
            .routes(routes!(session::status, session::delete))
            .routes(routes!(export::export))
            .routes(routes!(recovery::make))
            .routes(routes!(recovery::recover))
            .routes(routes!(safety_plan::get, safety_plan::put))
            // The screening
            .routes(routes!(questionnaire::get))
            .routes(routes!(questionnaire::put_answers))
            .routes(routes!(assessment::create))
            // The companion
            .routes(routes!(chat::send, chat::history, chat::delete))
            .routes(routes!(chat::regenerate))
            .routes(routes!(chat::feedback))
            // Reviewed content
            .routes(routes!(content::all_insights))
            .routes(routes!(content::insights))
            .routes(routes!(content::training_data))
            .routes(routes!(content::helplines)),
    )
}

/// The description of the API, as served at `/api/openapi.json`.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    api_routes().split_for_parts().1
}

/// The public port. `pages` answers what is not the API.
///
/// # Errors
/// The rate limits are zero.
pub fn router(
    state: AppState,
    pages: Router,
    limit: RateLimit,
) -> Result<PublicPort, RateLimitError> {
    let limiter = rate_limit(limit)?;
    let secure = state.secure_cookies;
    let (api, document) = api_routes().split_for_parts();
    let api = api
        .route(
            "/api/openapi.json",
            get(move || async move { Json(document) }),
        )
        .route("/api/v1/healthz", get(health::healthz))
        .route("/api/v1/readyz", get(health::readyz))
        .route("/api/{*rest}", axum::routing::any(unknown_call))
        .method_not_allowed_fallback(wrong_method)
        .with_state(state.clone());
    // Whoever was slowed down still finds people to talk to.
    let help = Router::new()
        .route("/help", get(help_page::page))
        .route("/help.css", get(help_page::stylesheet))
        .with_state(state);

    // Read from the last line up: the request id is the outermost.
    let mut app = api
        .layer(GovernorLayer::new(limiter.clone()).error_handler(over_limit))
        .layer(middleware::from_fn(security::same_site))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .merge(help)
        .merge(pages)
        .layer(CatchPanicLayer::custom(after_panic))
        .layer(middleware::from_fn(metrics::measure))
        .layer(ServerTraceLayer::new("http"))
        .layer(middleware::from_fn(security::headers));
    if secure {
        app = app.layer(middleware::from_fn(security::strict_transport));
    }
    Ok(PublicPort {
        app: app.layer(middleware::from_fn(request_id::assign)),
        forget_idle_clients: Box::new(move || limiter.limiter().retain_recent()),
    })
}

type LimiterConfig =
    GovernorConfig<ClientAddress, governor::middleware::NoOpMiddleware<QuantaInstant>>;

fn rate_limit(limit: RateLimit) -> Result<Arc<LimiterConfig>, RateLimitError> {
    if limit.per_second == 0 {
        return Err(RateLimitError);
    }
    let period = Duration::from_secs(1) / limit.per_second;
    let config = GovernorConfigBuilder::default()
        .key_extractor(limit.client)
        .period(period)
        .burst_size(limit.burst)
        .finish()
        .ok_or(RateLimitError)?;
    Ok(Arc::new(config))
}

#[allow(
    clippy::needless_pass_by_value,
    reason = "the rate limiter hands its error over by value"
)]
fn over_limit(error: GovernorError) -> Response {
    match error {
        GovernorError::TooManyRequests { wait_time, .. } => {
            let seconds = u32::try_from(wait_time).unwrap_or(u32::MAX).max(1);
            HttpProblem::too_many(seconds).into_response()
        }
        _ => HttpProblem::internal().into_response(),
    }
}

async fn unknown_call() -> HttpProblem {
    HttpProblem::not_found("This call does not exist. GET /api/openapi.json lists all of them.")
}

async fn wrong_method(_request: Request) -> HttpProblem {
    HttpProblem::refused(
        StatusCode::METHOD_NOT_ALLOWED,
        "This address does not take this method.",
    )
}

/// A panic's text may quote what a person wrote, so only the fact is logged.
fn after_panic(_: Box<dyn std::any::Any + Send + 'static>) -> Response {
    ::metrics::counter!("gateway_panics_total").increment(1);
    tracing::error!("a handler panicked");
    HttpProblem::internal().into_response()
}
