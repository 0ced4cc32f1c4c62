//! What the domain may rely on, whatever the database.

use std::collections::{BTreeMap, BTreeSet};

use gateway::domain::{
    ports::{Store, StoreError},
    session::{
        Author, Completeness, NewMessage, NewSession, SessionChange, SessionRecord, SessionSecret,
        StorageWish, TurnFeedback,
    },
};
use uuid::Uuid;

use crate::Fresh;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

pub(crate) fn person(name: &str, now_ms: i64) -> SessionRecord {
    let new = NewSession {
        name: name.to_owned(),
        age: 15,
        country: Some("IN".to_owned()),
        locale: None,
        terms: true,
        storage: StorageWish::Session,
    };
    SessionRecord::open(&new, now_ms).unwrap()
}

pub(crate) fn message(text: &str) -> NewMessage {
    NewMessage {
        turn_id: Uuid::now_v7(),
        variant_id: None,
        author: Author::Person,
        text: text.to_owned(),
        completeness: Completeness::Complete,
        route: "answer".to_owned(),
        card: None,
        at_ms: 1,
    }
}

async fn begin(store: &impl Store, name: &str) -> (SessionRecord, SessionSecret) {
    let (session, secret) = (person(name, 0), SessionSecret::generate());
    store.create_session(&session, &secret).await.unwrap();
    (session, secret)
}

pub(crate) async fn what_is_written_is_read_back_with_the_secret_only(fresh: Fresh) {
    let store = &fresh.store;
    let (session, secret) = begin(store, "Asha").await;
    let access = &session.access;
    let plan = BTreeMap::from([("signs".to_owned(), "I stop eating lunch".to_owned())]);
    for change in [
        SessionChange::Assessment("cyberbullying".to_owned(), "severe".to_owned()),
        SessionChange::SafetyPlan(plan.clone()),
        SessionChange::Cards(2),
    ] {
        store.change_session(access, change).await.unwrap();
    }
    let question = message("hello");
    let sequence = store.append_message(access, &question).await.unwrap();
    let longer = NewMessage {
        text: "hello again".to_owned(),
        ..question.clone()
    };
    store
        .replace_message(access, sequence, &longer)
        .await
        .unwrap();
    let feedback = TurnFeedback {
        turn_id: question.turn_id,
        helpful: true,
        preferred: None,
    };
    assert!(store.save_feedback(access, &feedback).await.unwrap());
    let unknown = TurnFeedback {
        turn_id: Uuid::nil(),
        ..feedback
    };
    assert!(!store.save_feedback(access, &unknown).await.unwrap());

    let opened = store.open_session(&secret, 1).await.unwrap().unwrap();
    assert_eq!(opened.access.id, access.id);
    assert_eq!((opened.name.as_str(), opened.cards), ("Asha", 2));
    assert_eq!(opened.safety_plan, plan);
    let words = store.conversation(&opened.access).await.unwrap();
    assert!(words == [longer], "one message, as it was replaced");
    let other = SessionSecret::generate();
    assert!(store.open_session(&other, 1).await.unwrap().is_none());
}

pub(crate) async fn two_tabs_lose_no_message_and_share_no_sequence_number(fresh: Fresh) {
    const EACH: usize = 40;
    let (session, _) = begin(&fresh.store, "Asha").await;
    let tab = |tab: usize| {
        let (store, access) = (fresh.store.clone(), session.access.clone());
        tokio::spawn(async move {
            let mut numbers = Vec::new();
            for turn in 0..EACH {
                let words = message(&format!("tab {tab} turn {turn}"));
                numbers.push(store.append_message(&access, &words).await.unwrap());
            }
            numbers
        })
    };
    let (one, two) = (tab(1), tab(2));
    let numbers: BTreeSet<i64> = [one.await.unwrap(), two.await.unwrap()]
        .concat()
        .into_iter()
        .collect();
    assert_eq!(numbers.len(), 2 * EACH, "a sequence number was given twice");
    let kept = fresh.store.conversation(&session.access).await.unwrap();
    assert_eq!(kept.len(), 2 * EACH);
    for tab in 1..=2 {
        let own: Vec<_> = kept
            .iter()
            .filter(|m| m.text.starts_with(&format!("tab {tab} ")))
            .collect();
        let expected = (0..EACH).map(|turn| format!("tab {tab} turn {turn}"));
        assert!(
            own.iter().map(|m| m.text.clone()).eq(expected),
            "order of tab {tab}"
        );
    }
}

pub(crate) async fn two_tabs_lose_no_answer(fresh: Fresh) {
    let (session, secret) = begin(&fresh.store, "Asha").await;
    let save = |question: usize| {
        let (store, access) = (fresh.store.clone(), session.access.clone());
        let answers = BTreeMap::from([(format!("q{question}"), vec!["often".to_owned()])]);
        tokio::spawn(async move {
            let version = "1".to_owned();
            store
                .change_session(&access, SessionChange::Answers { version, answers })
                .await
        })
    };
    let saves: Vec<_> = (0..8).map(save).collect();
    for saved in saves {
        saved.await.unwrap().unwrap();
    }
    let kept = fresh.store.open_session(&secret, 1).await.unwrap().unwrap();
    assert_eq!(kept.answers.len(), 8);
}

