//! Words of a person are in no log line (trace level included), no metric, no problem, and, once they left, in no file
//! of the database. Every call is made, also in ways that fail.

use std::{collections::BTreeMap, path::Path};

use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};

use crate::{
    peers::{self, Model, Script},
    process::Process,
    support::Visitor,
};

const NAME: &str = "Zqname";
const REPLY: &str = "zqreply answers you kindly.";
const CANARIES: [&str; 11] = [
    "zqname",
    "zqmessage",
    "zqcrisis",
    "zqquery",
    "zqplan",
    "zqanswer",
    "zqfield",
    "zqbroken",
    "zqturn",
    "zqphrase",
    "zqreply",
];

async fn send(person: &Visitor, method: Method, path: &str, body: Value) -> (StatusCode, String) {
    let request = person.request(method, path).json(&body);
    let answer = request.send().await.unwrap();
    (answer.status(), answer.text().await.unwrap())
}

async fn begin(url: &str) -> (Visitor, Vec<String>) {
    let person = Visitor::at(url);
    let body = json!({
        "name": NAME, "age": 15, "country": "IN",
        "consent": { "terms": true, "storage": "keep" },
    });
    let answer = person
        .request(Method::POST, "/sessions")
        .json(&body)
        .send()
        .await
        .unwrap();
    let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap();
    let secret = cookie.split(['=', ';']).nth(1).unwrap().to_owned();
    let made = send(
        &person,
        Method::POST,
        "/sessions/me/recovery-phrase",
        json!({}),
    )
    .await;
    let made: Value = serde_json::from_str(&made.1).unwrap();
    let phrase = made["phrase"].as_str().unwrap().to_owned();
    (person, vec![secret, phrase])
}

const READS: [&str; 7] = [
    "/chat",
    "/sessions/me/export?format=json",
    "/sessions/me/export?format=md",
    "/sessions/me/export?format=html",
    "/sessions/me/export?format=zqbroken",
    "/insights/zqbroken",
    "/zqbroken/zqbroken",
];

/// Every call, with words of the person in it; about half of them fail.
fn calls() -> Vec<(Method, &'static str, Value)> {
    let (post, put, get) = (Method::POST, Method::PUT, Method::GET);
    let answers = "/sessions/me/answers";
    let plan = "/sessions/me/safety-plan";
    let unknown_turn = "0190f5a1-0000-7000-8000-000000000000";
    let changes = [
        (
            &post,
            "/sessions",
            json!({ "name": NAME, "zqfield": "zqanswer" }),
        ),
        (
            &put,
            answers,
            json!({ "version": "zqanswer", "answers": {} }),
        ),
        (
            &put,
            answers,
            json!({ "version": "1", "answers": { "zqanswer": ["zqanswer"] } }),
        ),
        (
            &post,
            "/assessments",
            json!({ "query": "why do they do that zqquery" }),
        ),
        (&post, "/chat", json!({ "message": "hi there zqmessage" })),
        (&post, "/chat/regenerate", json!({})),
        (
            &post,
            "/chat",
            json!({ "message": "i want to unalive myself zqcrisis" }),
        ),
        (
            &post,
            "/chat",
            json!({ "message": "zqmessage ".repeat(2_000) }),
        ),
        (
            &post,
            "/feedback",
            json!({ "turn_id": "zqturn", "rating": "up" }),
        ),
        (
            &post,
            "/feedback",
            json!({ "turn_id": unknown_turn, "rating": "zqturn" }),
        ),
        (&put, plan, json!({ "parts": { "signs": "zqplan" } })),
        (&put, plan, json!({ "parts": { "zqplan": "zqplan" } })),
        (
            &post,
            "/sessions/recover",
            json!({ "phrase": "zqphrase ".repeat(12) }),
        ),
    ];
    let changes = changes.map(|(method, path, body)| (method.clone(), path, body));
    let reads = READS.map(|path| (get.clone(), path, Value::Null));
    changes.into_iter().chain(reads).collect()
}

/// Makes every call. Gives back the bodies of what failed.
async fn use_everything(person: &Visitor) -> Vec<String> {
    person.answer_everything().await;
    let mut problems = Vec::new();
    for (method, path, body) in calls() {
        let (status, text) = send(person, method.clone(), path, body).await;
        if !status.is_success() {
            problems.push(format!("{method} {path}: {text}"));
        }
    }
    let broken = person
        .request(Method::POST, "/chat")
        .header(header::CONTENT_TYPE, "application/json")
        .header("x-zq", "zqbroken")
        .body("{\"message\": \"zqbroken")
        .send()
        .await
        .unwrap();
    problems.push(broken.text().await.unwrap());
    problems
}

fn assert_free_of(words: &[String], place: &str, text: &[u8]) {
    let text = String::from_utf8_lossy(text).to_lowercase();
    for word in words {
        if let Some(at) = text.find(&word.to_lowercase()) {
            let from = text[..at].rfind('\n').map_or(0, |line| line + 1);
            let line: String = text[from..]
                .lines()
                .next()
                .unwrap_or_default()
                .chars()
                .take(600)
                .collect();
            panic!("{place} holds a word of the person: {line}");
        }
    }
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(folder).unwrap().flatten();
    let read = entries.map(|entry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        (name, std::fs::read(entry.path()).unwrap())
    });
    read.collect()
}

#[tokio::test]
async fn no_word_of_a_person_is_logged_measured_repeated_or_left_behind() {
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite://{}", folder.path().join("test.db").display());
    let model = Model::new(Script::Say(vec![REPLY]));
    let peer = peers::serve(model.clone()).await;
    let gateway = Process::start(&database, &peer, &["--log-filter=trace"]).await;
    let mut words: Vec<String> = CANARIES.map(str::to_owned).to_vec();

    let (person, secrets) = begin(&gateway.url).await;
    words.extend(secrets);
    let mut problems = use_everything(&person).await;
    *model.script.lock().unwrap() = Script::Refuse;
    problems.extend(use_everything(&person).await);
    assert!(
        model.requests.lock().unwrap().len() > 1,
        "the model was asked"
    );
    assert!(problems.len() > 20, "{problems:#?}");
    for problem in &problems {
        let said = problem
            .split_once(": ")
            .map_or(problem.as_str(), |(_, said)| said);
        assert_free_of(&words, "a problem", said.as_bytes());
    }
    for (name, bytes) in files(folder.path()) {
        assert_free_of(&words, &name, &bytes);
    }
    let metrics = reqwest::get(format!("{}/metrics", gateway.admin))
        .await
        .unwrap();
    assert_free_of(&words, "/metrics", metrics.text().await.unwrap().as_bytes());

    let status = person.get("/sessions/me").await;
    let id = status["session"]["id"].as_str().unwrap().to_owned();
    let left = send(&person, Method::DELETE, "/sessions/me", json!({})).await;
    assert_eq!(left.0, StatusCode::NO_CONTENT);
    let mut gone = words.clone();
    gone.push(id);
    for (name, bytes) in files(folder.path()) {
        assert_free_of(&gone, &name, &bytes);
    }
    let log = gateway.stop().await;
    assert!(
        log.lines().count() > 200 && log.contains("TRACE"),
        "trace lines were written"
    );
    assert_free_of(&words, "the log", log.as_bytes());
}
