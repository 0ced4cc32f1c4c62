//! Waiting, and what went wrong.

use api_types::Problem;
use leptos::prelude::*;

use super::HelplineList;

/// Something is on its way.
#[component]
pub(crate) fn Loading(
    /// What, for a person.
    text: &'static str,
) -> impl IntoView {
    view! {
        <p class="loading" role="status">
            <span class="dots" aria-hidden="true"><i></i><i></i><i></i></span>
            {text}
        </p>
    }
}

/// A problem in the gateway's words, helplines when it brings some, and a way to try again.
#[component]
pub(crate) fn ProblemNotice(
    /// What is wrong.
    problem: Problem,
    /// None where trying again cannot help.
    #[prop(optional)]
    on_retry: Option<Callback<()>>,
) -> impl IntoView {
    let helplines = problem.helplines.unwrap_or_default();
    let kind = if problem.kind == "age-gate" {
        "notice notice--kind"
    } else {
        "notice"
    };
    let wait = problem
        .retry_after
        .map(|seconds| format!("You can try again in {seconds} seconds."));
    let reference = (!problem.request_id.is_empty())
        .then(|| view! { <p class="notice__reference">"Reference: "{problem.request_id}</p> });
    let has_helplines = !helplines.is_empty();
    view! {
        <section class=kind role="alert" data-testid="problem">
            <h2 class="notice__title">{problem.title}</h2>
            <p>{problem.detail}</p>
            {wait.map(|wait| view! { <p>{wait}</p> })}
            {has_helplines.then(|| view! { <HelplineList helplines=helplines /> })}
            {on_retry.map(|retry| view! {
                <button type="button" class="button button--secondary" data-testid="retry"
                    on:click=move |_| retry.run(())>"Try again"</button>
            })}
            {reference}
        </section>
    }
}
