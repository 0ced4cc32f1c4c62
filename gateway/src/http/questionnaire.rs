//! The questionnaire and the answers to it.

use api_types::{AnswersProgress, AnswersRequest, Questionnaire};
use axum::{Json, extract::State};

use super::{
    convert,
    extract::{ApiJson, CurrentSession},
    problem::HttpProblem,
    state::AppState,
};
use crate::domain::questionnaire as domain;

/// The questions, without the points behind them.
#[utoipa::path(get, path = "/questionnaire", responses((status = 200, body = Questionnaire)))]
pub async fn get(State(state): State<AppState>) -> Json<Questionnaire> {
    Json(convert::questionnaire(&state.content.questionnaire))
}

/// Saves answers, a few or all.
#[utoipa::path(put, path = "/sessions/me/answers", request_body = AnswersRequest, responses(
    (status = 200, body = AnswersProgress),
    (status = 401, body = api_types::Problem),
    (status = 409, body = api_types::Problem, description = "stale-questionnaire"),
    (status = 422, body = api_types::Problem),
))]
pub async fn put_answers(
    State(state): State<AppState>,
    CurrentSession(mut session): CurrentSession,
    ApiJson(body): ApiJson<AnswersRequest>,
) -> Result<Json<AnswersProgress>, HttpProblem> {
    let questionnaire = &state.content.questionnaire;
    domain::validate(questionnaire, &body.version, &body.answers)?;
    if session.questionnaire_version.as_deref() != Some(body.version.as_str()) {
        session.answers.clear();
        session.questionnaire_version = Some(body.version);
    }
    domain::merge(&mut session.answers, body.answers);
    state.store.update_session(&session).await?;
    Ok(Json(convert::progress(domain::progress(
        questionnaire,
        &session.answers,
    ))))
}
