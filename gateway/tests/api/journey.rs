//! From the first page to the first answer.

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::{
    peers::Script,
    support::{Gateway, events, names, payload, said},
};

#[tokio::test]
async fn a_person_gets_a_screening_with_reasons_and_tailored_words() {
    let gateway = Gateway::start(Script::Say(vec![
        "That sounds hard. ",
        "You could mute them.",
    ]))
    .await;
    let person = gateway.person().await;
    let progress = person.answer_everything().await;
    assert_eq!(progress["complete"], true);

    let body = json!({ "query": "People in my class post photos of me and laugh." });
    let answer = person
        .request(Method::POST, "/assessments")
        .json(&body)
        .send()
        .await
        .unwrap();
    let events = events(answer).await;

    assert_eq!(names(&events)[..2], ["classification", "guidance"]);
    assert_eq!(names(&events).last(), Some(&"done"));
    let classification = payload(&events, "classification");
    assert_eq!(classification["classifier_used"], true);
    assert!(
        !classification["contributions"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    let guidance = payload(&events, "guidance");
    assert!((3..=5).contains(&guidance["steps"].as_array().unwrap().len()));
    assert!(
        guidance["summary"]
            .as_str()
            .unwrap()
            .contains("not a diagnosis")
    );
    assert_eq!(said(&events), "That sounds hard. You could mute them.");

    let status = person.get("/sessions/me").await;
    assert_eq!(status["assessed"], true);
    let history = person.get("/chat").await;
    assert_eq!(history["messages"].as_array().unwrap().len(), 2);
    assert_eq!(
        history["messages"][1]["text"],
        "That sounds hard. You could mute them."
    );
}

#[tokio::test]
async fn the_screening_needs_no_model_and_no_classifier() {
    let gateway = Gateway::start_with(crate::support::Peers::Down, &[]).await;
    let person = gateway.person().await;
    person.answer_everything().await;
    let answer = person
        .request(Method::POST, "/assessments")
        .json(&json!({}))
        .send()
        .await
        .unwrap();
    let events = events(answer).await;
    assert_eq!(payload(&events, "classification")["classifier_used"], false);
    assert_eq!(payload(&events, "meta")["model"], "none");
    assert_eq!(payload(&events, "done")["finish"], "guarded");
    assert!(!said(&events).is_empty());
}

#[tokio::test]
async fn a_screening_without_all_answers_says_how_many_are_missing() {
    let gateway = Gateway::start(Script::Refuse).await;
    let person = gateway.person().await;
    let answer = person
        .request(Method::POST, "/assessments")
        .json(&json!({}))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::CONFLICT);
    let problem: serde_json::Value = answer.json().await.unwrap();
    assert_eq!(problem["type"], "answers-incomplete");
}

#[tokio::test]
async fn answers_that_do_not_fit_are_refused_and_nothing_is_saved() {
    let gateway = Gateway::start(Script::Refuse).await;
    let person = gateway.person().await;
    let version = person.get("/questionnaire").await["version"].clone();
    let cases = [
        (
            json!({ "version": "1999-1", "answers": {} }),
            StatusCode::CONFLICT,
        ),
        (
            json!({ "version": version, "answers": { "nope": ["a"] } }),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (
            json!({ "version": version, "answers": 7 }),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (
            json!({ "version": version, "answers": {}, "extra": 1 }),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
    ];
    for (body, status) in cases {
        let answer = person
            .request(Method::PUT, "/sessions/me/answers")
            .json(&body)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), status, "{body}");
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
    }
    assert_eq!(person.get("/sessions/me").await["answers"], json!({}));
}