pub(crate) async fn the_safety_state_rises_and_is_settled_only_from_what_was_seen(fresh: Fresh) {
    let store = &fresh.store;
    let (session, secret) = begin(store, "Asha").await;
    let id = session.access.id;
    let state = async || {
        store
            .open_session(&secret, 1)
            .await
            .unwrap()
            .unwrap()
            .safety
    };
    store.raise_safety(id, 2).await.unwrap();
    store.raise_safety(id, 1).await.unwrap();
    assert_eq!(state().await, 2, "never lowered by raising");
    store
        .append_message(&session.access, &message("words"))
        .await
        .unwrap();
    store.delete_conversation(id).await.unwrap();
    assert_eq!(state().await, 2, "deleting the words keeps it");
    assert!(
        store
            .conversation(&session.access)
            .await
            .unwrap()
            .is_empty()
    );
    store.raise_safety(id, 3).await.unwrap();
    store.settle_safety(id, 2, 0).await.unwrap();
    assert_eq!(state().await, 3, "another writer was more worried");
    store.settle_safety(id, 3, 1).await.unwrap();
    assert_eq!(state().await, 1);
}

pub(crate) async fn an_expiry_never_comes_closer_and_what_expired_is_swept(fresh: Fresh) {
    let store = &fresh.store;
    let (session, secret) = begin(store, "Asha").await;
    let id = session.access.id;
    store.extend_session(id, 2 * DAY_MS).await.unwrap();
    // The clock jumped back by a day: what it says now must not take time away.
    store.extend_session(id, DAY_MS).await.unwrap();
    assert!(
        store
            .open_session(&secret, 2 * DAY_MS - 1)
            .await
            .unwrap()
            .is_some()
    );
    assert_eq!(store.sweep(2 * DAY_MS - 1).await.unwrap(), 0);
    assert!(
        store
            .open_session(&secret, 2 * DAY_MS)
            .await
            .unwrap()
            .is_none(),
        "expired, not yet swept"
    );
    assert_eq!(store.sweep(2 * DAY_MS).await.unwrap(), 1);
    assert!(
        store.open_session(&secret, 1).await.unwrap().is_none(),
        "gone, whatever the clock says"
    );
}

pub(crate) async fn a_second_secret_opens_the_session_until_it_is_removed(fresh: Fresh) {
    let store = &fresh.store;
    let (session, first) = begin(store, "Asha").await;
    let second = SessionSecret::generate();
    let lookup = store.add_secret(&session.access, &second, 5).await.unwrap();
    let opened = store.open_session(&second, 5).await.unwrap().unwrap();
    assert_eq!(
        (opened.name.as_str(), opened.access.id),
        ("Asha", session.access.id)
    );
    store
        .remove_secret(session.access.id, &lookup)
        .await
        .unwrap();
    assert!(store.open_session(&second, 5).await.unwrap().is_none());
    assert!(store.open_session(&first, 5).await.unwrap().is_some());
}

pub(crate) async fn a_removed_session_takes_no_more_messages(fresh: Fresh) {
    let store = &fresh.store;
    let (session, secret) = begin(store, "Asha").await;
    let sequence = store
        .append_message(&session.access, &message("hi"))
        .await
        .unwrap();
    store.delete_session(session.access.id).await.unwrap();
    assert!(store.open_session(&secret, 1).await.unwrap().is_none());
    let late = store
        .append_message(&session.access, &message("late"))
        .await;
    assert!(matches!(late, Err(StoreError::Gone)));
    let change = store
        .change_session(&session.access, SessionChange::Cards(1))
        .await;
    assert!(matches!(change, Err(StoreError::Gone)));
    store
        .replace_message(&session.access, sequence, &message("back"))
        .await
        .unwrap();
    assert!(
        store
            .conversation(&session.access)
            .await
            .unwrap()
            .is_empty(),
        "nothing grows back"
    );
}

pub(crate) async fn ten_thousand_sessions_are_swept_while_others_talk(fresh: Fresh) {
    const EXPIRED: usize = 10_000;
    let store = fresh.store.clone();
    let makers = (0..4).map(|_| {
        let store = store.clone();
        tokio::spawn(async move {
            for _ in 0..EXPIRED / 4 {
                begin(&store, "gone").await;
            }
        })
    });
    for maker in makers.collect::<Vec<_>>() {
        maker.await.unwrap();
    }
    let (alive, secret) = (person("Asha", DAY_MS), SessionSecret::generate());
    store.create_session(&alive, &secret).await.unwrap();
    let talking = {
        let (store, access) = (store.clone(), alive.access.clone());
        tokio::spawn(async move {
            for turn in 0..50 {
                store
                    .append_message(&access, &message(&turn.to_string()))
                    .await
                    .unwrap();
            }
        })
    };
    let swept = store.sweep(DAY_MS).await.unwrap();
    talking.await.unwrap();
    assert_eq!(swept, u64::try_from(EXPIRED).unwrap());
    assert_eq!(store.conversation(&alive.access).await.unwrap().len(), 50);
    assert!(store.open_session(&secret, DAY_MS).await.unwrap().is_some());
}
