//! How a reply can end other than by the model's will.

use std::time::Duration;

use proto::inference_v1::{FinishReason, Sampling};
use tonic::Code;

use crate::support::{
    ask,
    fake::FakeEngine,
    server::{TestServer, collect, limits},
};
use inference_svc::generation::{Chunk, EndReason, Limits};

#[tokio::test]
async fn an_engine_that_falls_silent_makes_the_call_unavailable() {
    let engine = FakeEngine::new();
    let limits = Limits {
        stall: Duration::from_millis(100),
        ..limits()
    };
    let server = TestServer::with_engine(engine.clone(), limits).await;
    let mut client = server.client().await;
    let asked = tokio::spawn(async move { collect(&mut client, ask("a", 9)).await });
    let sequence = engine.next().await;
    sequence.say("so").await;
    let status = asked.await.unwrap().unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert!(sequence.stop.is_cancelled());
}

#[tokio::test]
async fn an_engine_that_dies_makes_the_call_unavailable() {
    let engine = FakeEngine::new();
    let server = TestServer::with_engine(engine.clone(), limits()).await;
    let mut client = server.client().await;
    let asked = tokio::spawn(async move { collect(&mut client, ask("a", 9)).await });
    let sequence = engine.next().await;
    sequence.say("so").await;
    drop(sequence);
    assert_eq!(asked.await.unwrap().unwrap_err().code(), Code::Unavailable);
}

#[tokio::test]
async fn a_stop_string_over_several_pieces_ends_the_reply_and_the_sequence() {
    let engine = FakeEngine::new();
    let server = TestServer::with_engine(engine.clone(), limits()).await;
    let mut client = server.client().await;
    let mut request = ask("a", 50);
    request.sampling.get_or_insert_default().stop = vec!["User:".into()];
    let asked = tokio::spawn(async move { collect(&mut client, request).await });
    let sequence = engine.next().await;
    for piece in ["fine. Us", "er", ": and"] {
        sequence.say(piece).await;
    }
    let reply = asked.await.unwrap().unwrap();
    assert_eq!(reply.text(), "fine. ");
    assert_eq!(reply.finished.reason(), FinishReason::Stop);
    sequence.end_when_told().await;
}

#[tokio::test]
async fn text_that_only_looked_like_a_stop_string_is_not_lost_at_the_end() {
    let engine = FakeEngine::new();
    let server = TestServer::with_engine(engine.clone(), limits()).await;
    let mut client = server.client().await;
    let mut request = ask("a", 50);
    request.sampling.get_or_insert_default().stop = vec!["###".into()];
    let asked = tokio::spawn(async move { collect(&mut client, request).await });
    let sequence = engine.next().await;
    sequence.say("one ##").await;
    let ended = Chunk::Ended {
        reason: EndReason::Length,
        tokens: 3,
    };
    sequence.chunks.send(ended).await.unwrap();
    let reply = asked.await.unwrap().unwrap();
    assert_eq!(reply.text(), "one ##");
    assert_eq!(reply.finished.reason(), FinishReason::Length);
}

#[tokio::test]
async fn sampling_values_outside_their_range_are_invalid() {
    let engine = FakeEngine::new();
    let server = TestServer::with_engine(engine, limits()).await;
    let mut client = server.client().await;
    let cases = [
        Sampling {
            temperature: Some(f32::NAN),
            ..Sampling::default()
        },
        Sampling {
            top_p: Some(0.0),
            ..Sampling::default()
        },
        Sampling {
            seed: Some(1),
            ..Sampling::default()
        },
        Sampling {
            max_tokens: Some(0),
            ..Sampling::default()
        },
    ];
    for sampling in cases {
        let mut request = ask("a", 9);
        request.sampling = Some(sampling);
        let status = client.generate(request).await.unwrap_err();
        assert_eq!(
            status.code(),
            Code::InvalidArgument,
            "{sampling:?}",
            sampling = status.message()
        );
    }
    let mut nobody = ask("a", 9);
    nobody.messages[0].role = 0;
    assert_eq!(
        client.generate(nobody).await.unwrap_err().code(),
        Code::InvalidArgument
    );
    let mut nothing = ask("a", 9);
    nothing.messages.clear();
    assert_eq!(
        client.generate(nothing).await.unwrap_err().code(),
        Code::InvalidArgument
    );
}
