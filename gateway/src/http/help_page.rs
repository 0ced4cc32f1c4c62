//! `/help`: every helpline as plain HTML, so that it can be read without scripts and without
//! WebAssembly.

use api_types::Helpline;
use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};

use super::{html::Html, security::page_policy, state::AppState};

const INTRODUCTION: &str = "You do not have to carry this alone. The people behind these numbers listen. The \
    companion itself is an AI, and no human reads along there. Numbers can change: where one does not work, use the \
    international directory.";

/// The page. Content is escaped, although it is reviewed.
pub async fn page(State(state): State<AppState>) -> Response {
    let mut html = Html::begin("Help from people, now");
    html.element("p", INTRODUCTION);
    let directory = state.content.helplines_for(None);
    let world = state
        .content
        .helplines
        .iter()
        .filter(|line| line.country == "INTL");
    section(&mut html, "Everywhere", &directory.emergency, world);
    for country in &directory.countries {
        let emergency = state.content.helplines_for(Some(country)).emergency;
        let lines = state
            .content
            .helplines
            .iter()
            .filter(|line| line.country == *country);
        section(&mut html, country, &emergency, lines);
    }
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (header::CONTENT_SECURITY_POLICY, page_policy("none")),
    ];
    html.raw("<p><a href=\"/\">Back to the start</a></p>");
    (headers, html.end()).into_response()
}

/// The few rules that the page needs; inline styles are not allowed by the policy.
pub async fn stylesheet() -> Response {
    let css = ":root{color-scheme:light dark}\
        body{font:1.05rem/1.55 system-ui,sans-serif;margin:0;padding:1rem}\
        main{max-width:42rem;margin:0 auto}li{margin:.6rem 0}li strong{display:block}\
        a{display:inline-block;padding:.5rem 0;min-height:1.75rem}";
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], css).into_response()
}

fn section<'a>(
    html: &mut Html,
    title: &str,
    emergency: &str,
    lines: impl Iterator<Item = &'a Helpline>,
) {
    html.element("h2", title);
    html.element("p", emergency);
    html.raw("<ul>");
    for line in lines {
        html.raw("<li>");
        html.labelled("span", &line.name, &line.description);
        for contact in &line.contacts {
            html.link(&contact.href, &contact.label);
        }
        html.raw("</li>");
    }
    html.raw("</ul>");
}
