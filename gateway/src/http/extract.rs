//! Request parts as typed values; whatever does not fit becomes a problem, never a panic.

use std::time::Duration;

use axum::{
    Json,
    extract::{FromRequest, FromRequestParts, Request, rejection::JsonRejection},
    http::{StatusCode, request::Parts},
};
use serde::de::DeserializeOwned;

use super::{
    cookie::secret_from,
    problem::HttpProblem,
    state::{AppState, now_ms},
};
use crate::domain::{chat::admission::ClientKey, ports::StoreError, session::SessionRecord};

/// Until a whole body has arrived: 64 kB on a bad connection.
const BODY_READ: Duration = Duration::from_secs(20);

/// A JSON body.
pub struct ApiJson<T>(pub T);

impl<T: DeserializeOwned> FromRequest<AppState> for ApiJson<T> {
    type Rejection = HttpProblem;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, HttpProblem> {
        let read = Json::<T>::from_request(request, state);
        match tokio::time::timeout(BODY_READ, read).await {
            Ok(Ok(Json(value))) => Ok(Self(value)),
            Ok(Err(rejection)) => Err(json_problem(&rejection)),
            Err(_) => Err(HttpProblem::refused(
                StatusCode::REQUEST_TIMEOUT,
                "The body did not arrive in time. Please try again.",
            )),
        }
    }
}

/// serde's own words may quote the body, so they are not passed on.
fn json_problem(rejection: &JsonRejection) -> HttpProblem {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return HttpProblem::too_large("The request is larger than 64 kB.");
    }
    match rejection {
        JsonRejection::MissingJsonContentType(_) => {
            HttpProblem::bad_request("Send JSON with the header Content-Type: application/json.")
        }
        JsonRejection::JsonDataError(_) => HttpProblem::invalid(
            "The JSON has a field that is missing, unknown or of the wrong type. \
             See /api/openapi.json.",
        ),
        _ => HttpProblem::bad_request("The body is not valid JSON in UTF-8."),
    }
}

/// The session that the cookie opens.
pub struct CurrentSession(pub SessionRecord);

impl FromRequestParts<AppState> for CurrentSession {
    type Rejection = HttpProblem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, HttpProblem> {
        Ok(Self(open(parts, state).await??))
    }
}

/// The session that the cookie opens, or why the store cannot say: for messages, which a crisis may be in.
pub struct SessionOrFailure(pub Result<SessionRecord, StoreError>);

impl FromRequestParts<AppState> for SessionOrFailure {
    type Rejection = HttpProblem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, HttpProblem> {
        match open(parts, state).await? {
            Err(StoreError::Gone) => Err(HttpProblem::no_session()),
            other => Ok(Self(other)),
        }
    }
}

/// Opens the session and moves its expiry. That a move fails is no reason to refuse somebody.
async fn open(
    parts: &Parts,
    state: &AppState,
) -> Result<Result<SessionRecord, StoreError>, HttpProblem> {
    let secret =
        secret_from(&parts.headers, state.secure_cookies).ok_or_else(HttpProblem::no_session)?;
    let now = now_ms();
    let mut session = match state.store.open_session(&secret, now).await {
        Ok(found) => found.ok_or_else(HttpProblem::no_session)?,
        Err(error) => return Ok(Err(error)),
    };
    if session.touch(now) {
        let extended = state
            .store
            .extend_session(session.access.id, session.expires_ms);
        if let Err(error) = extended.await {
            tracing::warn!(%error, "the expiry of a session could not be moved");
        }
    }
    Ok(Ok(session))
}

/// Which client it is, for budgets.
pub struct Client(pub ClientKey);

impl FromRequestParts<AppState> for Client {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &AppState,
    ) -> Result<Self, Self::Rejection> {
        let client = &state.client_address;
        Ok(Self(client.key(&parts.headers, &parts.extensions)))
    }
}
