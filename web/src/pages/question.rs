//! The optional question in the person's own words.

use leptos::prelude::*;
use leptos_router::{NavigateOptions, components::A, hooks::use_navigate};

use super::gate::SessionGate;
use crate::{
    components::PageHeading,
    state::{AssessmentState, Phase},
};

/// Longest question, in characters; the server refuses more.
const LONGEST: usize = 4_000;

/// `/question`.
#[component]
pub(crate) fn QuestionPage() -> impl IntoView {
    view! {
        <PageHeading title="Your question">"Anything on your mind?"</PageHeading>
        <p class="page__lead">
            "Tell me in your own words what happened or what you would like to know. \
            This is optional, and it makes the result fit you better."
        </p>
        <SessionGate><QuestionForm /></SessionGate>
    }
}

#[component]
fn QuestionForm() -> impl IntoView {
    let state = expect_context::<AssessmentState>();
    let count = Memo::new(move |_| state.query.with(|query| query.chars().count()));
    let too_long = move || count.get() > LONGEST;
    let navigate = StoredValue::new_local(use_navigate());
    let generate = move || {
        state
            .result
            .update(|result| result.phase = Phase::Requested);
        navigate.with_value(|go| go("/result", NavigateOptions::default()));
    };
    let skip = move |_| {
        state.query.set(String::new());
        generate();
    };
    view! {
        <form class="form" on:submit=move |event| {
            event.prevent_default();
            if count.get_untracked() <= LONGEST { generate(); }
        }>
            <div class="field">
                <label class="field__label" for="query">"In your own words"</label>
                <textarea class="field__input field__input--tall" id="query" rows="6" data-testid="query"
                    aria-describedby="query-count" aria-invalid=move || too_long().then_some("true")
                    prop:value=move || state.query.get()
                    on:input:target=move |event| state.query.set(event.target().value())></textarea>
                <p class="field__hint" class:field__error=too_long id="query-count" data-testid="query-count">
                    {move || format!("{} of 4,000 characters", count.get())}
                </p>
            </div>
            <div class="form__buttons">
                <A href="/questionnaire" attr:class="button button--secondary" attr:data-testid="back">"Back"</A>
                <button type="button" class="button button--secondary" data-testid="skip" on:click=skip>"Skip"</button>
                <button type="submit" class="button button--primary" data-testid="generate" disabled=too_long>
                    "See my result"
                </button>
            </div>
        </form>
    }
}
