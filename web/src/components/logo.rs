//! The mark: a sun that sets behind calm water.

use leptos::prelude::*;

/// Decoration beside the name, hidden from screen readers.
#[component]
pub(crate) fn Logo() -> impl IntoView {
    view! {
        <svg class="logo" viewBox="0 0 40 40" width="40" height="40" aria-hidden="true" focusable="false">
            <rect class="logo__sky" width="40" height="40" rx="13" />
            <circle class="logo__sun" cx="20" cy="19" r="8.5" />
            <path class="logo__wave" d="M0 24c5-4 9-4 13.3 0s8.4 4 13.4 0 9-3.5 13.3 0v3a13 13 0 0 1-13 13H13A13 13 0 0 1 0 27z" />
        </svg>
    }
}
