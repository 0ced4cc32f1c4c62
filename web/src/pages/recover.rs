//! Coming back with recovery words. In: the twelve words. Out: the session and its cookie, or what
//! is wrong. The words are in one signal until they opened something or the page is left; they
//! never reach an address or the browser's storage.

use api_types::{Problem, RecoverSession};
use leptos::{ev, prelude::*, task::spawn_local};
use leptos_router::{NavigateOptions, components::A, hooks::use_navigate};

use super::{gate::NobodyYet, questionnaire_steps::focus, welcome::next_page};
use crate::{
    api::{self, ApiError},
    components::{PageHeading, ProblemNotice},
    state::{AssessmentState, ChatState, Presence, SessionState, read_phrase, wrong_count},
};

const FIELD_ID: &str = "recovery-phrase";

/// `/recover`.
#[component]
pub(crate) fn RecoverPage() -> impl IntoView {
    let session = expect_context::<SessionState>();
    let part = move || match session.presence.get() {
        Presence::Unknown | Presence::Unreachable(_) => {
            view! { <NobodyYet session=session /> }.into_any()
        }
        Presence::Missing => view! { <RecoverForm session=session /> }.into_any(),
        Presence::Here(status) => {
            let next = next_page(status.answers_complete, status.assessed);
            view! { <SomebodyHere next=next /> }.into_any()
        }
    };
    view! {
        <PageHeading title="Recovery words">"Come back with your recovery words"</PageHeading>
        {part}
    }
}

/// The cookie of a session would be replaced, and with it the way into that session lost.
#[component]
fn SomebodyHere(next: &'static str) -> impl IntoView {
    view! {
        <section class="card" data-testid="recover-not-now">
            <p>
                "This browser already has a session. To come back to another one here, first delete this one with \
                “Leave now”. What is in it will be gone."
            </p>
            <A href=next attr:class="button button--primary">"Go on where you are"</A>
        </section>
    }
}

/// What the form keeps.
#[derive(Clone, Copy)]
struct Recovery {
    text: RwSignal<String>,
    /// At the field.
    error: RwSignal<Option<String>>,
    /// Everything else.
    problem: RwSignal<Option<Problem>>,
    busy: RwSignal<bool>,
    session: SessionState,
    assessment: AssessmentState,
    chat: ChatState,
}

