//! Signals that live as long as the visit and that pages find in the context. They are lost with
//! the page, on purpose: what may be kept is kept, sealed, by the server.

use api_types::{Problem, Session, SessionStatus};
use leptos::prelude::*;

use super::{Assessment, BreakOffer, Conversation};

/// Is somebody here?
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Presence {
    /// The server was not asked yet.
    Unknown,
    /// No session: the welcome page is the only way in.
    Missing,
    /// The server did not answer, so nobody knows.
    Unreachable(Box<Problem>),
    /// This person.
    Here(Box<SessionStatus>),
}

/// The session, as far as the page knows it.
#[derive(Clone, Copy)]
pub(crate) struct SessionState {
    /// Is somebody here?
    pub(crate) presence: RwSignal<Presence>,
}

impl SessionState {
    /// Nobody was asked yet.
    pub(crate) fn new() -> Self {
        Self {
            presence: RwSignal::new(Presence::Unknown),
        }
    }

    /// A session was just created.
    pub(crate) fn created(self, session: Session) {
        self.presence.set(Presence::Here(Box::new(SessionStatus {
            session,
            questionnaire_version: None,
            answers: std::collections::BTreeMap::new(),
            answers_complete: false,
            assessed: false,
            crisis: false,
            recovery_phrase: false,
        })));
    }

    /// The person's country (ISO 3166-1 alpha-2), when it is known.
    pub(crate) fn country(self) -> Option<String> {
        self.presence.with(|presence| match presence {
            Presence::Here(status) => status.session.country.clone(),
            Presence::Unknown | Presence::Missing | Presence::Unreachable(_) => None,
        })
    }

    /// True when somebody is here.
    pub(crate) fn is_here(self) -> bool {
        self.presence
            .with(|presence| matches!(presence, Presence::Here(_)))
    }

    /// Changes what is known about the person who is here.
    pub(crate) fn note(self, change: impl FnOnce(&mut SessionStatus)) {
        self.presence.update(|presence| {
            if let Presence::Here(status) = presence {
                change(status);
            }
        });
    }
}

/// The question in the person's own words, and the result.
#[derive(Clone, Copy)]
pub(crate) struct AssessmentState {
    pub(crate) query: RwSignal<String>,
    pub(crate) result: RwSignal<Assessment>,
}

impl AssessmentState {
    pub(crate) fn new() -> Self {
        Self {
            query: RwSignal::default(),
            result: RwSignal::default(),
        }
    }

    /// Another person is here, or nobody.
    pub(crate) fn forget(self) {
        self.query.set(String::new());
        self.result.set(Assessment::default());
    }
}

/// The conversation.
#[derive(Clone, Copy)]
pub(crate) struct ChatState {
    pub(crate) conversation: RwSignal<Conversation>,
    /// What was typed and not sent; it outlives a visit to another page.
    pub(crate) draft: RwSignal<String>,
    /// Outlives a visit to another page too, so that it is not offered again after each.
    pub(crate) rest: RwSignal<BreakOffer>,
}

impl ChatState {
    pub(crate) fn new() -> Self {
        Self {
            conversation: RwSignal::default(),
            draft: RwSignal::default(),
            rest: RwSignal::default(),
        }
    }

    /// Another person is here, or nobody.
    pub(crate) fn forget(self) {
        self.conversation.set(Conversation::default());
        self.draft.set(String::new());
        self.rest.set(BreakOffer::default());
    }
}

/// Whether "Get help now" is open, and whether the person has moved between pages.
#[derive(Clone, Copy)]
pub(crate) struct Overlay {
    pub(crate) help_open: RwSignal<bool>,
    /// False on the first page, so that loading does not move the focus.
    pub(crate) navigated: StoredValue<bool>,
}

impl Overlay {
    pub(crate) fn new() -> Self {
        Self {
            help_open: RwSignal::new(false),
            navigated: StoredValue::new(false),
        }
    }
}

/// "Leave now".
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Leaving {
    /// Not asked for.
    #[default]
    No,
    /// Everything is hidden, the server is deleting.
    Going,
    /// Everything is gone.
    Left,
    /// Everything is hidden, the server could not be reached.
    NotDeleted,
}
