//! The safety plan: read it, write parts of it.

use api_types::{SafetyPlan, SafetyPlanPart, SafetyPlanRequest};
use axum::{Json, extract::State};

use super::{
    extract::{ApiJson, CurrentSession},
    problem::HttpProblem,
    state::AppState,
};
use crate::domain::{
    content::safety_plan::SafetyPlanContent,
    safety_plan::{PlanTexts, check},
    session::SessionChange,
};

/// The plan with the person's words.
#[utoipa::path(get, path = "/sessions/me/safety-plan", responses(
    (status = 200, body = SafetyPlan),
    (status = 401, body = api_types::Problem),
))]
pub async fn get(
    State(state): State<AppState>,
    CurrentSession(session): CurrentSession,
) -> Json<SafetyPlan> {
    Json(plan(&state.content.safety_plan, &session.safety_plan))
}

/// Saves parts of the plan, a few or all.
#[utoipa::path(put, path = "/sessions/me/safety-plan", request_body = SafetyPlanRequest, responses(
    (status = 200, body = SafetyPlan),
    (status = 401, body = api_types::Problem),
    (status = 422, body = api_types::Problem),
))]
pub async fn put(
    State(state): State<AppState>,
    CurrentSession(session): CurrentSession,
    ApiJson(body): ApiJson<SafetyPlanRequest>,
) -> Result<Json<SafetyPlan>, HttpProblem> {
    let content = &state.content.safety_plan;
    check(content, &body.parts)?;
    let change = SessionChange::SafetyPlan(body.parts);
    let session = state.store.change_session(&session.access, change).await?;
    Ok(Json(plan(content, &session.safety_plan)))
}

fn plan(content: &SafetyPlanContent, texts: &PlanTexts) -> SafetyPlan {
    let parts = content.parts.iter().map(|part| SafetyPlanPart {
        id: part.id.clone(),
        title: part.title.clone(),
        hint: part.hint.clone(),
        text: texts.get(&part.id).cloned().unwrap_or_default(),
    });
    SafetyPlan {
        title: content.title.clone(),
        intro: content.intro.clone(),
        parts: parts.collect(),
    }
}
