//! The first and the last thing on every page.

use leptos::{prelude::*, wasm_bindgen::JsCast};
use leptos_router::components::A;

/// Jumps over the header. Moves the focus itself, because the router takes plain `#` links.
#[component]
pub(crate) fn SkipLink() -> impl IntoView {
    let skip = move |event: leptos::ev::MouseEvent| {
        event.prevent_default();
        let main = document().get_element_by_id("main");
        if let Some(main) = main.and_then(|main| main.dyn_into::<web_sys::HtmlElement>().ok()) {
            // Focus can only fail for an element that is not shown.
            let _ = main.focus();
        }
    };
    view! { <a class="skip-link" href="#main" rel="external" on:click=skip>"Skip to content"</a> }
}

/// What this is, the way to help that works without this page, and the way to one's own data.
#[component]
pub(crate) fn Footer(
    /// Address of the plain page with all helplines.
    help_page: &'static str,
    /// Somebody is here whose data is kept.
    signed_in: Signal<bool>,
) -> impl IntoView {
    view! {
        <footer class="footer">
            <p>
                "Digital Detox is an AI companion, not a therapist and not an emergency service. \
                No human reads along. "
                <a href=help_page rel="external">"All helplines"</a>
                <Show when=move || signed_in.get()>
                    " · "<A href="/data" attr:data-testid="to-data">"Your data"</A>
                </Show>
            </p>
        </footer>
    }
}
