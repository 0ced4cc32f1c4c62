//! The chat model asked for topic and severity beside the classifier, where that is switched on.

use proto::inference_v1::GenerateRequest;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    peers::Script,
    support::{Gateway, Peers, events, payload},
};

async fn screen(gateway: &Gateway, query: &str) -> Vec<(String, Value)> {
    let person = gateway.person().await;
    person.answer_everything().await;
    let answer = person
        .request(Method::POST, "/assessments")
        .json(&json!({ "query": query }))
        .send()
        .await
        .unwrap();
    events(answer).await
}

async fn start(more: &[&str]) -> Gateway {
    Gateway::start_with(Peers::Scripted(Script::Say(vec!["That hurts."])), more).await
}

fn choices(gateway: &Gateway) -> Vec<GenerateRequest> {
    let requests = gateway.model.requests.lock().unwrap();
    let with_choice = requests.iter().filter(|request| request.choice.is_some());
    with_choice.cloned().collect()
}

fn score(events: &[(String, Value)], label: &str) -> f64 {
    payload(events, "classification")["topic"]["scores"][label]
        .as_f64()
        .unwrap()
}

#[tokio::test]
async fn a_second_opinion_counts_in_when_it_is_switched_on() {
    let words = "People in my class post photos of me and laugh.";
    let alone = start(&[]).await;
    let without = screen(&alone, words).await;
    assert!(choices(&alone).is_empty());

    let both = start(&["--second-opinion"]).await;
    let with = screen(&both, words).await;
    let asked = choices(&both);
    assert_eq!(asked.len(), 2);
    assert_eq!(
        asked[0].choice.as_ref().unwrap().options,
        [
            "cyberbullying",
            "social media addiction",
            "social isolation",
            "other"
        ]
    );
    // The scripted model always chooses the last one.
    assert!(score(&with, "other") > score(&without, "other") + 0.1);
}

#[tokio::test]
async fn words_of_a_crisis_never_reach_the_model_for_a_second_opinion() {
    let gateway = start(&["--second-opinion"]).await;
    let events = screen(
        &gateway,
        "I want to die, everyone in the group laughs at me",
    )
    .await;
    payload(&events, "crisis");
    assert!(gateway.model.requests.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_model_that_is_busy_leaves_the_classifier_alone() {
    let gateway = Gateway::start_with(Peers::Scripted(Script::Refuse), &["--second-opinion"]).await;
    let events = screen(&gateway, "People in my class post photos of me and laugh.").await;
    assert_eq!(payload(&events, "classification")["classifier_used"], true);
    assert_eq!(events.last().unwrap().0, "done");
}
