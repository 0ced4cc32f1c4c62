//! Recovery words: explained first, made when asked for, shown once. In: the session and the
//! server's words. Out: a card; the words are forgotten when the page is left.

use api_types::Problem;
use leptos::{ev, prelude::*, task::spawn_local};

use super::{clipboard, gate::left_for_welcome, questionnaire_steps::focus};
use crate::{
    api,
    components::{Copied, ProblemNotice, RecoveryWords, WORDS_TITLE_ID},
    state::{Presence, SessionState},
};

const BUTTON_ID: &str = "make-words";

/// What the card keeps.
#[derive(Clone, Copy)]
struct Words {
    /// Only while they are shown, and only here: no address, no storage.
    phrase: RwSignal<Option<String>>,
    copied: RwSignal<Copied>,
    problem: RwSignal<Option<Problem>>,
    busy: RwSignal<bool>,
    session: SessionState,
}

/// For sessions that are kept; the others end before words could help.
#[component]
pub(crate) fn RecoveryWordsCard(session: SessionState) -> impl IntoView {
    let words = Words {
        phrase: RwSignal::new(None),
        copied: RwSignal::default(),
        problem: RwSignal::new(None),
        busy: RwSignal::new(false),
        session,
    };
    words.forget_with_the_page();
    let shown = Memo::new(move |_| words.phrase.with(Option::is_some));
    view! {
        <section class="card" aria-labelledby="recovery-title" data-testid="recovery">
            <h2 id="recovery-title">"Recovery words"</h2>
            <Show when=move || shown.get() fallback=move || view! { <Explained words=words /> }>
                <Shown words=words />
            </Show>
            {move || words.problem.get().map(|problem| view! { <ProblemNotice problem=problem /> })}
        </section>
    }
}

#[component]
fn Explained(words: Words) -> impl IntoView {
    let made = Memo::new(move |_| {
        words
            .session
            .presence
            .with(|presence| matches!(presence, Presence::Here(status) if status.recovery_phrase))
    });
    let label = move || match (words.busy.get(), made.get()) {
        (true, _) => "Making them…",
        (false, true) => "Make new recovery words",
        (false, false) => "Show my recovery words",
    };
    view! {
        <p>
            "Twelve words that open your data in any browser, for example after you have lost your phone \
            or cleared its cookies. Whoever has the words can read everything, so keep them where only you look."
        </p>
        <p>
            "They are shown once, and we do not keep them. If you lose both the words and the cookie in this \
            browser, your data is lost: nobody can open it, and neither can we."
        </p>
        <Show when=move || made.get()>
            <p data-testid="words-made">"You have made recovery words. New ones replace them: the old ones stop working."</p>
        </Show>
        <button type="button" class="button button--secondary" id=BUTTON_ID data-testid="make-words"
            aria-disabled=move || words.busy.get().then_some("true")
            on:click=move |_| words.make()>{label}</button>
    }
}

#[component]
fn Shown(words: Words) -> impl IntoView {
    let phrase = words.phrase.get_untracked().unwrap_or_default();
    view! {
        <RecoveryWords phrase=phrase copied=words.copied.into()
            on_copy=Callback::new(move |()| words.copy())
            on_hide=Callback::new(move |()| words.hide()) />
        <p class="words__warning">
            "If you lose these words and the cookie in this browser, your data is lost."
        </p>
    }
}

impl Words {
    fn make(self) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        self.problem.set(None);
        spawn_local(async move {
            let made = api::make_recovery_phrase().await;
            self.busy.try_set(false);
            match made {
                Ok(made) => {
                    self.session.note(|status| status.recovery_phrase = true);
                    // The page may be gone by now; the words are dropped with the answer then.
                    if self.phrase.try_set(Some(made.phrase)).is_none() {
                        focus(WORDS_TITLE_ID);
                    }
                }
                Err(error) => {
                    if !left_for_welcome(self.session, &error) {
                        self.problem.try_set(Some(error.into_problem()));
                    }
                }
            }
        });
    }

    fn copy(self) {
        let Some(phrase) = self.phrase.get_untracked() else {
            return;
        };
        spawn_local(async move {
            let copied = if clipboard::put(&phrase).await {
                Copied::Yes
            } else {
                Copied::Refused
            };
            self.copied.try_set(copied);
        });
    }

    fn hide(self) {
        self.forget();
        focus(BUTTON_ID);
    }

    fn forget(self) {
        self.phrase.try_set(None);
        self.copied.try_set(Copied::No);
    }

    /// Leaving for another page of ours ends the card. Leaving for another site may freeze the page
    /// as it is, so that "back" would show the words again.
    fn forget_with_the_page(self) {
        let frozen = window_event_listener(ev::pagehide, move |_| self.forget());
        on_cleanup(move || {
            frozen.remove();
            self.forget();
        });
    }
}
