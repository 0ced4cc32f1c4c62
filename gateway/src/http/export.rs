//! `/sessions/me/export`: everything that is held as JSON, or a summary to print and share as Markdown or HTML.

use axum::{
    extract::{Query, State},
    http::header,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    convert, extract::CurrentSession, html::Html, problem::HttpProblem, security::page_policy,
    state::AppState,
};
use crate::domain::{
    export::{self, Summary},
    session::{SessionRecord, StoredMessage, TurnFeedback},
};

/// How the export should look.
#[derive(Debug, Deserialize, IntoParams)]
pub struct ExportQuery {
    /// "json" (everything that is held), "md" or "html" (a summary to print and share).
    #[serde(default)]
    format: Option<String>,
}

/// All that is held about the person.
#[utoipa::path(get, path = "/sessions/me/export", params(ExportQuery), responses(
    (status = 200, description = "JSON, Markdown or HTML"),
    (status = 401, body = api_types::Problem),
    (status = 422, body = api_types::Problem),
))]
pub async fn export(
    State(state): State<AppState>,
    CurrentSession(session): CurrentSession,
    Query(query): Query<ExportQuery>,
) -> Result<Response, HttpProblem> {
    let messages = state.store.conversation(&session.access).await?;
    match query.format.as_deref().unwrap_or("json") {
        "json" => {
            let feedback = state.store.feedback(&session.access).await?;
            let body = everything(&state, &session, messages, &feedback);
            Ok(attachment("digital-detox.json", "application/json", body))
        }
        "md" => {
            let summary = export::summary(&session, &messages, &state.content);
            let text = summary.markdown();
            let kind = "text/markdown; charset=utf-8";
            Ok(attachment("digital-detox.md", kind, text))
        }
        "html" => Ok(page(&export::summary(&session, &messages, &state.content))),
        _ => Err(HttpProblem::invalid(
            "format must be \"json\", \"md\" or \"html\".",
        )),
    }
}

fn everything(
    state: &AppState,
    session: &SessionRecord,
    messages: Vec<StoredMessage>,
    feedback: &[TurnFeedback],
) -> String {
    let feedback: Vec<_> = feedback
        .iter()
        .map(|given| {
            serde_json::json!({
                "turn_id": given.turn_id, "helpful": given.helpful, "prefer": given.preferred,
            })
        })
        .collect();
    let body = serde_json::json!({
        "status": convert::session_status(session, &state.content),
        "created_at": convert::rfc3339(session.created_ms),
        "all_answers": session.answers,
        "assessment": session.assessment.as_ref().map(|(topic, severity)| {
            serde_json::json!({ "topic": topic, "severity": severity })
        }),
        "safety_state": session.safety,
        "crisis_cards_shown": session.cards,
        "safety_plan": session.safety_plan,
        "conversation": convert::history(messages, session, &state.content),
        "feedback": feedback,
    });
    body.to_string()
}

/// The summary as a page that prints well. It is shown and not stored anywhere.
fn page(summary: &Summary) -> Response {
    let mut html = Html::begin(&summary.title);
    html.element("p", &summary.notice);
    for section in &summary.sections {
        html.element("h2", &section.heading);
        for line in &section.lines {
            html.labelled("p", &line.label, &line.text);
        }
    }
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (header::CONTENT_SECURITY_POLICY, page_policy("none")),
    ];
    (headers, html.end()).into_response()
}

fn attachment(name: &str, content_type: &'static str, body: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, content_type.to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ),
    ];
    (headers, body).into_response()
}
