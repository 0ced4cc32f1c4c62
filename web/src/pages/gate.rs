//! Who is here, and pages that need to know. Without a session the person is brought to the
//! welcome page; without an answer from the server nobody is sent away.

use leptos::{prelude::*, task::spawn_local};
use leptos_router::{NavigateOptions, hooks::use_navigate};

use crate::{
    api::{self, ApiError},
    components::{Loading, ProblemNotice},
    state::{Presence, SessionState},
};

/// Asks the server, unless a session was started in the meantime.
pub(crate) fn find_session(session: SessionState) {
    session.presence.set(Presence::Unknown);
    spawn_local(async move {
        let presence = match api::session_status().await {
            Ok(status) => Presence::Here(Box::new(status)),
            Err(error) if error.session_missing() => Presence::Missing,
            Err(error) => Presence::Unreachable(Box::new(error.into_problem())),
        };
        if session.presence.get_untracked() == Presence::Unknown {
            session.presence.set(presence);
        }
    });
}

/// Shows the page when somebody is here.
#[component]
pub(crate) fn SessionGate(children: ChildrenFn) -> impl IntoView {
    let session = expect_context::<SessionState>();
    let navigate = use_navigate();
    Effect::new(move || {
        if session
            .presence
            .with(|presence| *presence == Presence::Missing)
        {
            navigate("/", NavigateOptions::default());
        }
    });
    let here = Memo::new(move |_| session.is_here());
    view! {
        <Show when=move || here.get() fallback=move || view! { <NobodyYet session=session /> }>
            {children()}
        </Show>
    }
}

/// While the server was not heard.
#[component]
pub(crate) fn NobodyYet(session: SessionState) -> impl IntoView {
    let retry = Callback::new(move |()| find_session(session));
    move || match session.presence.get() {
        Presence::Unreachable(problem) => {
            view! { <ProblemNotice problem=*problem on_retry=retry /> }.into_any()
        }
        _ => view! { <Loading text="One moment…" /> }.into_any(),
    }
}

/// True when the error was that the session is gone; the gate then leads to the welcome page.
pub(crate) fn left_for_welcome(session: SessionState, error: &ApiError) -> bool {
    let missing = error.session_missing();
    if missing {
        session.presence.set(Presence::Missing);
    }
    missing
}
