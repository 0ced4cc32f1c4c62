//! Mild, moderate or severe, in words and as a meter of three parts.

use leptos::prelude::*;

use super::labels::readable;

const LEVELS: [&str; 3] = ["mild", "moderate", "severe"];

/// The meter repeats the word and is hidden from screen readers.
#[component]
pub(crate) fn SeverityMeter(
    /// Label of the classification.
    label: String,
) -> impl IntoView {
    let level = LEVELS
        .iter()
        .position(|name| *name == label)
        .map_or(0, |index| index + 1);
    let parts = (1..=LEVELS.len()).map(|part| view! { <i class:on=part <= level></i> });
    view! {
        <p class="severity" data-level=level.to_string()>
            <span>"How strongly it shows: "<strong data-testid="severity">{readable(&label)}</strong></span>
            <span class="severity__meter" aria-hidden="true">{parts.collect_view()}</span>
        </p>
    }
}
