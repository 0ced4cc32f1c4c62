//! The safety plan works with every peer down, keeps a person's words, and goes when they go.

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::support::{Gateway, Peers};

const PATH: &str = "/sessions/me/safety-plan";

#[tokio::test]
async fn a_plan_is_written_part_by_part_while_every_peer_is_down() {
    let gateway = Gateway::start_with(Peers::Down, &[]).await;
    let person = gateway.person().await;
    let empty = person.get(PATH).await;
    assert_eq!(empty["parts"].as_array().unwrap().len(), 6);
    assert_eq!(empty["parts"][0]["text"], "");
    for (id, words) in [("signs", "i stop answering"), ("people_to_ask", "my aunt")] {
        let answer = person
            .request(Method::PUT, PATH)
            .json(&json!({ "parts": { id: words } }))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
    }
    let plan = person.get(PATH).await;
    assert_eq!(plan["parts"][0]["text"], "i stop answering");
    assert_eq!(plan["parts"][3]["text"], "my aunt");
    let export = person.get("/sessions/me/export?format=json").await;
    assert_eq!(export["safety_plan"]["people_to_ask"], "my aunt");
}

#[tokio::test]
async fn words_that_cannot_be_kept_are_refused_without_being_repeated() {
    let gateway = Gateway::start_with(Peers::Down, &[]).await;
    let person = gateway.person().await;
    for parts in [
        json!({ "canary-part": "words" }),
        json!({ "signs": "x".repeat(1_001) }),
    ] {
        let answer = person
            .request(Method::PUT, PATH)
            .json(&json!({ "parts": parts }))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
        assert!(!answer.text().await.unwrap().contains("canary-part"));
    }
    let nobody = gateway
        .visitor()
        .request(Method::GET, PATH)
        .send()
        .await
        .unwrap();
    assert_eq!(nobody.status(), StatusCode::UNAUTHORIZED);
}
