//! One function for each call of the HTTP contract that answers with JSON or nothing.

use api_types::{
    AnswersProgress, AnswersRequest, ChatHistory, CreateSession, FeedbackRequest,
    HelplineDirectory, InsightsTopics, Questionnaire, RecoverSession, RecoveryPhrase, SafetyPlan,
    SafetyPlanRequest, Session, SessionStatus, TrainingData,
};
use gloo_net::http::Method;

use super::{
    ApiError,
    http::{EMPTY_BODY, NO_BODY, ask, call, call_empty},
};

/// Where a person can save a readable summary of what is held about them.
pub(crate) const EXPORT_HREF: &str = "/api/v1/sessions/me/export?format=md";
/// Where a person can save everything that is held about them, for programs.
pub(crate) const EXPORT_JSON_HREF: &str = "/api/v1/sessions/me/export?format=json";
/// The same to print: a plain page of the server.
pub(crate) const EXPORT_PAGE_HREF: &str = "/api/v1/sessions/me/export?format=html";
/// All helplines as a plain page of the server, for when nothing else works.
pub(crate) const HELP_PAGE_HREF: &str = "/help";

/// `POST /sessions`.
pub(crate) async fn create_session(form: &CreateSession) -> Result<Session, ApiError> {
    call(Method::POST, "/sessions", Some(form)).await
}

/// `GET /sessions/me`.
pub(crate) async fn session_status() -> Result<SessionStatus, ApiError> {
    call(Method::GET, "/sessions/me", NO_BODY).await
}

/// `DELETE /sessions/me`.
pub(crate) async fn end_session() -> Result<(), ApiError> {
    call_empty(Method::DELETE, "/sessions/me", NO_BODY).await
}

/// `POST /sessions/me/recovery-phrase`. The words come once and replace earlier ones.
pub(crate) async fn make_recovery_phrase() -> Result<RecoveryPhrase, ApiError> {
    call(Method::POST, "/sessions/me/recovery-phrase", EMPTY_BODY).await
}

/// `POST /sessions/recover`. Sets the cookie of the session that the words open.
pub(crate) async fn recover_session(words: &RecoverSession) -> Result<Session, ApiError> {
    call(Method::POST, "/sessions/recover", Some(words)).await
}

/// `GET /questionnaire`.
pub(crate) async fn questionnaire() -> Result<Questionnaire, ApiError> {
    call(Method::GET, "/questionnaire", NO_BODY).await
}

/// `PUT /sessions/me/answers`.
pub(crate) async fn save_answers(answers: &AnswersRequest) -> Result<AnswersProgress, ApiError> {
    call(Method::PUT, "/sessions/me/answers", Some(answers)).await
}

/// `GET /sessions/me/safety-plan`.
pub(crate) async fn safety_plan() -> Result<SafetyPlan, ApiError> {
    call(Method::GET, "/sessions/me/safety-plan", NO_BODY).await
}

/// `PUT /sessions/me/safety-plan`.
pub(crate) async fn save_safety_plan(plan: &SafetyPlanRequest) -> Result<SafetyPlan, ApiError> {
    call(Method::PUT, "/sessions/me/safety-plan", Some(plan)).await
}

/// `GET /insights`.
pub(crate) async fn insights() -> Result<InsightsTopics, ApiError> {
    call(Method::GET, "/insights", NO_BODY).await
}

/// `GET /insights/data`.
pub(crate) async fn training_data() -> Result<TrainingData, ApiError> {
    call(Method::GET, "/insights/data", NO_BODY).await
}

/// `GET /helplines`. The country is an ISO 3166-1 alpha-2 code.
pub(crate) async fn helplines(country: Option<&str>) -> Result<HelplineDirectory, ApiError> {
    match country {
        Some(country) => ask("/helplines", &[("country", country)]).await,
        None => call(Method::GET, "/helplines", NO_BODY).await,
    }
}

/// `GET /chat`.
pub(crate) async fn chat_history() -> Result<ChatHistory, ApiError> {
    call(Method::GET, "/chat", NO_BODY).await
}

/// `DELETE /chat`.
pub(crate) async fn delete_chat() -> Result<(), ApiError> {
    call_empty(Method::DELETE, "/chat", NO_BODY).await
}

/// `POST /feedback`.
pub(crate) async fn send_feedback(feedback: &FeedbackRequest) -> Result<(), ApiError> {
    call_empty(Method::POST, "/feedback", Some(feedback)).await
}
