//! `/help`: every helpline as plain HTML, so that it can be read without scripts and without
//! WebAssembly.

use api_types::Helpline;
use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};

use super::{security::page_policy, state::AppState};

/// The page. Content is escaped, although it is reviewed.
pub async fn page(State(state): State<AppState>) -> Response {
    let mut body = String::new();
    let directory = state.content.helplines_for(None);
    let world = state
        .content
        .helplines
        .iter()
        .filter(|line| line.country == "INTL");
    section(&mut body, "Everywhere", &directory.emergency, world);
    for country in &directory.countries {
        let emergency = state.content.helplines_for(Some(country)).emergency;
        let lines = state
            .content
            .helplines
            .iter()
            .filter(|line| line.country == *country);
        section(&mut body, country, &emergency, lines);
    }
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>Help from people, now</title>\
         <link rel=\"stylesheet\" href=\"/help.css\"></head><body><main>\
         <h1>Help from people, now</h1>\
         <p>You do not have to carry this alone. The people behind these numbers listen. The \
         companion itself is an AI, and no human reads along there. Numbers can change: where one \
         does not work, use the international directory.</p>{body}\
         <p><a href=\"/\">Back to the start</a></p></main></body></html>"
    );
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (header::CONTENT_SECURITY_POLICY, page_policy("none")),
    ];
    (headers, html).into_response()
}

/// The few rules that the page needs; inline styles are not allowed by the policy.
pub async fn stylesheet() -> Response {
    let css = ":root{color-scheme:light dark}\
        body{font:1.05rem/1.55 system-ui,sans-serif;margin:0;padding:1rem}\
        main{max-width:42rem;margin:0 auto}li{margin:.6rem 0}\
        a{display:inline-block;padding:.5rem 0;min-height:1.75rem}";
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], css).into_response()
}

fn section<'a>(
    body: &mut String,
    title: &str,
    emergency: &str,
    lines: impl Iterator<Item = &'a Helpline>,
) {
    body.push_str(&format!(
        "<h2>{}</h2><p>{}</p><ul>",
        escape(title),
        escape(emergency)
    ));
    for line in lines {
        body.push_str(&format!(
            "<li><strong>{}</strong><br>{}",
            escape(&line.name),
            escape(&line.description)
        ));
        for contact in &line.contacts {
            body.push_str(&format!(
                "<br><a href=\"{}\" rel=\"noreferrer\">{}</a>",
                escape(&contact.href),
                escape(&contact.label)
            ));
        }
        body.push_str("</li>");
    }
    body.push_str("</ul>");
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
