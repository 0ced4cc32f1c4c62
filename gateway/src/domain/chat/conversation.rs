//! The stored conversation as the guards and the prompt need it.

use uuid::Uuid;

use super::prompt::PromptTurn;
use crate::domain::{
    guardrails::{before::Earlier, decide::Route},
    session::{Author, Completeness, StoredMessage},
};

/// The person's last message.
pub(super) fn last_question(history: &[StoredMessage]) -> Option<&StoredMessage> {
    history
        .iter()
        .rev()
        .find(|message| message.author == Author::Person)
}

/// What the guard reads with a new message: the person's messages before `current`, oldest first.
pub(super) fn earlier_messages(history: &[StoredMessage], current: Uuid) -> Vec<Earlier> {
    let own = history
        .iter()
        .filter(|message| message.author == Author::Person && message.turn_id != current);
    own.map(|message| Earlier {
        text: message.text.clone(),
        // A route that this version does not know was decided with care by another one.
        route: Route::from_code(&message.route).unwrap_or(Route::Support),
    })
    .collect()
}

/// The turns before `current` that the model may see: question and newest answer of each. Turns
/// that reviewed words answered stay out, so that the model neither sees a crisis nor an attack.
pub(super) fn prior_turns(history: &[StoredMessage], current: Uuid) -> Vec<PromptTurn> {
    let mut turns: Vec<(Uuid, PromptTurn)> = Vec::new();
    for message in history {
        let is_visible = Route::from_code(&message.route).is_some_and(Route::is_open_to_model);
        if message.turn_id == current || !is_visible {
            continue;
        }
        match message.author {
            Author::Person => turns.push((
                message.turn_id,
                PromptTurn {
                    question: message.text.clone(),
                    answer: String::new(),
                },
            )),
            Author::Companion if message.completeness != Completeness::CutOff => {
                if let Some((_, turn)) = turns.iter_mut().find(|(id, _)| *id == message.turn_id) {
                    turn.answer.clone_from(&message.text);
                }
            }
            Author::Companion => {}
        }
    }
    turns
        .into_iter()
        .map(|(_, turn)| turn)
        .filter(|turn| !turn.answer.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(turn: u128, author: Author, text: &str, route: &str) -> StoredMessage {
        StoredMessage {
            turn_id: Uuid::from_u128(turn),
            variant_id: None,
            author,
            text: text.to_owned(),
            completeness: Completeness::Complete,
            route: route.to_owned(),
            card: None,
            at_ms: 0,
        }
    }

    #[test]
    fn the_model_sees_the_newest_answer_and_no_turn_of_reviewed_words() {
        let history = [
            message(1, Author::Person, "q1", "answer"),
            message(1, Author::Companion, "old", "answer"),
            message(1, Author::Companion, "new", "answer"),
            message(2, Author::Person, "dark", "crisis"),
            message(2, Author::Companion, "", "crisis"),
            message(3, Author::Person, "attack", "decline"),
            message(3, Author::Companion, "no", "decline"),
            message(4, Author::Person, "now", "answer"),
        ];
        let turns = prior_turns(&history, Uuid::from_u128(4));
        assert_eq!(turns.len(), 1);
        assert_eq!(
            (turns[0].question.as_str(), turns[0].answer.as_str()),
            ("q1", "new")
        );
        assert_eq!(
            last_question(&history).map(|m| m.text.as_str()),
            Some("now")
        );
    }
}
