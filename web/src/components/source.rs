//! Who says so.

use api_types::StepSource;
use leptos::prelude::*;

/// A link where the source can be opened, plain words where it cannot.
#[component]
pub(crate) fn SourceLine(source: StepSource) -> impl IntoView {
    let name = match source.url {
        Some(url) => view! {
            <a href=url target="_blank" rel="external noopener noreferrer">{source.name}</a>
        }
        .into_any(),
        None => view! { <span>{source.name}</span> }.into_any(),
    };
    view! { <p class="source">"Source: "{name}</p> }
}
