//! What the chat page does. In: what the person taps. Out: calls to the gateway, and the
//! conversation as its events change it.

use api_types::{ChatRequest, FeedbackRequest, Problem, Rating, StreamEvent};
use leptos::{prelude::*, task::spawn_local};

use super::{gate::left_for_welcome, questionnaire_steps::focus};
use crate::{
    api::{self, ApiError, StreamAbort},
    state::{
        AnswerState, BreakOffer, ChatState, Conversation, Overlay, Retry, Sentences, SessionState,
    },
};

/// How close to the end of the page counts as reading along, in CSS pixels.
const NEAR_END: f64 = 160.0;

/// What the person can try again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Attempt {
    #[default]
    Load,
    Answer,
    Delete,
}

/// Everything the page needs; the signals of the conversation outlive it.
#[derive(Clone, Copy)]
pub(crate) struct Chat {
    pub(crate) conversation: RwSignal<Conversation>,
    pub(crate) draft: RwSignal<String>,
    pub(crate) rest: RwSignal<BreakOffer>,
    pub(crate) loading: RwSignal<bool>,
    pub(crate) streaming: RwSignal<bool>,
    pub(crate) problem: RwSignal<Option<Problem>>,
    /// Whole sentences of the answer that is arriving.
    pub(crate) spoken: RwSignal<Vec<String>>,
    sentences: StoredValue<Sentences>,
    abort: StoredValue<Option<StreamAbort>, LocalStorage>,
    failed: StoredValue<Attempt>,
    session: SessionState,
    overlay: Overlay,
}

impl Chat {
    /// Loads the conversation. Whoever leaves the page stops the answer.
    pub(crate) fn open() -> Self {
        let state = expect_context::<ChatState>();
        let chat = Self {
            conversation: state.conversation,
            draft: state.draft,
            rest: state.rest,
            loading: RwSignal::new(true),
            streaming: RwSignal::new(false),
            problem: RwSignal::new(None),
            spoken: RwSignal::default(),
            sentences: StoredValue::default(),
            abort: StoredValue::new_local(None),
            failed: StoredValue::default(),
            session: expect_context(),
            overlay: expect_context(),
        };
        on_cleanup(move || {
            chat.abort
                .try_with_value(|abort| abort.iter().for_each(StreamAbort::stop));
        });
        chat.load();
        chat
    }

    fn load(self) {
        self.loading.set(true);
        spawn_local(async move {
            let history = api::chat_history().await;
            self.loading.try_set(false);
            match history {
                // A message that was sent in the meantime is newer than this history.
                Ok(_) if self.streaming.try_get_untracked() != Some(false) => {}
                Ok(history) => {
                    self.conversation.set(Conversation::from_history(history));
                    scroll_to_end(true);
                }
                Err(error) => self.fail(Attempt::Load, error),
            }
        });
    }

    /// Sends a message and takes in the answer.
    pub(crate) fn send(self, message: String) {
        self.draft.set(String::new());
        self.conversation
            .update(|conversation| conversation.begin(message.clone()));
        self.stream(Some(ChatRequest { message }));
    }

    /// Asks for another answer to the last message.
    pub(crate) fn regenerate(self) {
        self.conversation.update(Conversation::begin_again);
        self.stream(None);
    }

    fn stream(self, message: Option<ChatRequest>) {
        let Some(abort) = StreamAbort::new() else {
            return self.fail(Attempt::Answer, ApiError::Unreadable);
        };
        self.abort.set_value(Some(abort.clone()));
        self.problem.set(None);
        self.spoken.set(Vec::new());
        self.sentences.set_value(Sentences::default());
        self.streaming.set(true);
        scroll_to_end(true);
        spawn_local(async move {
            let on_event = |event| self.take_in(event);
            let outcome = match &message {
                Some(message) => api::stream_answer(message, &abort, on_event).await,
                None => api::stream_regenerated(&abort, on_event).await,
            };
            self.finish(outcome);
        });
    }

    fn take_in(self, event: StreamEvent) {
        if let StreamEvent::Delta(delta) = &event {
            let complete = self.sentences.try_update_value(|s| s.push(&delta.text));
            self.spoken
                .try_update(|spoken| spoken.extend(complete.into_iter().flatten()));
        }
        let follow = near_end();
        self.rest.update(|rest| rest.apply(&event));
        self.conversation
            .update(|conversation| conversation.apply(event));
        scroll_to_end(follow);
    }

