//! The first and the last thing on every page.

use leptos::{prelude::*, wasm_bindgen::JsCast};

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

/// What this is, and the way to help that works without this page.
#[component]
pub(crate) fn Footer(
    /// Address of the plain page with all helplines.
    help_page: &'static str,
) -> impl IntoView {
    view! {
        <footer class="footer">
            <p>
                "Digital Detox is an AI companion, not a therapist and not an emergency service. \
                No human reads along. "
                <a href=help_page rel="external">"All helplines"</a>
            </p>
        </footer>
    }
}
