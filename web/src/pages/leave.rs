//! "Leave now": hides everything at once, deletes everything on the server, forgets everything
//! here, and ends on a page that says nothing about what was here and that "back" does not undo.

use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::JsValue;

use crate::{
    api::{self, ApiError},
    state::{AssessmentState, ChatState, Leaving, Presence, SessionState},
};

const TRIES: usize = 3;
const NEUTRAL_TITLE: &str = "New page";
const NEUTRAL_PATH: &str = "/left";

/// What is hidden, deleted and forgotten.
#[derive(Clone, Copy)]
pub(crate) struct Leave {
    leaving: RwSignal<Leaving>,
    session: SessionState,
    assessment: AssessmentState,
    chat: ChatState,
}

impl Leave {
    /// Everything of this visit.
    pub(crate) fn from_context() -> Self {
        Self {
            leaving: expect_context(),
            session: expect_context(),
            assessment: expect_context(),
            chat: expect_context(),
        }
    }

    /// Hides first; the rest follows.
    pub(crate) fn now(self) {
        self.leaving.set(Leaving::Going);
        document().set_title(NEUTRAL_TITLE);
        spawn_local(async move {
            let deleted = delete_on_server().await;
            self.forget();
            self.leaving.set(if deleted {
                Leaving::Left
            } else {
                Leaving::NotDeleted
            });
        });
    }

    fn forget(self) {
        self.session.presence.set(Presence::Missing);
        self.assessment.forget();
        self.chat.forget();
        if let Ok(history) = window().history() {
            // Only refused after very many changes of the address; the page is hidden already.
            let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(NEUTRAL_PATH));
        }
    }
}

/// False when the server could not be told.
async fn delete_on_server() -> bool {
    for _ in 0..TRIES {
        match api::end_session().await {
            Ok(()) => return true,
            Err(error) if error.session_missing() => return true,
            Err(ApiError::Problem(_)) => return false,
            Err(_) => {}
        }
    }
    false
}

/// Stands in for everything from the first tap on.
#[component]
pub(crate) fn NeutralPage() -> impl IntoView {
    let leave = Leave::from_context();
    move || {
        match leave.leaving.get() {
        Leaving::Left => view! { <LeftPage /> }.into_any(),
        Leaving::No | Leaving::Going => {
            view! { <main class="neutral"><p role="status">"One moment…"</p></main> }.into_any()
        }
        Leaving::NotDeleted => view! {
            <main class="neutral">
                <p role="alert">"The server could not be reached, so not everything is removed yet."</p>
                <button type="button" class="button button--secondary" data-testid="leave-again"
                    on:click=move |_| leave.now()>"Try again"</button>
            </main>
        }
        .into_any(),
    }
    }
}

/// Where leaving ends. The link loads a fresh page.
#[component]
pub(crate) fn LeftPage() -> impl IntoView {
    document().set_title(NEUTRAL_TITLE);
    view! {
        <main class="neutral" data-testid="left">
            <h1>"You can close this page"</h1>
            <p><a href="/" rel="external">"Start page"</a></p>
        </main>
    }
}