    fn finish(self, outcome: Result<(), ApiError>) {
        let rest = self.sentences.try_update_value(Sentences::finish);
        self.spoken
            .try_update(|spoken| spoken.extend(rest.flatten()));
        self.streaming.try_set(false);
        let ended = match outcome {
            Err(ApiError::Stopped) => AnswerState::Cancelled,
            Ok(()) | Err(_) => AnswerState::CutOff,
        };
        self.conversation
            .update(|conversation| conversation.end(ended));
        match outcome {
            Ok(()) | Err(ApiError::Stopped) => {}
            Err(error) => self.fail(Attempt::Answer, error),
        }
    }

    fn fail(self, attempt: Attempt, error: ApiError) {
        if !left_for_welcome(self.session, &error) {
            self.failed.try_set_value(attempt);
            self.problem.try_set(Some(error.into_problem()));
            scroll_to_end(true);
        }
    }

    /// Stops the answer that is arriving; closing the request stops the model too.
    pub(crate) fn stop(self) {
        self.abort
            .with_value(|abort| abort.iter().for_each(StreamAbort::stop));
    }

    /// After a failure: does again what failed.
    pub(crate) fn retry(self) {
        self.problem.set(None);
        match self.failed.get_value() {
            Attempt::Load => self.load(),
            Attempt::Delete => self.delete(),
            Attempt::Answer => match self.conversation.try_update(Conversation::retry).flatten() {
                Some(Retry::Send(message)) => self.send(message),
                Some(Retry::Regenerate) => self.regenerate(),
                None => {}
            },
        }
    }

    /// Puts the answer that is shown on the clipboard.
    pub(crate) fn copy(self, index: usize) {
        let text = self.conversation.with_untracked(|conversation| {
            conversation
                .turns
                .get(index)
                .and_then(|turn| turn.answer())
                .map(|answer| answer.text.clone())
        });
        if let Some(text) = text {
            // Asked for by the person; a browser that refuses says so itself.
            let _ = window().navigator().clipboard().write_text(&text);
        }
    }

    /// Tells the server what the person thought, and which of several answers was meant.
    pub(crate) fn rate(self, index: usize, rating: Rating) {
        let feedback = self.conversation.with_untracked(|conversation| {
            let turn = conversation.turns.get(index)?;
            let preferred = turn.answer().and_then(|answer| answer.variant_id.clone());
            let several = turn.answers.len() > 1 && rating == Rating::Up;
            let prefer = preferred.filter(|_| several);
            Some(FeedbackRequest {
                turn_id: turn.turn_id.clone()?,
                rating,
                prefer,
            })
        });
        let Some(feedback) = feedback else { return };
        spawn_local(async move {
            match api::send_feedback(&feedback).await {
                Ok(()) => self
                    .conversation
                    .update(|conversation| conversation.rate(index, rating)),
                Err(error) => {
                    left_for_welcome(self.session, &error);
                }
            }
        });
    }

    /// Deletes the words on the server, then here.
    pub(crate) fn delete(self) {
        spawn_local(async move {
            match api::delete_chat().await {
                Ok(()) => {
                    self.conversation.set(Conversation::default());
                    self.problem.try_set(None);
                }
                Err(error) => self.fail(Attempt::Delete, error),
            }
        });
    }

    /// The notice about a break goes, and its button with it; the focus goes on to the message.
    pub(crate) fn close_break(self) {
        self.rest.update(BreakOffer::dismiss);
        focus("message");
    }

    /// Opens the helplines.
    pub(crate) fn open_help(self) {
        self.overlay.help_open.set(true);
    }
}

fn page_height() -> f64 {
    document()
        .document_element()
        .map_or(0.0, |root| f64::from(root.scroll_height()))
}

fn number(value: Result<wasm_bindgen::JsValue, wasm_bindgen::JsValue>) -> f64 {
    value
        .ok()
        .and_then(|value| value.as_f64())
        .unwrap_or_default()
}

/// A person who reads further up is left there.
fn near_end() -> bool {
    let seen = window().scroll_y().unwrap_or_default() + number(window().inner_height());
    page_height() - seen < NEAR_END
}

fn scroll_to_end(follow: bool) {
    if follow {
        spawn_local(async {
            leptos::task::tick().await;
            window().scroll_to_with_x_and_y(0.0, page_height());
        });
    }
}
