//! Who gets a sequence, who waits, who is turned away, and when a slot is free again.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::time::timeout;
use tonic::Code;
use tonic_types::StatusExt;

use crate::support::{
    ask,
    fake::FakeEngine,
    server::{PATIENCE, TestServer, collect, first_event, limits, read_all},
};
use inference_svc::generation::Limits;

fn one_running(max_waiting: usize) -> Limits {
    Limits {
        max_running: 1,
        max_waiting,
        ..limits()
    }
}

#[tokio::test]
async fn over_capacity_is_refused_at_once() {
    let engine = FakeEngine::new();
    let server = TestServer::with_engine(engine.clone(), one_running(1)).await;
    let mut client = server.client().await;
    let mut running = client.generate(ask("a", 9)).await.unwrap().into_inner();
    let sequence = engine.next().await;
    first_event(&mut running).await;
    let waiting = client.generate(ask("b", 9)).await.unwrap().into_inner();

    let asked = Instant::now();
    let refused = client.generate(ask("c", 9)).await.unwrap_err();
    assert!(asked.elapsed() < Duration::from_secs(1));
    assert_eq!(refused.code(), Code::ResourceExhausted);
    let details = refused.get_error_details();
    assert_eq!(details.error_info().unwrap().reason, "NO_PLACE_IN_QUEUE");
    assert!(details.retry_info().is_some());

    sequence.say("x").await;
    sequence.end().await;
    assert_eq!(read_to_text(running).await, "x");
    let next = engine.next().await;
    next.say("y").await;
    next.end().await;
    let reply = read_all(waiting).await.unwrap();
    assert_eq!(reply.text(), "y");
}

/// The text of a reply whose Started was read already.
async fn read_to_text(
    mut stream: tonic::Streaming<proto::inference_v1::GenerateResponse>,
) -> String {
    use proto::inference_v1::generate_response::Event;
    let mut text = String::new();
    while let Some(response) = timeout(PATIENCE, stream.message()).await.unwrap().unwrap() {
        if let Some(Event::Delta(delta)) = response.event {
            text.push_str(&delta.text);
        }
    }
    text
}

#[tokio::test]
async fn a_client_that_leaves_frees_its_slot_within_a_second() {
    let engine = FakeEngine::new();
    let server = TestServer::with_engine(engine.clone(), one_running(1)).await;
    let mut client = server.client().await;
    let mut leaving = client.generate(ask("a", 9)).await.unwrap().into_inner();
    let sequence = engine.next().await;
    first_event(&mut leaving).await;
    let waiting = tokio::spawn({
        let mut client = client.clone();
        async move { collect(&mut client, ask("b", 9)).await }
    });

    let left = Instant::now();
    drop(leaving);
    timeout(PATIENCE, sequence.stop.cancelled()).await.unwrap();
    // The engine is in the middle of a long prefill and does not hear it.
    let next = engine.next().await;
    assert!(
        left.elapsed() < Duration::from_secs(1),
        "{:?}",
        left.elapsed()
    );
    next.end().await;
    assert!(waiting.await.unwrap().is_ok());
    sequence.end().await;
}

#[tokio::test]
async fn abandoned_sequences_cannot_pile_up_in_the_engine() {
    let engine = FakeEngine::new();
    let server = TestServer::with_engine(engine.clone(), one_running(0)).await;
    let mut client = server.client().await;
    // The first one gives its slot up although the engine is still busy with it.
    let first = client.generate(ask("a", 9)).await.unwrap();
    let first_sequence = engine.next().await;
    drop(first);
    let second = until_admitted(&mut client).await;
    let second_sequence = engine.next().await;
    drop(second);
    timeout(PATIENCE, second_sequence.stop.cancelled())
        .await
        .unwrap();
    // The second one keeps its slot until the engine is done with one of them: still after more
    // than the time within which the first one gave it up.
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(
        client.generate(ask("c", 9)).await.unwrap_err().code(),
        Code::ResourceExhausted
    );
    second_sequence.end().await;
    let third = until_admitted(&mut client).await;
    drop(third);
    first_sequence.end().await;
}

