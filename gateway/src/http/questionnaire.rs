//! The questionnaire and the answers to it.

use api_types::{AnswersProgress, AnswersRequest, Questionnaire};
use axum::{Json, extract::State};

use super::{
    convert,
    extract::{ApiJson, CurrentSession},
    problem::HttpProblem,
    state::AppState,
};
use crate::domain::{questionnaire as domain, session::SessionChange};

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
    CurrentSession(session): CurrentSession,
    ApiJson(body): ApiJson<AnswersRequest>,
) -> Result<Json<AnswersProgress>, HttpProblem> {
    let questionnaire = &state.content.questionnaire;
    domain::validate(questionnaire, &body.version, &body.answers)?;
    let change = SessionChange::Answers {
        version: body.version,
        answers: body.answers,
    };
    let session = state.store.change_session(&session.access, change).await?;
    Ok(Json(convert::progress(domain::progress(
        questionnaire,
        &session.answers,
    ))))
}
