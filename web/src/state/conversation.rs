//! The conversation as turns: a message and its answers, of which one is shown. In: the history
//! and stream events. Out: what the chat page shows and what "try again" should do.

use api_types::{
    ChatHistory, ChatMessage, CrisisEvent, FinishReason, GuardRoute, MessageRole, MessageState,
    Rating, StreamEvent,
};

/// How far an answer is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum AnswerState {
    /// Arriving.
    #[default]
    Streaming,
    /// Whole.
    Complete,
    /// The person stopped it.
    Cancelled,
    /// Something failed before it was whole, or a length limit ended it.
    CutOff,
}

/// One answer of a turn.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Answer {
    pub(crate) variant_id: Option<String>,
    pub(crate) text: String,
    pub(crate) state: AnswerState,
    pub(crate) route: Option<GuardRoute>,
    pub(crate) crisis: Option<CrisisEvent>,
    pub(crate) rating: Option<Rating>,
}

impl Answer {
    fn is_empty(&self) -> bool {
        self.text.is_empty() && self.crisis.is_none()
    }
}

/// A message with its answers.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Turn {
    /// None until the server named it.
    pub(crate) turn_id: Option<String>,
    pub(crate) message: String,
    pub(crate) answers: Vec<Answer>,
    /// Index of the answer that is shown.
    pub(crate) shown: usize,
}

impl Turn {
    /// The answer that is shown.
    pub(crate) fn answer(&self) -> Option<&Answer> {
        self.answers.get(self.shown)
    }
}

/// What "try again" has to do after a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Retry {
    /// The server never saw the message: send it again.
    Send(String),
    /// The server has the message: ask for another answer.
    Regenerate,
}

/// All turns, oldest first.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Conversation {
    pub(crate) turns: Vec<Turn>,
}

impl Conversation {
    /// Reads what the server kept.
    pub(crate) fn from_history(history: ChatHistory) -> Self {
        let mut conversation = Self::default();
        for message in history.messages {
            match message.role {
                MessageRole::User => conversation.turns.push(Turn {
                    turn_id: Some(message.turn_id),
                    message: message.text,
                    ..Turn::default()
                }),
                MessageRole::Assistant => conversation.add_kept_answer(message),
            }
        }
        conversation
    }

    fn add_kept_answer(&mut self, message: ChatMessage) {
        let same = |turn: &Turn| turn.turn_id.as_ref() == Some(&message.turn_id);
        let index = self.turns.iter().rposition(same).unwrap_or_else(|| {
            let turn_id = Some(message.turn_id.clone());
            self.turns.push(Turn {
                turn_id,
                ..Turn::default()
            });
            self.turns.len() - 1
        });
        let turn = &mut self.turns[index];
        turn.answers.push(Answer {
            variant_id: message.variant_id,
            text: message.text,
            state: match message.state {
                MessageState::Complete => AnswerState::Complete,
                MessageState::Cancelled => AnswerState::Cancelled,
                MessageState::CutOff => AnswerState::CutOff,
            },
            route: message.route,
            crisis: message.crisis,
            rating: None,
        });
        turn.shown = turn.answers.len() - 1;
    }

    /// A new message whose answer is awaited.
    pub(crate) fn begin(&mut self, message: String) {
        let answers = vec![Answer::default()];
        self.turns.push(Turn {
            message,
            answers,
            ..Turn::default()
        });
    }

    /// Another answer to the last message is awaited. An empty failed one is replaced.
    pub(crate) fn begin_again(&mut self) {
        let Some(turn) = self.turns.last_mut() else {
            return;
        };
        turn.answers.retain(|answer| !answer.is_empty());
        turn.answers.push(Answer::default());
        turn.shown = turn.answers.len() - 1;
    }

    /// Takes in one event of the answer that is awaited.
    pub(crate) fn apply(&mut self, event: StreamEvent) {
        let Some(turn) = self.turns.last_mut() else {
            return;
        };
        let Some(answer) = turn.answers.last_mut() else {
            return;
        };
        match event {
            StreamEvent::Meta(meta) => {
                answer.variant_id = Some(meta.variant_id);
                turn.turn_id = Some(meta.turn_id);
            }
            StreamEvent::Guard(guard) => answer.route = Some(guard.route),
            StreamEvent::Crisis(crisis) => answer.crisis = Some(crisis),
            StreamEvent::Delta(delta) => answer.text.push_str(&delta.text),
            StreamEvent::Done(done) => {
                answer.state = match done.finish {
                    FinishReason::Stop | FinishReason::Guarded => AnswerState::Complete,
                    FinishReason::Length => AnswerState::CutOff,
                    FinishReason::Cancelled => AnswerState::Cancelled,
                };
            }
            StreamEvent::Error(_) => answer.state = AnswerState::CutOff,
            StreamEvent::Classification(_) | StreamEvent::Guidance(_) => {}
        }
    }

    /// Ends the answer that is awaited, because it was stopped or failed.
    pub(crate) fn end(&mut self, state: AnswerState) {
        if let Some(answer) = self
            .last_answer_mut()
            .filter(|a| a.state == AnswerState::Streaming)
        {
            answer.state = state;
        }
    }

    fn last_answer_mut(&mut self) -> Option<&mut Answer> {
        self.turns.last_mut()?.answers.last_mut()
    }

    /// How to try again after a failure. Forgets a message that the server never saw.
    pub(crate) fn retry(&mut self) -> Option<Retry> {
        if self.turns.last()?.turn_id.is_some() {
            return Some(Retry::Regenerate);
        }
        self.turns.pop().map(|turn| Retry::Send(turn.message))
    }

    /// Shows the answer before (-1) or after (+1) in the turn.
    pub(crate) fn show_other(&mut self, index: usize, step: isize) {
        let Some(turn) = self.turns.get_mut(index) else {
            return;
        };
        let last = turn.answers.len().saturating_sub(1);
        turn.shown = turn.shown.saturating_add_signed(step).min(last);
    }

    /// Notes the rating of the answer that is shown.
    pub(crate) fn rate(&mut self, index: usize, rating: Rating) {
        let Some(turn) = self.turns.get_mut(index) else {
            return;
        };
        if let Some(answer) = turn.answers.get_mut(turn.shown) {
            answer.rating = Some(rating);
        }
    }
}

#[cfg(test)]
#[path = "conversation_tests.rs"]
mod tests;
