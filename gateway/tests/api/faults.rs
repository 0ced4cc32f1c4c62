//! What people see when the process is killed, the database is away, busy or full: their words are not lost, they are
//! told when to try again, and a crisis gets its card.

use std::{
    path::Path,
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use futures::StreamExt;
use reqwest::{Method, Response, StatusCode};
use sqlx::{Connection, SqliteConnection};

use crate::{
    peers::{self, Model, Script},
    postgres::Cluster,
    process::Process,
    support::{Gateway, Peers, Visitor, events, names, said, until},
};

const DISCLOSURE: &str = "i want to unalive myself";
/// As long as an issue of a hosted database may take.
const OUTAGE: Duration = Duration::from_secs(30);

async fn peer(script: Script) -> String {
    peers::serve(Model::new(script)).await
}

fn assert_told_when_to_try_again(answer: &Response) {
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.headers()["retry-after"], "5");
}

async fn assert_card(person: &Visitor) {
    let shown = events(person.say(DISCLOSURE).await).await;
    assert_eq!(names(&shown), ["meta", "guard", "crisis", "done"]);
}

#[tokio::test]
async fn a_message_outlives_a_kill_in_the_middle_of_its_answer() {
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite://{}", folder.path().join("test.db").display());
    let peer = peer(Script::SayThenHang("The first sentence is here. And then")).await;
    let gateway = Process::start(&database, &peer, &[]).await;
    let mut person = gateway.person().await;
    let mut body = person.say("tell me about sleep").await.bytes_stream();
    let mut seen = Vec::new();
    while !String::from_utf8_lossy(&seen).contains("first sentence") {
        seen.extend(body.next().await.unwrap().unwrap());
    }
    gateway.kill().await;

    let gateway = Process::start(&database, &peer, &[]).await;
    person.url.clone_from(&gateway.url);
    let kept = person.get("/chat").await;
    assert_eq!(kept["messages"][0]["text"], "tell me about sleep");
    assert_eq!(kept["messages"][0]["state"], "complete");
    assert_eq!(kept["messages"][1]["state"], "cut_off");
    assert_eq!(kept["messages"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_database_that_is_away_for_half_a_minute_is_a_503_and_comes_back_by_itself() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let url = cluster.database("away");
    let peer = peer(Script::Say(vec!["That sounds good."])).await;
    let gateway = Process::start(&url, &peer, &[]).await;
    let person = gateway.person().await;
    person.chat("before").await;
    cluster.down();
    let gone = Instant::now();
    let status = person.request(Method::GET, "/sessions/me").send().await;
    assert_told_when_to_try_again(&status.unwrap());
    assert_told_when_to_try_again(&person.say("hello").await);
    assert_card(&person).await;
    let ready = async || {
        let answer = person.request(Method::GET, "/readyz").send().await;
        answer.unwrap().status()
    };
    while gone.elapsed() < OUTAGE {
        assert_eq!(ready().await, StatusCode::SERVICE_UNAVAILABLE);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    cluster.up();
    until(async || ready().await == StatusCode::OK).await;
    let kept = person.get("/chat").await;
    assert_eq!(kept["messages"][0]["text"], "before");
    assert_eq!(said(&person.chat("after").await), "That sounds good.");
}

#[tokio::test]
async fn a_database_that_another_writer_holds_is_a_503_until_it_lets_go() {
    let gateway = Gateway::start(Script::Say(vec!["That sounds good."])).await;
    let person = gateway.person().await;
    let mut other = SqliteConnection::connect(&gateway.database).await.unwrap();
    sqlx::query("BEGIN IMMEDIATE")
        .execute(&mut other)
        .await
        .unwrap();
    assert_told_when_to_try_again(&person.say("hello").await);
    assert_card(&person).await;
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    assert_eq!(said(&person.chat("hello").await), "That sounds good.");
}

/// A file system of a megabyte that can be filled; unmounted when dropped.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    /// None, with the reason on standard error, where mounting is not allowed.
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"])
            .arg(folder.path())
            .output();
        match mounted {
            Ok(output) if output.status.success() => Some(Self(folder)),
            _ => {
                eprintln!("skipped: a small file system cannot be mounted; run as root");
                None
            }
        }
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

#[tokio::test]
async fn a_full_disk_is_a_503_until_there_is_room_again() {
    let Some(disk) = SmallDisk::mount() else {
        return;
    };
    let database = format!("sqlite://{}", disk.path().join("test.db").display());
    let peer = peer(Script::Say(vec!["That sounds good."])).await;
    let gateway = Process::start(&database, &peer, &[]).await;
    let person = gateway.person().await;
    let filler = disk.path().join("filler");
    let full = std::fs::write(&filler, vec![0; 2 << 20]).unwrap_err();
    assert_eq!(full.kind(), std::io::ErrorKind::StorageFull);
    assert_told_when_to_try_again(&person.say("hello").await);
    assert_card(&person).await;
    std::fs::remove_file(&filler).unwrap();
    assert_eq!(said(&person.chat("hello").await), "That sounds good.");
}

#[tokio::test]
async fn two_tabs_that_write_at_once_lose_no_turn() {
    const EACH: usize = 6;
    let gateway = Gateway::start_with(
        Peers::Scripted(Script::Say(vec!["That sounds good."])),
        &["--session-tokens-per-hour=1000000"],
    )
    .await;
    let person = Arc::new(gateway.person().await);
    let tab = |tab: usize| {
        let person = person.clone();
        tokio::spawn(async move {
            for turn in 0..EACH {
                person.chat(&format!("tab {tab} says hello {turn}")).await;
            }
        })
    };
    let (one, two) = (tab(1), tab(2));
    one.await.unwrap();
    two.await.unwrap();
    let kept = person.get("/chat").await;
    let messages = kept["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 2 * 2 * EACH);
    for asked in messages.iter().filter(|message| message["role"] == "user") {
        let answers = messages
            .iter()
            .filter(|m| m["turn_id"] == asked["turn_id"] && m["role"] == "assistant");
        assert_eq!(answers.count(), 1, "{asked}");
    }
}
