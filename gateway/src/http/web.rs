//! The built front end: hashed assets that may be cached for ever, and the page itself with a fresh
//! nonce for every answer.

use std::path::Path;

use axum::{
    Router,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
    routing::get,
};
use rand::RngCore;
use tower::ServiceBuilder;
use tower_http::{services::ServeDir, set_header::SetResponseHeaderLayer};

use super::{problem::HttpProblem, security::page_policy};

/// Where the page has its nonce.
const NONCE_MARK: &str = "{{nonce}}";

/// The folder of the front end cannot be served.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {cause}; build it with `cargo xtask web`")]
pub struct WebError {
    path: String,
    cause: std::io::Error,
}

/// Routes of a built front end.
///
/// # Errors
/// The folder has no index.html.
pub fn router(folder: &Path) -> Result<Router, WebError> {
    let index = folder.join("index.html");
    let page = std::fs::read_to_string(&index).map_err(|cause| WebError {
        path: index.display().to_string(),
        cause,
    })?;
    let page: &'static str = Box::leak(page.into_boxed_str());
    let forever = HeaderValue::from_static("public, max-age=31536000, immutable");
    let assets = ServiceBuilder::new()
        .layer(SetResponseHeaderLayer::overriding(
            header::CACHE_CONTROL,
            forever,
        ))
        .service(ServeDir::new(folder.join("assets")).precompressed_br());
    Ok(Router::new()
        .nest_service("/assets", assets)
        .fallback(get(move || async move { render(page) })))
}

/// Without a front end there is still the API, and a visitor is told where people listen.
pub fn no_front_end() -> Router {
    Router::new().fallback(|| async {
        HttpProblem::not_found("There is no page here. Helplines are at /help.").into_response()
    })
}

fn render(page: &str) -> Response {
    let mut bytes = [0_u8; 16];
    rand::rng().fill_bytes(&mut bytes);
    let nonce: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (header::CONTENT_SECURITY_POLICY, page_policy(&nonce)),
    ];
    (headers, page.replace(NONCE_MARK, &nonce)).into_response()
}
