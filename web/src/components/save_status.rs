//! Whether the answers are on the server.

use leptos::prelude::*;

use crate::state::Pending;

/// Says it in words; offers another try after a failure.
#[component]
pub(crate) fn SaveStatus(pending: Signal<Pending>, on_retry: Callback<()>) -> impl IntoView {
    let failed = Memo::new(move |_| pending.with(Pending::has_failed));
    let words = move || match (failed.get(), pending.with(Pending::is_saved)) {
        (true, _) => "Not saved yet: we could not reach the server.",
        (false, true) => "Your answers are saved as you go.",
        (false, false) => "Saving…",
    };
    view! {
        <div class="save" class:save--failed=move || failed.get()>
            <p role="status" data-testid="save-status">{words}</p>
            <Show when=move || failed.get()>
                <button type="button" class="button button--quiet"
                    on:click=move |_| on_retry.run(())>"Save again"</button>
            </Show>
        </div>
    }
}
