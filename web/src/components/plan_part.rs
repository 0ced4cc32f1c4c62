//! One part of the safety plan: a heading, a hint, and room for a person's own words.

use api_types::SafetyPlanPart;
use leptos::prelude::*;

/// Most characters, as the server takes them.
const MAXIMUM_CHARS: &str = "1000";

/// Tells every change with the part's id.
#[component]
pub(crate) fn PlanPartField(
    part: SafetyPlanPart,
    on_change: Callback<(String, String)>,
) -> impl IntoView {
    let SafetyPlanPart {
        id,
        title,
        hint,
        text,
    } = part;
    let field = format!("plan-{id}");
    let hint_id = format!("{field}-hint");
    view! {
        <div class="field">
            <label class="field__label" for=field.clone()>{title}</label>
            <p class="field__hint" id=hint_id.clone()>{hint}</p>
            <textarea class="field__input" id=field.clone() data-testid=field rows="3" maxlength=MAXIMUM_CHARS
                autocomplete="off" aria-describedby=hint_id
                on:input:target=move |event| on_change.run((id.clone(), event.target().value()))>
                {text}
            </textarea>
        </div>
    }
}
