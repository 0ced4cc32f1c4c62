//! One question of the questionnaire. In: the question and what is chosen. Out: each tap.

use api_types::{Question, QuestionKind, QuestionOption};
use leptos::prelude::*;

/// A tap on an option: its id, and whether it is chosen now.
pub(crate) type Tap = (String, bool);

/// A group of radio buttons or checkboxes.
#[component]
pub(crate) fn QuestionField(
    question: Question,
    /// Chosen option ids.
    chosen: Signal<Vec<String>>,
    /// The person went on without an answer that is needed.
    missing: Signal<bool>,
    on_tap: Callback<Tap>,
) -> impl IntoView {
    let Question {
        id,
        kind,
        prompt,
        help,
        required,
        options,
    } = question;
    let scale = kind == QuestionKind::Scale;
    let error_id = format!("{id}-error");
    let describe = error_id.clone();
    let options = options.into_iter().map(|option| {
        view! { <Choice question_id=id.clone() kind=kind option=option chosen=chosen on_tap=on_tap /> }
    });
    view! {
        <fieldset class="question" class:question--missing=move || missing.get() id=format!("question-{id}")
            tabindex="-1" aria-describedby=move || missing.get().then(|| describe.clone())>
            <legend class="question__prompt">
                {prompt}
                {required.then(|| view! {
                    <span class="required" aria-hidden="true">"\u{a0}*"</span>
                    <span class="visually-hidden">" (required)"</span>
                })}
            </legend>
            {help.map(|help| view! { <p class="question__help">{help}</p> })}
            <div class="choices" class:choices--scale=scale>{options.collect_view()}</div>
            <p class="field__error" id=error_id>
                {move || missing.get().then_some("Please choose an answer.")}
            </p>
        </fieldset>
    }
}

#[component]
fn Choice(
    question_id: String,
    kind: QuestionKind,
    option: QuestionOption,
    chosen: Signal<Vec<String>>,
    on_tap: Callback<Tap>,
) -> impl IntoView {
    let QuestionOption { id, label } = option;
    let test_id = format!("option-{question_id}-{id}");
    let input_type = if kind == QuestionKind::Multi {
        "checkbox"
    } else {
        "radio"
    };
    let compared = id.clone();
    let checked = move || chosen.with(|ids| ids.contains(&compared));
    view! {
        <label class="choice">
            <input class="choice__input" type=input_type name=question_id data-testid=test_id
                prop:checked=checked
                on:change:target=move |event| on_tap.run((id.clone(), event.target().checked())) />
            <span class="choice__label">{label}</span>
        </label>
    }
}
