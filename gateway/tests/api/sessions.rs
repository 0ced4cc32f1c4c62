//! Who may begin, who is recognised, and that leaving leaves nothing.

use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection};

use crate::{peers::Script, support::Gateway};

#[tokio::test]
async fn children_are_turned_away_with_helplines_and_nonsense_ages_are_refused() {
    let gateway = Gateway::start(Script::Refuse).await;
    let child = gateway.visitor().begin(7).await;
    assert_eq!(child.status(), StatusCode::FORBIDDEN);
    let problem: Value = child.json().await.unwrap();
    assert_eq!(problem["type"], "age-gate");
    assert_eq!(problem["helplines"][0]["country"], "IN");
    let mut database = SqliteConnection::connect(&gateway.database).await.unwrap();
    let kept: i64 = sqlx::query_scalar("SELECT count(*) FROM sessions")
        .fetch_one(&mut database)
        .await
        .unwrap();
    assert_eq!(kept, 0, "nothing of a child is stored");
    for age in [-1, 300] {
        let answer = gateway.visitor().begin(age).await;
        assert_eq!(
            answer.status(),
            StatusCode::UNPROCESSABLE_ENTITY,
            "age {age}"
        );
    }
}

#[tokio::test]
async fn a_cookie_that_was_tampered_with_opens_nothing() {
    let gateway = Gateway::start(Script::Refuse).await;
    let begun = gateway.visitor().begin(15).await;
    let cookie = begun.headers()[header::SET_COOKIE]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"));
    let genuine = cookie.split(';').next().unwrap();
    let last = if genuine.ends_with('0') { '1' } else { '0' };
    let tampered = format!("{}{last}", &genuine[..genuine.len() - 1]);
    for (cookie, status) in [
        (genuine.to_owned(), StatusCode::OK),
        (tampered, StatusCode::UNAUTHORIZED),
        ("detox_session=zzz".to_owned(), StatusCode::UNAUTHORIZED),
        (String::new(), StatusCode::UNAUTHORIZED),
    ] {
        let answer = gateway
            .visitor()
            .request(Method::GET, "/sessions/me")
            .header(header::COOKIE, &cookie)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), status);
    }
}

#[tokio::test]
async fn a_visit_moves_the_end_of_a_cookie_that_is_kept_and_leaves_one_that_is_not_alone() {
    let gateway = Gateway::start(Script::Refuse).await;
    for (storage, renewed) in [("keep", true), ("session", false)] {
        let visitor = gateway.visitor();
        let consent = json!({ "terms": true, "storage": storage });
        let begun = visitor.begin_with(20, consent).await;
        let first = begun.headers()[header::SET_COOKIE].clone();
        assert_eq!(first.to_str().unwrap().contains("Max-Age=2592000"), renewed);
        let visit = visitor.request(Method::GET, "/sessions/me").send().await;
        let again = visit.unwrap().headers().get(header::SET_COOKIE).cloned();
        assert_eq!(again, renewed.then_some(first), "{storage}");
    }
}

#[tokio::test]
async fn the_database_file_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let gateway = Gateway::start(Script::Refuse).await;
    gateway.person().await;
    let path = gateway.database.trim_start_matches("sqlite://");
    for file in [path.to_owned(), format!("{path}-wal")] {
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}

#[tokio::test]
async fn leaving_removes_everything_and_ends_the_session() {
    let gateway = Gateway::start(Script::Say(vec!["I hear you."])).await;
    let person = gateway.person().await;
    person.chat("hello there").await;
    let export = person.get("/sessions/me/export?format=json").await;
    assert_eq!(export["conversation"]["messages"][0]["text"], "hello there");
    let gone = person
        .request(Method::DELETE, "/sessions/me")
        .send()
        .await
        .unwrap();
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    assert!(gone.headers().contains_key("clear-site-data"));
    let after = person
        .request(Method::GET, "/sessions/me")
        .send()
        .await
        .unwrap();
    assert_eq!(after.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_summary_to_share_is_markdown_with_the_result_of_the_screening() {
    let gateway = Gateway::start(Script::Say(vec!["One small step helps."])).await;
    let person = gateway.person().await;
    person.answer_everything().await;
    let body = json!({ "query": "They leave me out of the group." });
    person
        .request(Method::POST, "/assessments")
        .json(&body)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    let answer = person
        .request(Method::GET, "/sessions/me/export?format=md")
        .send()
        .await
        .unwrap();
    assert_eq!(
        answer.headers()["content-type"],
        "text/markdown; charset=utf-8"
    );
    let text = answer.text().await.unwrap();
    assert!(text.contains("not a diagnosis") && text.contains("One small step helps."));
}
