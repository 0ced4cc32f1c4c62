//! What helps: what to do, why, and who says so.

use api_types::GuidanceStep;
use leptos::prelude::*;

use super::SourceLine;

/// Numbered, because the first is the one to start with.
#[component]
pub(crate) fn GuidanceSteps(steps: Vec<GuidanceStep>) -> impl IntoView {
    let items = steps.into_iter().map(|step| {
        view! {
            <li class="step" data-testid="step">
                <h3 class="step__title">{step.title}</h3>
                <p>{step.why}</p>
                <SourceLine source=step.source />
            </li>
        }
    });
    view! { <ol class="steps">{items.collect_view()}</ol> }
}
