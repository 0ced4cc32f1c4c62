//! `/chat` and `/feedback`.

use api_types::{ChatHistory, ChatRequest, FeedbackRequest, Rating};
use axum::{Json, extract::State, http::StatusCode, response::Response};
use uuid::Uuid;

use super::{
    convert,
    extract::{ApiJson, Client, CurrentSession, SessionOrFailure},
    problem::HttpProblem,
    sse,
    state::AppState,
};
use crate::domain::{chat::message, session::TurnFeedback};

/// Sends a message and streams the answer.
#[utoipa::path(post, path = "/chat", request_body = ChatRequest, responses(
    (status = 200, body = api_types::StreamEvent, content_type = "text/event-stream"),
    (status = 401, body = api_types::Problem),
    (status = 422, body = api_types::Problem),
    (status = 429, body = api_types::Problem),
    (status = 503, body = api_types::Problem, description = "store-unavailable; a crisis gets its card all the same"),
))]
pub async fn send(
    State(state): State<AppState>,
    SessionOrFailure(session): SessionOrFailure,
    Client(client): Client,
    ApiJson(body): ApiJson<ChatRequest>,
) -> Result<Response, HttpProblem> {
    let message = message::required(&body.message)?;
    let events = match session {
        Ok(session) => state.turns.answer(session, message, client),
        Err(error) => state.turns.answer_unkept(message, error, client),
    };
    Ok(sse::respond(events).await)
}

/// Streams another answer to the last message.
#[utoipa::path(post, path = "/chat/regenerate", responses(
    (status = 200, body = api_types::StreamEvent, content_type = "text/event-stream"),
    (status = 401, body = api_types::Problem),
    (status = 409, body = api_types::Problem, description = "nothing-to-regenerate"),
))]
pub async fn regenerate(
    State(state): State<AppState>,
    CurrentSession(session): CurrentSession,
    Client(client): Client,
) -> Response {
    sse::respond(state.turns.answer_again(session, client)).await
}

/// The conversation so far.
#[utoipa::path(get, path = "/chat", responses(
    (status = 200, body = ChatHistory),
    (status = 401, body = api_types::Problem),
))]
pub async fn history(
    State(state): State<AppState>,
    CurrentSession(session): CurrentSession,
) -> Result<Json<ChatHistory>, HttpProblem> {
    let messages = state.store.conversation(&session.access).await?;
    Ok(Json(convert::history(messages, &session, &state.content)))
}

/// Removes the words; the safety state stays.
#[utoipa::path(delete, path = "/chat", responses(
    (status = 204),
    (status = 401, body = api_types::Problem),
))]
pub async fn delete(
    State(state): State<AppState>,
    CurrentSession(session): CurrentSession,
) -> Result<StatusCode, HttpProblem> {
    state.turns.stop_session(session.access.id).await;
    state.store.delete_conversation(session.access.id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Keeps what the person thought of an answer.
#[utoipa::path(post, path = "/feedback", request_body = FeedbackRequest, responses(
    (status = 204),
    (status = 401, body = api_types::Problem),
    (status = 404, body = api_types::Problem),
))]
pub async fn feedback(
    State(state): State<AppState>,
    CurrentSession(session): CurrentSession,
    ApiJson(body): ApiJson<FeedbackRequest>,
) -> Result<StatusCode, HttpProblem> {
    let identifier = |text: &str| {
        Uuid::parse_str(text).map_err(|_| HttpProblem::invalid("This is not an identifier."))
    };
    let feedback = TurnFeedback {
        turn_id: identifier(&body.turn_id)?,
        helpful: body.rating == Rating::Up,
        preferred: body.prefer.as_deref().map(identifier).transpose()?,
    };
    if state
        .store
        .save_feedback(&session.access, &feedback)
        .await?
    {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(HttpProblem::not_found(
            "This turn does not exist in your conversation.",
        ))
    }
}
