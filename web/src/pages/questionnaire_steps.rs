//! The questionnaire step by step: one section at a time, back and next.

use api_types::{Question, Questionnaire, Section};
use leptos::{prelude::*, task::spawn_local, wasm_bindgen::JsCast};
use leptos_router::{NavigateOptions, hooks::use_navigate};

use super::questionnaire::Form;
use crate::{
    components::{QuestionField, SaveStatus, StepProgress},
    state::{answered_required, choose, first_open_step, missing},
};

/// Starts at the first section with a gap.
#[component]
pub(crate) fn Steps(questionnaire: Questionnaire, form: Form) -> impl IntoView {
    let count = questionnaire.sections.len();
    let step = RwSignal::new(first_open_step(
        &questionnaire,
        &form.answers.get_untracked(),
    ));
    let questionnaire = StoredValue::new(questionnaire);
    let section = move |index: usize| questionnaire.with_value(|q| q.sections.get(index).cloned());
    let gaps = RwSignal::new(Vec::<String>::new());
    let answered = Memo::new(move |_| {
        questionnaire.with_value(|q| form.answers.with(|answers| answered_required(q, answers)))
    });
    let finishing = go_on_when_saved(form);
    let next = move || {
        let open = section(step.get_untracked())
            .map(|section| {
                form.answers
                    .with_untracked(|answers| missing(&section, answers))
            })
            .unwrap_or_default();
        gaps.set(open.clone());
        if let Some(first) = open.first() {
            focus(&format!("question-{first}"));
        } else if step.get_untracked() + 1 < count {
            go_to(step, step.get_untracked() + 1);
        } else {
            form.save();
            finishing.set(true);
        }
    };
    view! {
        <StepProgress step=Signal::derive(move || step.get() + 1) steps=count answered=answered.into() />
        <form class="form" novalidate on:submit=move |event| { event.prevent_default(); next(); }>
            {move || section(step.get()).map(|section| view! { <SectionView section=section form=form gaps=gaps /> })}
            <div class="form__buttons">
                <button type="button" class="button button--secondary" data-testid="back"
                    disabled=move || step.get() == 0
                    on:click=move |_| go_to(step, step.get_untracked().saturating_sub(1))>"Back"</button>
                <button type="submit" class="button button--primary" data-testid="next">
                    {move || match step.get() + 1 == count {
                        true if finishing.get() => "Saving…",
                        true => "Done",
                        false => "Next",
                    }}
                </button>
            </div>
            <SaveStatus pending=form.pending.into() on_retry=Callback::new(move |()| form.save()) />
        </form>
    }
}

/// Set it to go on to the next page as soon as every answer is on the server.
fn go_on_when_saved(form: Form) -> RwSignal<bool> {
    let finishing = RwSignal::new(false);
    let navigate = use_navigate();
    Effect::new(move || {
        let (saved, failed) = form
            .pending
            .with(|pending| (pending.is_saved(), pending.has_failed()));
        if !finishing.get() {
            return;
        }
        if saved {
            navigate("/question", NavigateOptions::default());
        } else if failed {
            finishing.set(false);
        }
    });
    finishing
}

#[component]
fn SectionView(section: Section, form: Form, gaps: RwSignal<Vec<String>>) -> impl IntoView {
    let questions = section.questions.into_iter().map(|question| {
        view! { <Field question=question form=form gaps=gaps /> }
    });
    view! {
        <section class="section" aria-labelledby="section-title">
            <h2 id="section-title" tabindex="-1">{section.title}</h2>
            {questions.collect_view()}
        </section>
    }
}

#[component]
fn Field(question: Question, form: Form, gaps: RwSignal<Vec<String>>) -> impl IntoView {
    let id = StoredValue::new(question.id.clone());
    let kind = question.kind;
    let chosen = Signal::derive(move || {
        id.with_value(|id| {
            form.answers
                .with(|answers| answers.get(id).cloned().unwrap_or_default())
        })
    });
    let is_missing = Signal::derive(move || {
        id.with_value(|id| gaps.with(|gaps| gaps.contains(id))) && chosen.with(Vec::is_empty)
    });
    let tap = Callback::new(move |(option, on): (String, bool)| {
        let after = choose(kind, &chosen.get_untracked(), &option, on);
        form.change(&id.get_value(), after);
    });
    view! { <QuestionField question=question chosen=chosen missing=is_missing on_tap=tap /> }
}

fn go_to(step: RwSignal<usize>, index: usize) {
    step.set(index);
    window().scroll_to_with_x_and_y(0.0, 0.0);
    focus("section-title");
}

/// Focuses the element when it is there, after the page was redrawn.
pub(crate) fn focus(id: &str) {
    let id = id.to_owned();
    spawn_local(async move {
        leptos::task::tick().await;
        let element = document().get_element_by_id(&id);
        if let Some(element) = element.and_then(|e| e.dyn_into::<web_sys::HtmlElement>().ok()) {
            // Focus can only fail for an element that is not shown.
            let _ = element.focus();
        }
    });
}
