//! Request parts as typed values; whatever does not fit becomes a problem, never a panic.

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
use crate::domain::session::SessionRecord;

/// A JSON body.
pub struct ApiJson<T>(pub T);

impl<T: DeserializeOwned> FromRequest<AppState> for ApiJson<T> {
    type Rejection = HttpProblem;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, HttpProblem> {
        match Json::<T>::from_request(request, state).await {
            Ok(Json(value)) => Ok(Self(value)),
            Err(rejection) => Err(json_problem(&rejection)),
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
        let secret = secret_from(&parts.headers, state.secure_cookies)
            .ok_or_else(HttpProblem::no_session)?;
        let now = now_ms();
        let store = &state.store;
        let mut session = store
            .open_session(&secret, now)
            .await?
            .ok_or_else(HttpProblem::no_session)?;
        if session.touch(now) {
            store
                .extend_session(session.access.id, session.expires_ms)
                .await?;
        }
        Ok(Self(session))
    }
}
