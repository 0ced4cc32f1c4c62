//! The whole product on the real default models: a journey with its figures, health and reflection,
//! one trace over all services, and no content in anything that is logged or measured.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failure in a test should stop it where it is"
)]

use std::time::Duration;

use api_types::{GuardRoute, Question, QuestionKind, StreamEvent};
use e2e::{
    grpc,
    stack::Stack,
    visitor::{Timed, Visitor, said},
};
use reqwest::Method;
use serde_json::json;
use tonic_health::pb::health_check_response::ServingStatus;

fn print_events(title: &str, events: &[Timed]) {
    eprintln!("{title}");
    for Timed { after, event } in events {
        let shown = match event {
            StreamEvent::Delta(delta) => format!("{:?}", delta.text),
            StreamEvent::Done(done) => format!("{done:?}"),
            StreamEvent::Meta(meta) => format!("model {} queued {} ms", meta.model, meta.queued_ms),
            StreamEvent::Guard(guard) => format!("{guard:?}"),
            StreamEvent::Classification(found) => {
                format!(
                    "topic {} severity {}",
                    found.topic.label, found.severity.label
                )
            }
            StreamEvent::Guidance(guidance) => guidance.headline.clone(),
            StreamEvent::Crisis(_) | StreamEvent::Error(_) => String::new(),
        };
        eprintln!(
            "  {:>6} ms  {:<14} {shown}",
            after.as_millis(),
            event.name()
        );
    }
}

fn done(events: &[Timed]) -> &api_types::DoneEvent {
    match events.last().map(|timed| &timed.event) {
        Some(StreamEvent::Done(done)) => done,
        other => panic!("no done but {other:?}"),
    }
}

fn route(events: &[Timed]) -> Option<GuardRoute> {
    events.iter().find_map(|timed| match &timed.event {
        StreamEvent::Guard(guard) => Some(guard.route),
        _ => None,
    })
}

#[tokio::test]
async fn a_journey_from_the_first_page_to_an_answer_of_the_real_model() {
    let Some(stack) = Stack::running() else {
        return;
    };
    let visitor = Visitor::new(&stack.base_url).unwrap();
    visitor.begin("Asha").await.unwrap();
    // The middle of every scale; elsewhere the first option, which never asks for help at once.
    let middle = |question: &Question| usize::from(question.kind == QuestionKind::Scale) * 2;
    let sent = visitor.answer_all(middle).await.unwrap();
    eprintln!("answers sent: {:?}", sent.answers);

    let query = json!({ "query": "People in my class made a group chat to laugh at my photos." });
    let assessment = visitor.stream("/assessments", &query).await.unwrap();
    print_events("assessment", &assessment);
    let used = assessment.iter().any(
        |timed| matches!(&timed.event, StreamEvent::Classification(found) if found.classifier_used),
    );
    assert!(used, "the real classifier did not take part");
    assert!(!said(&assessment).is_empty());

    let message = json!({ "message": "How can I feel calmer before I open the app again?" });
    let chat = visitor.stream("/chat", &message).await.unwrap();
    print_events("chat", &chat);
    let done = done(&chat);
    assert!(
        done.usage.completion_tokens > 0,
        "no token came from the real model"
    );
    let first = done.ttft_ms.unwrap();
    let streaming = Duration::from_millis(u64::from(done.total_ms.saturating_sub(first)).max(1));
    eprintln!(
        "first delta {first} ms, {} tokens in {} ms, {:.1} tokens/s after the first delta",
        done.usage.completion_tokens,
        done.total_ms,
        f64::from(done.usage.completion_tokens) / streaming.as_secs_f64(),
    );
}

#[tokio::test]
async fn a_crisis_gets_the_card_and_not_the_model() {
    let Some(stack) = Stack::running() else {
        return;
    };
    let visitor = Visitor::new(&stack.base_url).unwrap();
    visitor.begin("Asha").await.unwrap();
    let message = json!({ "message": "everyone would be better off without me" });
    let events = visitor.stream("/chat", &message).await.unwrap();
    assert_eq!(route(&events), Some(GuardRoute::Crisis));
    assert!(
        events
            .iter()
            .any(|timed| matches!(timed.event, StreamEvent::Crisis(_)))
    );
    assert_eq!(done(&events).usage.completion_tokens, 0);
}

#[tokio::test]
async fn both_services_list_themselves_and_are_healthy() {
    let Some(stack) = Stack::running() else {
        return;
    };
    for (url, service) in [
        (&stack.inference_url, "inference.v1.InferenceService"),
        (&stack.classifier_url, "classifier.v1.ClassifierService"),
    ] {
        let listed = grpc::services(url).await.unwrap();
        assert!(listed.iter().any(|name| name == service), "{listed:?}");
        for name in ["", service] {
            let status = grpc::health(url, name).await.unwrap();
            assert_eq!(status, ServingStatus::Serving, "{name}");
        }
    }
}

fn assert_no_words(name: &str, log: &str, canary: &str) {
    assert!(log.contains("TRACE"), "{name} is not written in full");
    assert!(!log.contains(canary), "{name} has what a person wrote");
    let letters = log.contains("Replacing char");
    assert!(!letters, "{name} has what a person wrote, letter by letter");
}

#[tokio::test]
async fn one_trace_goes_through_all_services_and_no_content_through_logs_or_metrics() {
    let Some(stack) = Stack::running() else {
        return;
    };
    let canary = "zqcanary7431";
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let mut visitor = Visitor::new(&stack.base_url).unwrap();
    visitor.follow(&format!("00-{trace}-00f067aa0ba902b7-01"));
    visitor.begin(canary).await.unwrap();
    // The guard may answer a made-up word itself; the other message goes on to the model, with the person's name.
    for message in [
        "How can I feel calmer before I open the app again?".to_owned(),
        format!("{canary} is the name of my cat. what do cats like to play with?"),
    ] {
        let message = json!({ "message": message });
        visitor.stream("/chat", &message).await.unwrap();
    }
    for path in [
        format!("/insights/{canary}"),
        format!("/helplines?country={canary}"),
    ] {
        visitor.request(Method::GET, &path).send().await.unwrap();
    }
    let wrong = json!({ "version": canary, "answers": { canary: [canary] } });
    visitor
        .request(Method::PUT, "/sessions/me/answers")
        .json(&wrong)
        .send()
        .await
        .unwrap();
    visitor
        .request(Method::POST, "/chat")
        .body(canary)
        .send()
        .await
        .unwrap();

    let logs = stack.logs().unwrap();
    assert!(
        logs.len() >= 3,
        "a log is missing: {:?}",
        logs.iter().map(|log| &log.0)
    );
    for (name, log) in &logs {
        assert_no_words(name, log, canary);
    }
    for service in ["gateway", "inference", "classifier"] {
        let traced = logs
            .iter()
            .any(|(name, log)| name.contains(service) && log.contains(trace));
        assert!(traced, "the trace does not reach {service}");
    }
    for url in &stack.admin_urls {
        let text = reqwest::get(format!("{url}/metrics"))
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        assert!(!text.contains(canary), "{url} has what a person wrote");
        assert!(!text.is_empty());
    }
}
