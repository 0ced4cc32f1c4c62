//! How far the questionnaire is.

use leptos::prelude::*;

/// A bar with the same in words.
#[component]
pub(crate) fn StepProgress(
    /// From 1.
    step: Signal<usize>,
    steps: usize,
    /// Required questions with an answer, and in all.
    answered: Signal<(usize, usize)>,
) -> impl IntoView {
    view! {
        <div class="progress">
            <p class="progress__words" id="progress-words">
                <span>{move || format!("Step {} of {steps}", step.get())}</span>
                <span>{move || {
                    let (done, all) = answered.get();
                    format!("{done} of {all} answered")
                }}</span>
            </p>
            <progress class="progress__bar" aria-labelledby="progress-words"
                prop:max=move || answered.get().1.max(1).to_string()
                prop:value=move || answered.get().0.to_string()></progress>
        </div>
    }
}
