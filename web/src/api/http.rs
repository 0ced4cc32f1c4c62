//! One request with a JSON answer. In: method, path, body. Out: the typed answer or an
//! [`ApiError`]. Every request carries the cross-site header, a trace and a deadline.

use api_types::{CSRF_HEADER, CSRF_HEADER_VALUE, Problem};
use gloo_net::http::{Method, RequestBuilder, Response};
use serde::{Serialize, de::DeserializeOwned};
use web_sys::{AbortSignal, RequestCache};

use super::{
    ApiError,
    trace::{TRACEPARENT, new_traceparent},
};

const BASE: &str = "/api/v1";
/// How long a request without a stream may take, in milliseconds.
const DEADLINE_MS: u32 = 20_000;

/// Stands for "no body".
pub(super) const NO_BODY: Option<&()> = None;

/// `{}`, for calls that take a body and need nothing in it.
#[derive(Serialize)]
pub(super) struct Empty {}

/// Stands for an empty body.
pub(super) const EMPTY_BODY: Option<&Empty> = Some(&Empty {});

/// Sends and reads the JSON answer.
pub(super) async fn call<B, A>(method: Method, path: &str, body: Option<&B>) -> Result<A, ApiError>
where
    B: Serialize,
    A: DeserializeOwned,
{
    let deadline = AbortSignal::timeout_with_u32(DEADLINE_MS);
    let response = send(method, path, body, &deadline).await?;
    response.json().await.map_err(|_| ApiError::Unreadable)
}

/// Asks with parameters and reads the JSON answer.
pub(super) async fn ask<A: DeserializeOwned>(
    path: &str,
    parameters: &[(&str, &str)],
) -> Result<A, ApiError> {
    let deadline = AbortSignal::timeout_with_u32(DEADLINE_MS);
    let builder = prepare(Method::GET, path, &deadline).query(parameters.iter().copied());
    let response = finish(builder, NO_BODY).await?;
    response.json().await.map_err(|_| ApiError::Unreadable)
}

/// Sends where success has no body.
pub(super) async fn call_empty<B: Serialize>(
    method: Method,
    path: &str,
    body: Option<&B>,
) -> Result<(), ApiError> {
    let deadline = AbortSignal::timeout_with_u32(DEADLINE_MS);
    send(method, path, body, &deadline).await.map(|_| ())
}

/// Sends and gives the successful response with its body unread.
pub(super) async fn send<B: Serialize>(
    method: Method,
    path: &str,
    body: Option<&B>,
    signal: &AbortSignal,
) -> Result<Response, ApiError> {
    finish(prepare(method, path, signal), body).await
}

fn prepare(method: Method, path: &str, signal: &AbortSignal) -> RequestBuilder {
    let builder = RequestBuilder::new(&format!("{BASE}{path}"))
        .method(method)
        .header(CSRF_HEADER, CSRF_HEADER_VALUE)
        .cache(RequestCache::NoStore)
        .abort_signal(Some(signal));
    match new_traceparent() {
        Some(traceparent) => builder.header(TRACEPARENT, &traceparent),
        None => builder,
    }
}

async fn finish<B: Serialize>(
    builder: RequestBuilder,
    body: Option<&B>,
) -> Result<Response, ApiError> {
    let request = match body {
        Some(body) => builder.json(body),
        None => builder.build(),
    }
    .map_err(|_| ApiError::Unreadable)?;
    let response = request.send().await.map_err(|_| ApiError::Unreachable)?;
    if response.ok() {
        Ok(response)
    } else {
        Err(refused(&response).await)
    }
}

async fn refused(response: &Response) -> ApiError {
    match response.json::<Problem>().await {
        Ok(problem) => ApiError::Problem(Box::new(problem)),
        // A proxy in between answers without a problem document.
        Err(_) if response.status() >= 500 => ApiError::Unreachable,
        Err(_) => ApiError::Unreadable,
    }
}
