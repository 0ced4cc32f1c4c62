//! A labelled line of text with a hint and an error.

use leptos::prelude::*;

/// The error is tied to the field, so that a screen reader reads it with the label.
#[component]
pub(crate) fn TextField(
    /// Stable; also the test id.
    id: &'static str,
    label: &'static str,
    hint: &'static str,
    /// "text" or "number".
    kind: &'static str,
    #[prop(into)] value: Signal<String>,
    #[prop(into)] error: Signal<Option<&'static str>>,
    on_change: Callback<String>,
) -> impl IntoView {
    let hint_id = format!("{id}-hint");
    let error_id = format!("{id}-error");
    let described_by = format!("{hint_id} {error_id}");
    let number = kind == "number";
    view! {
        <div class="field">
            <label class="field__label" for=id>{label}</label>
            <input class="field__input" id=id name=id data-testid=id type=kind
                inputmode=number.then_some("numeric") min=number.then_some("1") max=number.then_some("120")
                maxlength=(!number).then_some("40")
                autocomplete="off" aria-describedby=described_by
                aria-invalid=move || error.get().map(|_| "true")
                prop:value=move || value.get()
                on:input:target=move |event| on_change.run(event.target().value()) />
            <p class="field__hint" id=hint_id>{hint}</p>
            <p class="field__error" id=error_id>{move || error.get()}</p>
        </div>
    }
}