/// Asks until there is a place again.
async fn until_admitted(
    client: &mut crate::support::server::Client,
) -> tonic::Streaming<proto::inference_v1::GenerateResponse> {
    let until = Instant::now() + PATIENCE;
    loop {
        match client.generate(ask("x", 9)).await {
            Ok(response) => return response.into_inner(),
            Err(status) => assert_eq!(status.code(), Code::ResourceExhausted),
        }
        assert!(Instant::now() < until, "the slot is never free again");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_client_that_leaves_the_queue_gives_its_place_back() {
    let engine = FakeEngine::new();
    let server = TestServer::with_engine(engine.clone(), one_running(1)).await;
    let mut client = server.client().await;
    let _running = client.generate(ask("a", 9)).await.unwrap();
    let _sequence = engine.next().await;
    let waiting = client.generate(ask("b", 9)).await.unwrap();
    assert!(client.generate(ask("c", 9)).await.is_err());
    drop(waiting);
    drop(until_admitted(&mut client).await);
    assert!(!engine.has_started_another().await);
}

#[tokio::test]
async fn a_deadline_is_honoured_while_waiting_and_while_prefilling() {
    let engine = FakeEngine::new();
    let server = TestServer::with_engine(engine.clone(), one_running(1)).await;
    let mut client = server.client().await;
    let with_deadline = |milliseconds| {
        let mut request = tonic::Request::new(ask("a", 9));
        request.set_timeout(Duration::from_millis(milliseconds));
        request
    };
    // Prefilling: the engine has it and says nothing.
    let prefilling = client
        .generate(with_deadline(1500))
        .await
        .unwrap()
        .into_inner();
    let sequence = engine.next().await;
    let asked = Instant::now();
    let waiting = client
        .generate(with_deadline(300))
        .await
        .unwrap()
        .into_inner();
    let late = timeout(PATIENCE, read_all(waiting))
        .await
        .unwrap()
        .unwrap_err();
    assert_eq!(late.code(), Code::DeadlineExceeded);
    assert!(asked.elapsed() < Duration::from_millis(1400));
    assert!(!engine.has_started_another().await);
    let late = timeout(PATIENCE, read_all(prefilling))
        .await
        .unwrap()
        .unwrap_err();
    assert_eq!(late.code(), Code::DeadlineExceeded);
    assert!(sequence.stop.is_cancelled());
}

#[tokio::test]
async fn the_service_has_a_deadline_of_its_own() {
    let engine = FakeEngine::new();
    let limits = Limits {
        max_duration: Duration::from_millis(200),
        ..limits()
    };
    let server = TestServer::with_engine(engine.clone(), limits).await;
    let mut client = server.client().await;
    let late = collect(&mut client, ask("a", 9)).await.unwrap_err();
    assert_eq!(late.code(), Code::DeadlineExceeded);
}

#[tokio::test]
async fn a_slow_reader_delays_nobody_and_is_cut_off() {
    let engine = FakeEngine::new();
    let limits = Limits {
        reader_buffer: 4,
        ..limits()
    };
    let server = TestServer::with_engine(engine.clone(), limits).await;
    let mut slow_client = server.client().await;
    let slow = slow_client
        .generate(ask("slow", 500))
        .await
        .unwrap()
        .into_inner();
    let slow_sequence = engine.next().await;
    // Far more than the buffer and the windows of HTTP/2 hold.
    let page = "x".repeat(16 * 1024);
    let mut sent = 0;
    while !slow_sequence.stop.is_cancelled() && sent < 400 {
        slow_sequence.say(&page).await;
        sent += 1;
        tokio::task::yield_now().await;
    }
    assert!(sent < 400, "the slow reader was never cut off");
    slow_sequence.end().await;

    let mut client = server.client().await;
    let other = tokio::spawn(async move { collect(&mut client, ask("b", 9)).await });
    let sequence = Arc::new(engine.next().await);
    sequence.say("quick").await;
    Arc::into_inner(sequence).unwrap().end().await;
    assert_eq!(other.await.unwrap().unwrap().text(), "quick");

    let cut_off = timeout(PATIENCE, read_all(slow))
        .await
        .unwrap()
        .unwrap_err();
    assert_eq!(cut_off.code(), Code::ResourceExhausted);
    assert_eq!(
        cut_off.get_details_error_info().unwrap().reason,
        "READER_BEHIND"
    );
}
