//! A break, offered. In: whether it is due. Out: that the person has read it.

use leptos::prelude::*;

/// The live region is always there, so that a screen reader notices when words come into it; nothing
/// moves the focus.
#[component]
pub(crate) fn RestNotice(shown: Signal<bool>, on_dismiss: Callback<()>) -> impl IntoView {
    view! {
        <div class="rest" class:visually-hidden=move || !shown.get()>
            <div role="status">
                <Show when=move || shown.get()>
                    <p class="rest__words" data-testid="take-a-break">
                        <strong>"You have been here for a long time. "</strong>
                        "Maybe a break would feel good: some water, fresh air, or a word with someone you like. \
                        The chat will be here when you come back."
                    </p>
                </Show>
            </div>
            <Show when=move || shown.get()>
                <button type="button" class="button button--quiet" data-testid="break-dismiss"
                    on:click=move |_| on_dismiss.run(())>"Okay, close"</button>
            </Show>
        </div>
    }
}
