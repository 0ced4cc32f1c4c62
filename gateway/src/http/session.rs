//! `/sessions`: begin, see where things stand, leave.

use api_types::{CreateSession, Session, SessionStatus};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{AppendHeaders, IntoResponse, Response},
};

use super::{
    convert,
    cookie::{clear_cookie, secret_from, set_cookie},
    extract::{ApiJson, CurrentSession},
    problem::HttpProblem,
    state::{AppState, now_ms},
};
use crate::domain::session::{Retention, SessionError, SessionRecord, SessionSecret};

/// Begins a session and sets its cookie.
#[utoipa::path(post, path = "/sessions", request_body = CreateSession, responses(
    (status = 201, body = Session),
    (status = 403, body = api_types::Problem, description = "age-gate, with helplines"),
    (status = 422, body = api_types::Problem),
))]
pub async fn create(
    State(state): State<AppState>,
    ApiJson(body): ApiJson<CreateSession>,
) -> Result<Response, HttpProblem> {
    let country = body.country.clone();
    let secret = SessionSecret::generate();
    let session =
        SessionRecord::open(&convert::new_session(body), now_ms()).map_err(
            |error| match error {
                SessionError::TooYoung => {
                    HttpProblem::age_gate(state.content.helplines_for(country.as_deref()).helplines)
                }
                other => other.into(),
            },
        )?;
    state.store.create_session(&session, &secret).await?;
    opened(&state, &session, &secret)
}

/// 201 with the cookie that opens the session.
pub(super) fn opened(
    state: &AppState,
    session: &SessionRecord,
    secret: &SessionSecret,
) -> Result<Response, HttpProblem> {
    let cookie = cookie(state, session, secret)?;
    let headers = AppendHeaders([(header::SET_COOKIE, cookie)]);
    Ok((
        StatusCode::CREATED,
        headers,
        Json(convert::session(session)),
    )
        .into_response())
}

/// The cookie of a session: it ends with the browser's, or lives as long as the words are kept.
fn cookie(
    state: &AppState,
    session: &SessionRecord,
    secret: &SessionSecret,
) -> Result<HeaderValue, HttpProblem> {
    let max_age = match session.retention {
        Retention::Session => None,
        Retention::Keep { .. } => Some(session.retention.idle_ms() / 1000),
    };
    set_cookie(secret, state.secure_cookies, max_age).ok_or_else(HttpProblem::internal)
}

/// Where the person is. A visit moves the end of the cookie as well as that of what is kept.
#[utoipa::path(get, path = "/sessions/me", responses(
    (status = 200, body = SessionStatus),
    (status = 401, body = api_types::Problem),
))]
pub async fn status(
    State(state): State<AppState>,
    CurrentSession(session): CurrentSession,
    headers: HeaderMap,
) -> Result<Response, HttpProblem> {
    let status = Json(convert::session_status(&session, &state.content));
    let secret = secret_from(&headers, state.secure_cookies);
    let Some(secret) = secret.filter(|_| session.retention != Retention::Session) else {
        return Ok(status.into_response());
    };
    let cookie = cookie(&state, &session, &secret)?;
    Ok((AppendHeaders([(header::SET_COOKIE, cookie)]), status).into_response())
}

/// Removes everything of this person.
#[utoipa::path(delete, path = "/sessions/me", responses(
    (status = 204),
    (status = 401, body = api_types::Problem),
))]
pub async fn delete(
    State(state): State<AppState>,
    CurrentSession(session): CurrentSession,
) -> Result<Response, HttpProblem> {
    state.turns.stop_session(session.access.id).await;
    state.store.delete_session(session.access.id).await?;
    let cookie = clear_cookie(state.secure_cookies).ok_or_else(HttpProblem::internal)?;
    let headers = AppendHeaders([
        (header::SET_COOKIE, cookie),
        (
            header::HeaderName::from_static("clear-site-data"),
            HeaderValue::from_static("\"cache\", \"cookies\", \"storage\""),
        ),
    ]);
    Ok((StatusCode::NO_CONTENT, headers).into_response())
}
