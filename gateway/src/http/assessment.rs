//! `POST /assessments`: the screening as an event stream.

use api_types::AssessmentRequest;
use axum::{extract::State, response::Response};

use super::{
    extract::{ApiJson, Client, CurrentSession},
    problem::HttpProblem,
    sse,
    state::AppState,
};
use crate::domain::{assessment::stream::AssessmentInput, chat::message, questionnaire};

/// Screens answers and an optional question, and streams the result.
#[utoipa::path(post, path = "/assessments", request_body = AssessmentRequest, responses(
    (status = 200, body = api_types::StreamEvent, content_type = "text/event-stream"),
    (status = 401, body = api_types::Problem),
    (status = 409, body = api_types::Problem, description = "answers-incomplete"),
    (status = 422, body = api_types::Problem),
))]
pub async fn create(
    State(state): State<AppState>,
    CurrentSession(session): CurrentSession,
    Client(client): Client,
    ApiJson(body): ApiJson<AssessmentRequest>,
) -> Result<Response, HttpProblem> {
    let query = body
        .query
        .as_deref()
        .map(message::optional)
        .transpose()?
        .flatten();
    let progress = questionnaire::progress(&state.content.questionnaire, &session.answers);
    if !progress.complete {
        return Err(HttpProblem::conflict(
            "answers-incomplete",
            format!(
                "{} of {} required questions have an answer.",
                progress.answered, progress.required
            ),
        ));
    }
    let events = state
        .turns
        .assess(session, AssessmentInput { query }, client);
    Ok(sse::respond(events).await)
}
