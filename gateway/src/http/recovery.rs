//! The recovery phrase: shown once, and the way back in on another device. The words travel in bodies only.

use api_types::{RecoverSession, RecoveryPhrase, Session};
use axum::{Json, extract::State, http::StatusCode, response::Response};
use zeroize::Zeroizing;

use super::{
    extract::{ApiJson, CurrentSession},
    problem::HttpProblem,
    session,
    state::{AppState, now_ms},
};
use crate::domain::session::{Retention, SessionSecret, recovery};

/// Makes twelve words that open the session on another device; earlier words no longer do.
#[utoipa::path(post, path = "/sessions/me/recovery-phrase", responses(
    (status = 201, body = RecoveryPhrase),
    (status = 401, body = api_types::Problem),
    (status = 409, body = api_types::Problem, description = "not-kept: the words end with this session"),
))]
pub async fn make(
    State(state): State<AppState>,
    CurrentSession(session): CurrentSession,
) -> Result<(StatusCode, Json<RecoveryPhrase>), HttpProblem> {
    if session.retention == Retention::Session {
        return Err(HttpProblem::conflict(
            "not-kept",
            "Your words are kept for this session only, so there is nothing to come back to. Choose \
             \"until I delete them\" when you start.",
        ));
    }
    let phrase = recovery::make_phrase(state.store.as_ref(), &session.access, now_ms()).await?;
    let phrase = phrase.words().to_string();
    Ok((StatusCode::CREATED, Json(RecoveryPhrase { phrase })))
}

/// Opens a session with its recovery phrase and sets a cookie of its own.
#[utoipa::path(post, path = "/sessions/recover", request_body = RecoverSession, responses(
    (status = 201, body = Session),
    (status = 404, body = api_types::Problem, description = "unknown-phrase"),
    (status = 422, body = api_types::Problem),
))]
pub async fn recover(
    State(state): State<AppState>,
    ApiJson(body): ApiJson<RecoverSession>,
) -> Result<Response, HttpProblem> {
    let typed = Zeroizing::new(body.phrase);
    let phrase = recovery::RecoveryPhrase::parse(&typed)?;
    let now = now_ms();
    let found = state.store.open_session(&phrase.secret(), now).await?;
    let mut opened = found.ok_or_else(HttpProblem::unknown_phrase)?;
    if opened.touch(now) {
        state
            .store
            .extend_session(opened.access.id, opened.expires_ms)
            .await?;
    }
    let secret = SessionSecret::generate();
    state.store.add_secret(&opened.access, &secret, now).await?;
    session::opened(&state, &opened, &secret)
}