#[component]
fn RecoverForm(session: SessionState) -> impl IntoView {
    let form = Recovery {
        text: RwSignal::default(),
        error: RwSignal::default(),
        problem: RwSignal::new(None),
        busy: RwSignal::new(false),
        session,
        assessment: expect_context(),
        chat: expect_context(),
    };
    form.forget_with_the_page();
    let navigate = use_navigate();
    let go = Callback::new(move |path: &'static str| navigate(path, NavigateOptions::default()));
    let busy = form.busy;
    view! {
        <form class="card card--raised form" novalidate autocomplete="off"
            on:submit=move |event| { event.prevent_default(); form.submit(go); }>
            <PhraseField form=form />
            {move || form.problem.get().map(|problem| view! { <ProblemNotice problem=problem /> })}
            <div class="form__buttons">
                <A href="/" attr:class="button button--secondary">"Start new instead"</A>
                <button type="submit" class="button button--primary" data-testid="recover"
                    aria-disabled=move || busy.get().then_some("true")>
                    {move || if busy.get() { "Opening…" } else { "Open my data" }}
                </button>
            </div>
        </form>
    }
}

/// Without a `name`, so that no form of a browser can put the words into an address.
#[component]
fn PhraseField(form: Recovery) -> impl IntoView {
    view! {
        <div class="field">
            <label class="field__label" for=FIELD_ID>"Your twelve words, in their order"</label>
            <textarea class="field__input field__input--words" id=FIELD_ID rows="4" data-testid=FIELD_ID
                autocomplete="off" autocapitalize="none" spellcheck="false" translate="no"
                aria-describedby="recovery-hint recovery-error"
                aria-invalid=move || form.error.with(Option::is_some).then_some("true")
                prop:value=move || form.text.get()
                on:input:target=move |event| form.text.set(event.target().value())></textarea>
            <p class="field__hint" id="recovery-hint">
                "Capital letters, numbers and line ends do not matter. The words are sent only to this server, \
                and nothing of them stays in this browser."
            </p>
            <p class="field__error" id="recovery-error" data-testid="recovery-error">
                {move || form.error.get()}
            </p>
        </div>
    }
}

impl Recovery {
    fn submit(self, go: Callback<&'static str>) {
        if self.busy.get_untracked() {
            return;
        }
        self.problem.set(None);
        let phrase = match self.text.with_untracked(|text| read_phrase(text)) {
            Ok(phrase) => phrase,
            Err(count) => return self.wrong(wrong_count(count)),
        };
        self.error.set(None);
        self.busy.set(true);
        spawn_local(async move {
            match api::recover_session(&RecoverSession { phrase }).await {
                Ok(_) => self.come_back(go).await,
                Err(error) => {
                    self.busy.try_set(false);
                    self.refused(error);
                }
            }
        });
    }

    /// The answer says who came back, but not how far they were.
    async fn come_back(self, go: Callback<&'static str>) {
        self.forget();
        self.assessment.forget();
        self.chat.forget();
        let (presence, next) = match api::session_status().await {
            Ok(status) => {
                let next = next_page(status.answers_complete, status.assessed);
                (Presence::Here(Box::new(status)), next)
            }
            // The cookie is here, only the server is not; the first page offers another try.
            Err(error) => (Presence::Unreachable(Box::new(error.into_problem())), "/"),
        };
        self.session.presence.set(presence);
        // Somebody who went to another page in the meantime stays there.
        go.try_run(next);
    }

    fn refused(self, error: ApiError) {
        match told(&error) {
            Some(words) => self.wrong(words.to_owned()),
            None => drop(self.problem.try_set(Some(error.into_problem()))),
        }
    }

    fn wrong(self, words: String) {
        if self.error.try_set(Some(words)).is_none() {
            focus(FIELD_ID);
        }
    }

    fn forget(self) {
        self.text.try_set(String::new());
    }

    /// Leaving for another site may freeze the page as it is, so that "back" would show the words.
    fn forget_with_the_page(self) {
        let frozen = window_event_listener(ev::pagehide, move |_| self.forget());
        on_cleanup(move || {
            frozen.remove();
            self.forget();
        });
    }
}

/// What is wrong with the words; none when something else is wrong.
fn told(error: &ApiError) -> Option<&'static str> {
    match error {
        ApiError::Problem(problem) if problem.kind == "unknown-phrase" => Some(
            "These words open nothing. Perhaps newer words replaced them, or what they opened was deleted or has ended.",
        ),
        ApiError::Problem(problem) if problem.status == 422 => Some(
            "At least one of these is not a recovery word. Please check the spelling and the order.",
        ),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(kind: &str, status: u16) -> ApiError {
        ApiError::Problem(Box::new(Problem {
            kind: kind.into(),
            title: "T".into(),
            status,
            detail: "D".into(),
            request_id: String::new(),
            retry_after: None,
            helplines: None,
        }))
    }

    #[test]
    fn words_that_open_nothing_and_words_with_a_slip_are_told_apart() {
        let unknown = told(&problem("unknown-phrase", 404));
        let slip = told(&problem("invalid", 422));
        assert!(unknown.is_some() && slip.is_some() && unknown != slip);
    }

    #[test]
    fn what_is_not_about_the_words_is_left_to_the_notice() {
        assert_eq!(told(&problem("rate-limited", 429)), None);
        assert_eq!(told(&problem("not-found", 404)), None);
        assert_eq!(told(&ApiError::Unreachable), None);
    }
}
