//! What the pages know. The pure parts (conversation, assessment, progress, form, recovery, rest,
//! sentences) are plain Rust and tested on the host; the thin rest keeps them in signals for the
//! whole visit.

mod assessment;
mod autosave;
mod contexts;
mod conversation;
mod form;
mod progress;
mod recovery;
mod rest;
mod sentences;
mod theme;

pub(crate) use assessment::{Assessment, Phase};
pub(crate) use autosave::Pending;
pub(crate) use contexts::{AssessmentState, ChatState, Leaving, Overlay, Presence, SessionState};
pub(crate) use conversation::{AnswerState, Conversation, Retry, Turn};
pub(crate) use form::{FormErrors, KEEP_DAYS, WelcomeForm, check};
pub(crate) use progress::{
    Answers, answered_required, choose, first_open_step, known_answers, missing,
};
pub(crate) use recovery::{read_phrase, wrong_count};
pub(crate) use rest::BreakOffer;
pub(crate) use sentences::Sentences;
pub(crate) use theme::{Theme, ThemeState};
