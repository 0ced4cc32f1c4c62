//! Clients that want too much: many streams, many tokens, slow heads, large heads. A crisis gets its card all the same.

use std::time::Duration;

use futures::StreamExt;
use reqwest::StatusCode;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    peers::Script,
    support::{Gateway, PATIENCE, Peers, events, names},
};

const DISCLOSURE: &str = "i want to unalive myself";

#[tokio::test]
async fn a_third_stream_waits_and_a_crisis_does_not() {
    let gateway = Gateway::start(Script::SayThenHang("One sentence. And")).await;
    let person = gateway.person().await;
    let mut open = Vec::new();
    for message in ["tell me about sleep", "tell me about school"] {
        let mut body = person.say(message).await.bytes_stream();
        body.next().await.unwrap().unwrap();
        open.push(body);
    }
    let third = person.say("tell me about football").await;
    assert_eq!(third.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(third.headers().contains_key("retry-after"));
    let stranger = gateway.person().await;
    assert_eq!(stranger.say("hi there").await.status(), StatusCode::OK);
    let crisis = events(person.say(DISCLOSURE).await).await;
    assert_eq!(names(&crisis), ["meta", "guard", "crisis", "done"]);
    drop(open);
}

#[tokio::test]
async fn a_spent_budget_is_a_429_and_a_crisis_gets_its_card() {
    let gateway = Gateway::start_with(
        Peers::Scripted(Script::Say(vec!["Yes, that helps."])),
        &["--session-tokens-per-hour=1500"],
    )
    .await;
    let person = gateway.person().await;
    let first = person.say("how do i sleep better").await;
    assert_eq!(first.status(), StatusCode::OK);
    events(first).await;
    let refused = person.say("and how do i wake up").await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    let wait: u64 = refused.headers()["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((60..3600).contains(&wait), "{wait}");
    let crisis = events(person.say(DISCLOSURE).await).await;
    assert_eq!(names(&crisis), ["meta", "guard", "crisis", "done"]);
    // The state is open now: nothing is refused any more, the card comes instead of the model.
    let after = events(person.say("ok i texted my sister, she is coming").await).await;
    assert!(names(&after).contains(&"crisis"), "{:?}", names(&after));
}

#[tokio::test]
async fn the_help_page_is_open_to_whoever_was_slowed_down() {
    let gateway = Gateway::start_with(
        Peers::Scripted(Script::Refuse),
        &["--rate-limit-burst=1", "--rate-limit-per-second=1"],
    )
    .await;
    for _ in 0..5 {
        let page = reqwest::get(format!("{}/help", gateway.url)).await.unwrap();
        assert_eq!(page.status(), StatusCode::OK);
    }
}

async fn ends(gateway: &Gateway, sent: &[u8]) -> String {
    let address = gateway.url.trim_start_matches("http://");
    let mut connection = TcpStream::connect(address).await.unwrap();
    connection.write_all(sent).await.unwrap();
    let mut answer = Vec::new();
    let read = tokio::time::timeout(PATIENCE, connection.read_to_end(&mut answer)).await;
    // A reset ends the connection as well as a clean end does.
    let _ = read.expect("the connection was left open");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn a_connection_that_is_slow_or_idle_is_closed() {
    let gateway = Gateway::start_with(
        Peers::Scripted(Script::Refuse),
        &["--request-head-seconds=1"],
    )
    .await;
    for sent in [
        "",
        "GET /help HT",
        "GET /help HTTP/1.1\r\nhost: x\r\nx-slow: ",
    ] {
        ends(&gateway, sent.as_bytes()).await;
    }
    let whole = ends(&gateway, b"GET /help HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(whole.starts_with("HTTP/1.1 200"), "{whole}");
}

#[tokio::test]
async fn a_stream_that_is_read_outlives_the_limit_for_idle_connections() {
    let gateway = Gateway::start_with(
        Peers::Scripted(Script::SayThenHang("One sentence. And")),
        &["--request-head-seconds=1", "--generation-next-seconds=3"],
    )
    .await;
    let seen = gateway.person().await.chat("tell me about sleep").await;
    assert_eq!(names(&seen).last(), Some(&"done"));
}

#[tokio::test]
async fn heads_that_are_too_large_are_refused() {
    let gateway = Gateway::start(Script::Refuse).await;
    let long = format!(
        "GET /help HTTP/1.1\r\nhost: x\r\nx-long: {}\r\n\r\n",
        "a".repeat(40_000)
    );
    let lines = "x: y\r\n".repeat(100);
    let many = format!("GET /help HTTP/1.1\r\nhost: x\r\n{lines}\r\n");
    for sent in [long, many] {
        let answer = ends(&gateway, sent.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    }
    let waited = tokio::time::timeout(Duration::from_secs(5), gateway.person());
    assert!(waited.await.is_ok(), "others are served");
}
