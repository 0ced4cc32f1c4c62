//! Behaviour of the conversation model.

use super::*;
use api_types::{DeltaEvent, DoneEvent, MetaEvent, Usage};

fn meta(turn: &str, variant: &str) -> StreamEvent {
    StreamEvent::Meta(MetaEvent {
        turn_id: turn.into(),
        variant_id: variant.into(),
        model: "m".into(),
        prompt_hash: "h".into(),
        queued_ms: 0,
    })
}

fn delta(text: &str) -> StreamEvent {
    StreamEvent::Delta(DeltaEvent { text: text.into() })
}

fn done(finish: FinishReason) -> StreamEvent {
    StreamEvent::Done(DoneEvent {
        finish,
        usage: Usage::default(),
        ttft_ms: None,
        total_ms: 1,
        take_a_break: false,
    })
}

fn kept(turn: &str, role: MessageRole, text: &str) -> ChatMessage {
    ChatMessage {
        turn_id: turn.into(),
        variant_id: (role == MessageRole::Assistant).then(|| format!("{turn}-{text}")),
        role,
        text: text.into(),
        state: MessageState::Complete,
        route: None,
        crisis: None,
        at: "2026-01-01T00:00:00Z".into(),
    }
}

#[test]
fn an_answer_grows_and_is_complete_when_done() {
    let mut conversation = Conversation::default();
    conversation.begin("Hi".into());
    for event in [
        meta("t1", "v1"),
        delta("Hello. "),
        delta("How are you?"),
        done(FinishReason::Stop),
    ] {
        conversation.apply(event);
    }
    let answer = conversation.turns[0].answer().unwrap();
    assert_eq!(answer.text, "Hello. How are you?");
    assert_eq!(answer.state, AnswerState::Complete);
}

#[test]
fn answers_of_the_same_turn_become_variants_and_the_newest_is_shown() {
    let messages = vec![
        kept("t1", MessageRole::User, "Hi"),
        kept("t1", MessageRole::Assistant, "one"),
        kept("t1", MessageRole::Assistant, "two"),
        kept("t2", MessageRole::User, "Bye"),
    ];
    let mut conversation = Conversation::from_history(ChatHistory { messages });
    assert_eq!(conversation.turns.len(), 2);
    assert_eq!(conversation.turns[0].answer().unwrap().text, "two");
    conversation.show_other(0, -1);
    assert_eq!(conversation.turns[0].answer().unwrap().text, "one");
    conversation.show_other(0, -1);
    assert_eq!(conversation.turns[0].shown, 0);
    assert!(conversation.turns[1].answer().is_none());
}

#[test]
fn a_stopped_answer_keeps_its_words_and_a_late_end_changes_nothing() {
    let mut conversation = Conversation::default();
    conversation.begin("Hi".into());
    conversation.apply(delta("Half"));
    conversation.end(AnswerState::Cancelled);
    conversation.end(AnswerState::CutOff);
    let answer = conversation.turns[0].answer().unwrap();
    assert_eq!(
        (answer.text.as_str(), answer.state),
        ("Half", AnswerState::Cancelled)
    );
}

#[test]
fn a_message_the_server_never_saw_is_sent_again() {
    let mut conversation = Conversation::default();
    conversation.begin("Hi".into());
    conversation.end(AnswerState::CutOff);
    assert_eq!(conversation.retry(), Some(Retry::Send("Hi".into())));
    assert!(conversation.turns.is_empty());
}

#[test]
fn a_message_the_server_has_gets_another_answer_in_place_of_the_empty_one() {
    let mut conversation = Conversation::default();
    conversation.begin("Hi".into());
    conversation.apply(meta("t1", "v1"));
    conversation.end(AnswerState::CutOff);
    assert_eq!(conversation.retry(), Some(Retry::Regenerate));
    conversation.begin_again();
    assert_eq!(conversation.turns[0].answers.len(), 1);
    conversation.apply(delta("Now."));
    assert_eq!(conversation.turns[0].answer().unwrap().text, "Now.");
}

#[test]
fn a_rating_belongs_to_the_answer_that_is_shown() {
    let messages = vec![
        kept("t1", MessageRole::User, "Hi"),
        kept("t1", MessageRole::Assistant, "one"),
        kept("t1", MessageRole::Assistant, "two"),
    ];
    let mut conversation = Conversation::from_history(ChatHistory { messages });
    conversation.show_other(0, -1);
    conversation.rate(0, Rating::Up);
    let ratings: Vec<_> = conversation.turns[0]
        .answers
        .iter()
        .map(|a| a.rating)
        .collect();
    assert_eq!(ratings, [Some(Rating::Up), None]);
}
