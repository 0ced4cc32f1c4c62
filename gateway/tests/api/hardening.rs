//! Bad input, foreign sites, limits, headers: one clear problem each, and no panic.

use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    peers::Script,
    support::{Gateway, Peers, Visitor},
};

async fn post_raw(person: &Visitor, body: Vec<u8>) -> StatusCode {
    let answer = person
        .request(Method::POST, "/chat")
        .header("content-type", "application/json")
        .body(body)
        .send()
        .await
        .unwrap();
    let problem = answer.status() != StatusCode::OK;
    let status = answer.status();
    if problem {
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
        let text = answer.text().await.unwrap();
        assert!(
            !text.contains("canary"),
            "a problem repeats what was sent: {text}"
        );
    }
    status
}

#[tokio::test]
async fn bodies_that_cannot_be_read_get_one_clear_problem() {
    let gateway = Gateway::start(Script::Say(vec!["Fine."])).await;
    let person = gateway.person().await;
    let long = "canary ".repeat(700);
    let cases: Vec<(Vec<u8>, StatusCode)> = vec![
        (Vec::new(), StatusCode::BAD_REQUEST),
        (b"canary".to_vec(), StatusCode::BAD_REQUEST),
        (
            b"{\"message\":\"canary\xff\xfe\"}".to_vec(),
            StatusCode::BAD_REQUEST,
        ),
        (
            json!({ "message": "" }).to_string().into_bytes(),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (
            json!({ "message": "\0\0" }).to_string().into_bytes(),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (
            json!({ "message": long }).to_string().into_bytes(),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (
            json!({ "message": "x".repeat(100_000) })
                .to_string()
                .into_bytes(),
            StatusCode::PAYLOAD_TOO_LARGE,
        ),
        (
            json!({ "message": "a\0b" }).to_string().into_bytes(),
            StatusCode::OK,
        ),
        (
            json!({ "message": "😀".repeat(1000) })
                .to_string()
                .into_bytes(),
            StatusCode::OK,
        ),
    ];
    for (body, status) in cases {
        let shown = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
        assert_eq!(post_raw(&person, body).await, status, "{shown}");
    }
}

#[tokio::test]
async fn a_change_from_another_site_is_refused() {
    let gateway = Gateway::start(Script::Refuse).await;
    let client = Client::new();
    let url = format!("{}/api/v1/sessions", gateway.url);
    let plain = client.post(&url).json(&json!({})).send().await.unwrap();
    assert_eq!(plain.status(), StatusCode::FORBIDDEN);
    let foreign = client
        .post(&url)
        .header("x-requested-with", "digital-detox")
        .header("origin", "https://evil.test")
        .json(&json!({}))
        .send()
        .await
        .unwrap();
    assert_eq!(foreign.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let gateway = Gateway::start(Script::Refuse).await;
    for path in [
        "/help",
        "/api/v1/helplines",
        "/api/v1/nope",
        "/nope",
        "/api/openapi.json",
    ] {
        let answer = Client::new()
            .get(format!("{}{path}", gateway.url))
            .send()
            .await
            .unwrap();
        for name in [
            "content-security-policy",
            "x-content-type-options",
            "permissions-policy",
            "x-request-id",
        ] {
            assert!(answer.headers().contains_key(name), "{path} has no {name}");
        }
        assert!(
            !answer.headers()["content-security-policy"]
                .to_str()
                .unwrap()
                .contains("unsafe-eval'; ")
        );
    }
}

#[tokio::test]
async fn helplines_can_be_read_as_plain_html() {
    let gateway = Gateway::start_with(Peers::Down, &[]).await;
    let page = Client::new()
        .get(format!("{}/help", gateway.url))
        .send()
        .await
        .unwrap();
    assert_eq!(page.status(), StatusCode::OK);
    let html = page.text().await.unwrap();
    assert!(
        html.contains("findahelpline.com") && html.contains("tel:988") && !html.contains("<script")
    );
}

#[tokio::test]
async fn the_description_names_every_call() {
    let gateway = Gateway::start(Script::Refuse).await;
    let document: Value = Client::new()
        .get(format!("{}/api/openapi.json", gateway.url))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let calls: Vec<String> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, methods)| {
            methods
                .as_object()
                .unwrap()
                .keys()
                .map(move |method| format!("{method} {path}"))
        })
        .collect();
    insta::assert_json_snapshot!(calls);
}

#[tokio::test]
async fn a_client_that_sends_too_much_is_slowed_down_with_a_time_to_wait() {
    let gateway = Gateway::start_with(
        Peers::Scripted(Script::Refuse),
        &["--rate-limit-burst=3", "--rate-limit-per-second=1"],
    )
    .await;
    let visitor = gateway.visitor();
    let mut last = StatusCode::OK;
    for _ in 0..5 {
        let answer = visitor
            .request(Method::GET, "/helplines")
            .send()
            .await
            .unwrap();
        last = answer.status();
        if last == StatusCode::TOO_MANY_REQUESTS {
            assert!(answer.headers().contains_key("retry-after"));
            break;
        }
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn ready_names_the_dependencies() {
    let gateway = Gateway::start_with(Peers::Down, &[]).await;
    let answer = gateway.visitor().get("/readyz").await;
    assert_eq!(
        answer,
        json!({ "ready": true, "store": true, "classifier": false, "inference": false })
    );
}
