//! Somebody who has the database, but no secret: what they can read, and what happens when they change rows.

use gateway::domain::{
    ports::{Store, StoreError},
    session::{SessionChange, SessionSecret},
};
use sqlx::{AnyPool, Row};

use crate::{
    Fresh,
    behaviours::{message, person},
};

const CANARIES: [&str; 5] = ["zqname1", "zqmessage2", "zqplan3", "zqanswer4", "zqtopic5"];

async fn attacker(fresh: &Fresh) -> AnyPool {
    AnyPool::connect(&fresh.url).await.unwrap()
}

async fn execute(pool: &AnyPool, statement: &str) {
    sqlx::query(statement).execute(pool).await.unwrap();
}

pub(crate) async fn rows_that_were_swapped_moved_or_replayed_do_not_open(fresh: Fresh) {
    let store = &fresh.store;
    let (session, secret) = (person("Asha", 0), SessionSecret::generate());
    store.create_session(&session, &secret).await.unwrap();
    for text in ["first", "second"] {
        store
            .append_message(&session.access, &message(text))
            .await
            .unwrap();
    }
    let pool = attacker(&fresh).await;
    let is_refused = async || {
        let read = store.conversation(&session.access).await;
        matches!(read, Err(StoreError::Corrupt(_)))
    };
    let swap = "UPDATE entries SET sequence = CASE sequence WHEN 1 THEN 1002 ELSE 1001 END";
    assert!(!is_refused().await);
    execute(&pool, swap).await;
    execute(&pool, "UPDATE entries SET sequence = sequence - 1000").await;
    assert!(is_refused().await, "reordered");
    execute(&pool, swap).await;
    execute(&pool, "UPDATE entries SET sequence = sequence - 1000").await;
    assert!(!is_refused().await, "put back");
    execute(
        &pool,
        "INSERT INTO entries SELECT session_id, 3, at_ms, sealed FROM entries WHERE sequence = 1",
    )
    .await;
    assert!(is_refused().await, "replayed");

    let change = SessionChange::Cards(1);
    store.change_session(&session.access, change).await.unwrap();
    execute(&pool, "UPDATE sessions SET revision = 0").await;
    let opened = store.open_session(&secret, 1).await;
    assert!(
        matches!(opened, Err(StoreError::Corrupt(_))),
        "a record of another revision"
    );
    execute(&pool, "UPDATE sessions SET revision = 1").await;

    let (other, other_secret) = (person("Ben", 0), SessionSecret::generate());
    store.create_session(&other, &other_secret).await.unwrap();
    let moved = format!("UPDATE session_keys SET session_id = '{}'", other.access.id);
    execute(&pool, &moved).await;
    let opened = store.open_session(&secret, 1).await;
    assert!(
        matches!(opened, Err(StoreError::Corrupt(_))),
        "a key moved to another session"
    );
}

pub(crate) async fn no_column_holds_a_word_of_the_person(fresh: Fresh) {
    let store = &fresh.store;
    let [name, words, plan, answer, topic] = CANARIES;
    let (session, secret) = (person(name, 0), SessionSecret::generate());
    store.create_session(&session, &secret).await.unwrap();
    store
        .append_message(&session.access, &message(words))
        .await
        .unwrap();
    let one = |key: &str, value: &str| [(key.to_owned(), value.to_owned())].into();
    for change in [
        SessionChange::SafetyPlan(one("signs", plan)),
        SessionChange::Assessment(topic.to_owned(), "severe".to_owned()),
        SessionChange::Answers {
            version: "1".to_owned(),
            answers: [("q".to_owned(), vec![answer.to_owned()])].into(),
        },
    ] {
        store.change_session(&session.access, change).await.unwrap();
    }
    let pool = attacker(&fresh).await;
    let mut seen = Vec::new();
    for (table, columns) in [
        ("sessions", &["sealed"][..]),
        ("session_keys", &["wrapped_key", "lookup"]),
        ("entries", &["sealed"]),
    ] {
        let rows = sqlx::query(&format!("SELECT * FROM {table}"))
            .fetch_all(&pool)
            .await
            .unwrap();
        assert!(!rows.is_empty(), "{table}");
        for row in rows {
            for column in columns {
                seen.extend(row.try_get::<Vec<u8>, _>(*column).unwrap());
            }
        }
    }
    let holds = |words: &[u8]| seen.windows(words.len()).any(|window| window == words);
    for canary in CANARIES {
        assert!(!holds(canary.as_bytes()), "{canary}");
    }
    assert!(
        !holds(secret.expose()) && !holds(session.access.key.expose()),
        "a key in clear"
    );
}
