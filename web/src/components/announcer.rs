//! Reads an answer aloud by whole sentences. In: sentences that are complete. Out: a live region
//! that only a screen reader notices.

use leptos::prelude::*;

/// Sentences are added at the end; emptying the list starts a new answer.
#[component]
pub(crate) fn Announcer(
    /// Complete sentences of the answer that is arriving.
    sentences: Signal<Vec<String>>,
) -> impl IntoView {
    let numbered = move || sentences.get().into_iter().enumerate().collect::<Vec<_>>();
    view! {
        <div class="visually-hidden" aria-live="polite" aria-atomic="false" data-testid="announcer">
            <For each=numbered key=|(index, _)| *index let((_, sentence))>
                <p>{sentence}</p>
            </For>
        </div>
    }
}
