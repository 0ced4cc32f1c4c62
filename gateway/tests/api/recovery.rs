//! Coming back on another device, and how long that is possible.

use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::{
    peers::Script,
    support::{Gateway, Visitor},
};

async fn keeper(gateway: &Gateway) -> Visitor {
    let visitor = gateway.visitor();
    let consent = json!({ "terms": true, "storage": "keep" });
    let begun = visitor.begin_with(15, consent).await;
    assert_eq!(begun.status(), StatusCode::CREATED);
    visitor
}

async fn phrase(person: &Visitor) -> Response {
    person
        .request(Method::POST, "/sessions/me/recovery-phrase")
        .send()
        .await
        .unwrap()
}

async fn words(person: &Visitor) -> String {
    let made: Value = phrase(person).await.json().await.unwrap();
    made["phrase"].as_str().unwrap().to_owned()
}

async fn recover(visitor: &Visitor, phrase: &str) -> (StatusCode, Value) {
    let answer = visitor
        .request(Method::POST, "/sessions/recover")
        .json(&json!({ "phrase": phrase }))
        .send()
        .await
        .unwrap();
    (answer.status(), answer.json().await.unwrap())
}

#[tokio::test]
async fn twelve_words_open_the_session_on_another_device_beside_the_first() {
    let gateway = Gateway::start(Script::Say(vec!["That sounds like a long day."])).await;
    let person = keeper(&gateway).await;
    person.chat("school was long").await;
    let first = words(&person).await;
    assert_eq!(first.split(' ').count(), 12);
    assert_eq!(person.get("/sessions/me").await["recovery_phrase"], true);

    let elsewhere = gateway.visitor();
    let typed = format!("  {} ", first.to_uppercase());
    let (status, session) = recover(&elsewhere, &typed).await;
    assert_eq!(status, StatusCode::CREATED);
    assert_eq!(
        (&session["name"], &session["keep_days"]),
        (&json!("Asha"), &json!(7))
    );
    for device in [&elsewhere, &person] {
        let messages = device.get("/chat").await;
        assert_eq!(messages["messages"][0]["text"], "school was long");
    }

    let second = words(&elsewhere).await;
    let (status, problem) = recover(&gateway.visitor(), &first).await;
    assert_eq!(
        (status, &problem["type"]),
        (StatusCode::NOT_FOUND, &json!("unknown-phrase")),
        "the new words replace the old ones"
    );
    assert_eq!(
        recover(&gateway.visitor(), &second).await.0,
        StatusCode::CREATED
    );

    person
        .request(Method::DELETE, "/sessions/me")
        .send()
        .await
        .unwrap();
    assert_eq!(
        recover(&gateway.visitor(), &second).await.0,
        StatusCode::NOT_FOUND
    );
    let after = elsewhere.request(Method::GET, "/chat").send().await;
    assert_eq!(after.unwrap().status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn two_phrases_made_at_once_leave_one_that_opens() {
    let gateway = Gateway::start(Script::Refuse).await;
    let person = keeper(&gateway).await;
    let (one, two) = tokio::join!(words(&person), words(&person));
    let opens = async |phrase: &str| recover(&gateway.visitor(), phrase).await.0;
    let opened = [opens(&one).await, opens(&two).await];
    let count = opened
        .iter()
        .filter(|status| **status == StatusCode::CREATED)
        .count();
    assert_eq!(count, 1, "{opened:?}");
}

#[tokio::test]
async fn words_for_one_session_only_have_no_phrase_and_mistyped_ones_are_named() {
    let gateway = Gateway::start(Script::Refuse).await;
    let answer = phrase(&gateway.person().await).await;
    assert_eq!(answer.status(), StatusCode::CONFLICT);
    let problem: Value = answer.json().await.unwrap();
    assert_eq!(problem["type"], "not-kept");

    for typed in ["", "canary", &"canary ".repeat(12), &"zoo ".repeat(4_000)] {
        let (status, problem) = recover(&gateway.visitor(), typed).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
        assert!(!problem.to_string().contains("canary"), "{problem}");
    }
}

#[tokio::test]
async fn days_to_keep_are_what_was_asked_for_within_the_limits() {
    let gateway = Gateway::start(Script::Refuse).await;
    let begun = async |days: Value, age: i64| {
        let consent = json!({ "terms": true, "storage": "keep", "keep_days": days });
        let answer = gateway.visitor().begin_with(age, consent).await;
        (answer.status(), answer.json::<Value>().await.unwrap())
    };
    for (asked, age, kept) in [
        (json!(14), 15, 14),
        (json!(null), 16, 7),
        (json!(null), 20, 30),
    ] {
        let (status, session) = begun(asked, age).await;
        assert_eq!(
            (status, session["keep_days"].as_i64()),
            (StatusCode::CREATED, Some(kept))
        );
    }
    for refused in [0, 31] {
        assert_eq!(
            begun(json!(refused), 20).await.0,
            StatusCode::UNPROCESSABLE_ENTITY
        );
    }
}

#[tokio::test]
async fn the_summary_is_a_page_that_shows_words_as_words() {
    let gateway = Gateway::start(Script::Say(vec!["I see."])).await;
    let person = gateway.person().await;
    person.chat("<script>alert('x')</script> # hi").await;
    let answer = person
        .request(Method::GET, "/sessions/me/export?format=html")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8");
    assert!(!answer.headers().contains_key("content-disposition"));
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let page = answer.text().await.unwrap();
    assert!(page.contains("&lt;script&gt;alert") && !page.contains("<script"));
}
