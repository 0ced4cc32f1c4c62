//! Queue, batches, deadlines and callers that leave, with a model that is held back.

use std::time::Duration;

use classifier_svc::classify::Limits;
use proto::classifier_v1::GetModelInfoRequest;
use tokio::task::JoinSet;
use tonic::{Code, Request};

use crate::support::{LIMITS, Service, gated, many, one, soon};

/// Answered calls on the same connection show that what was sent before them, a call or the end of
/// one, has arrived.
async fn round_trips(service: &Service) {
    for _ in 0..20 {
        let info = service
            .client()
            .get_model_info(GetModelInfoRequest {})
            .await;
        info.unwrap();
    }
}

#[tokio::test]
async fn a_full_queue_refuses_at_once_and_answers_what_it_took() {
    let limits = Limits {
        max_batch: 1,
        max_queue: 2,
        ..LIMITS
    };
    let (gate, service) = gated(limits, false).await;
    let mut calls = JoinSet::new();
    for n in 0..20 {
        let mut client = service.client();
        calls.spawn(async move { client.classify(one(&format!("text {n}"))).await });
    }
    // Two wait; one is computed and one is next, if they had left the queue in time.
    for _ in 0..16 {
        let outcome = soon(calls.join_next()).await.unwrap().unwrap();
        assert_eq!(outcome.unwrap_err().code(), Code::ResourceExhausted);
    }
    gate.set_open(true);
    let mut answered = 0;
    while let Some(outcome) = soon(calls.join_next()).await {
        match outcome.unwrap() {
            Ok(_) => answered += 1,
            Err(error) => assert_eq!(error.code(), Code::ResourceExhausted),
        }
    }
    assert!(answered >= 2, "{answered} were answered");
    assert_eq!(gate.batches().len(), answered);
}

#[tokio::test]
async fn a_request_larger_than_the_queue_is_told_the_limit() {
    let limits = Limits {
        max_queue: 3,
        ..LIMITS
    };
    let (_gate, service) = gated(limits, true).await;
    let error = soon(service.client().classify_batch(many(&["x"; 4])))
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
    soon(service.client().classify_batch(many(&["x"; 3])))
        .await
        .unwrap();
}

#[tokio::test]
async fn waiting_texts_are_gathered_into_batches_in_their_order() {
    let limits = Limits {
        max_batch: 4,
        batch_window: Duration::from_millis(50),
        ..LIMITS
    };
    let (gate, service) = gated(limits, true).await;
    let texts = ["a", "bb", "ccc", "dddd", "eeeee", "ffffff"];
    let answer = soon(service.client().classify_batch(many(&texts)))
        .await
        .unwrap();
    let lengths: Vec<u32> = answer
        .into_inner()
        .classifications
        .iter()
        .map(|result| result.tokens)
        .collect();
    assert_eq!(lengths, [1, 2, 3, 4, 5, 6]);
    assert_eq!(gate.batches(), [texts[..4].to_vec(), texts[4..].to_vec()]);
}

#[tokio::test]
async fn long_texts_do_not_share_a_batch_with_many_others() {
    let limits = Limits {
        batch_window: Duration::from_millis(50),
        ..LIMITS
    };
    let (gate, service) = gated(limits, true).await;
    let long = "x".repeat(9000);
    soon(
        service
            .client()
            .classify_batch(many(&[&long, &long, "short"])),
    )
    .await
    .unwrap();
    let sizes: Vec<usize> = gate.batches().iter().map(Vec::len).collect();
    assert_eq!(sizes, [1, 1, 1]);
}

#[tokio::test]
async fn a_text_whose_caller_has_left_is_not_computed() {
    let limits = Limits {
        max_batch: 1,
        ..LIMITS
    };
    let (gate, service) = gated(limits, false).await;
    let call = |text: &'static str| {
        let mut client = service.client();
        tokio::spawn(async move { client.classify(one(text)).await })
    };
    let first = call("first");
    gate.saw("first").await;
    let (left, stays) = (call("left"), call("stays"));
    soon(round_trips(&service)).await;
    left.abort();
    assert!(left.await.unwrap_err().is_cancelled());
    soon(round_trips(&service)).await;
    gate.set_open(true);
    soon(first).await.unwrap().unwrap();
    soon(stays).await.unwrap().unwrap();
    assert_eq!(gate.batches(), [["first"], ["stays"]]);
}

#[tokio::test]
async fn a_deadline_ends_the_wait_and_the_text_is_not_computed() {
    let limits = Limits {
        max_batch: 1,
        ..LIMITS
    };
    let (gate, service) = gated(limits, false).await;
    let mut client = service.client();
    let first = tokio::spawn(async move { client.classify(one("first")).await });
    gate.saw("first").await;
    let mut late = Request::new(one("late"));
    late.set_timeout(Duration::from_millis(200));
    let error = soon(service.client().classify(late)).await.unwrap_err();
    // The client has a clock of its own, which may be the faster one on a busy machine.
    let codes = [Code::DeadlineExceeded, Code::Cancelled];
    assert!(codes.contains(&error.code()), "{error}");
    soon(round_trips(&service)).await;
    gate.set_open(true);
    soon(first).await.unwrap().unwrap();
    soon(service.client().classify(one("after"))).await.unwrap();
    assert_eq!(gate.batches(), [["first"], ["after"]]);
}

#[tokio::test]
async fn a_model_that_panics_fails_one_batch_only() {
    let (_gate, service) = gated(LIMITS, true).await;
    let error = soon(service.client().classify(one("panic")))
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::Internal);
    soon(service.client().classify(one("next"))).await.unwrap();
}
