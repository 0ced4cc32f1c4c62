//! Reviewed content that anybody may read: insights and helplines. No session is needed.

use api_types::{HelplineDirectory, Insights, InsightsTopics, TrainingData};
use axum::{
    Json,
    extract::{Path, Query, State},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{problem::HttpProblem, state::AppState};

/// Figures with sources for every theme.
#[utoipa::path(get, path = "/insights", responses((status = 200, body = InsightsTopics)))]
pub async fn all_insights(State(state): State<AppState>) -> Json<InsightsTopics> {
    Json(InsightsTopics {
        topics: state.content.insights.clone(),
    })
}

/// Figures with sources for one theme.
#[utoipa::path(get, path = "/insights/{topic}", params(("topic" = String, Path)), responses(
    (status = 200, body = Insights),
    (status = 404, body = api_types::Problem),
))]
pub async fn insights(
    State(state): State<AppState>,
    Path(topic): Path<String>,
) -> Result<Json<Insights>, HttpProblem> {
    let found = state
        .content
        .insights
        .iter()
        .find(|insights| insights.topic == topic);
    found.cloned().map(Json).ok_or_else(|| {
        HttpProblem::not_found("This topic does not exist. GET /api/v1/insights lists them.")
    })
}

/// What the chat model was trained on, in numbers.
#[utoipa::path(get, path = "/insights/data", responses((status = 200, body = TrainingData)))]
pub async fn training_data(State(state): State<AppState>) -> Json<TrainingData> {
    Json(state.content.training_data.clone())
}

/// Where the person is.
#[derive(Debug, Deserialize, IntoParams)]
pub struct HelplinesQuery {
    /// ISO 3166-1 alpha-2.
    country: Option<String>,
}

/// Helplines of a country, then the international directory.
#[utoipa::path(get, path = "/helplines", params(HelplinesQuery), responses(
    (status = 200, body = HelplineDirectory),
))]
pub async fn helplines(
    State(state): State<AppState>,
    Query(query): Query<HelplinesQuery>,
) -> Json<HelplineDirectory> {
    Json(state.content.helplines_for(query.country.as_deref()))
}
