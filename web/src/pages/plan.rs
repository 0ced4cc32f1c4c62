//! The safety plan: reviewed headings, and under each a person's own words, saved as they write.

use std::time::Duration;

use api_types::{Problem, SafetyPlan, SafetyPlanPart, SafetyPlanRequest};
use leptos::{leptos_dom::helpers::debounce, prelude::*, task::spawn_local};
use leptos_router::components::A;

use super::gate::{SessionGate, left_for_welcome};
use crate::{
    api,
    components::{Loading, PageHeading, PlanPartField, ProblemNotice, SaveStatus},
    state::{Answers, Pending, SessionState},
};

/// After the last key, before words are sent.
const PAUSE: Duration = Duration::from_millis(700);

/// What the page keeps.
#[derive(Clone, Copy)]
struct PlanForm {
    plan: RwSignal<Option<SafetyPlan>>,
    pending: RwSignal<Pending>,
    problem: RwSignal<Option<Problem>>,
    session: SessionState,
}

/// `/plan`.
#[component]
pub(crate) fn PlanPage() -> impl IntoView {
    view! {
        <PageHeading title="Safety plan">"My safety plan"</PageHeading>
        <SessionGate><Loaded /></SessionGate>
    }
}

#[component]
fn Loaded() -> impl IntoView {
    let form = PlanForm {
        plan: RwSignal::new(None),
        pending: RwSignal::default(),
        problem: RwSignal::new(None),
        session: expect_context(),
    };
    form.load();
    let reload = Callback::new(move |()| form.load());
    move || match (form.plan.get(), form.problem.get()) {
        (_, Some(problem)) => {
            view! { <ProblemNotice problem=problem on_retry=reload /> }.into_any()
        }
        (Some(plan), None) => view! { <Parts plan=plan form=form /> }.into_any(),
        (None, None) => view! { <Loading text="Loading your plan…" /> }.into_any(),
    }
}

#[component]
fn Parts(plan: SafetyPlan, form: PlanForm) -> impl IntoView {
    let save = StoredValue::new_local(debounce(PAUSE, move |()| form.save()));
    let on_change = Callback::new(move |(id, text): (String, String)| {
        form.pending
            .update(|pending| pending.change(&id, vec![text]));
        save.update_value(|save| save(()));
    });
    let part = |part: SafetyPlanPart| {
        view! { <PlanPartField part=part on_change=on_change /> }
    };
    let parts = plan.parts.into_iter().map(part).collect_view();
    view! {
        <p class="page__lead">{plan.intro}</p>
        <div class="plan" data-testid="safety-plan">{parts}</div>
        <SaveStatus pending=form.pending.into() on_retry=Callback::new(move |()| form.save()) />
        <p>
            <a href=api::EXPORT_HREF rel="external">"Save a copy to print or share"</a>
            " · "
            <A href="/chat">"Back to the chat"</A>
        </p>
    }
}

impl PlanForm {
    fn load(self) {
        self.problem.set(None);
        spawn_local(async move {
            match api::safety_plan().await {
                Ok(plan) => drop(self.plan.try_set(Some(plan))),
                Err(error) => {
                    if !left_for_welcome(self.session, &error) {
                        self.problem.try_set(Some(error.into_problem()));
                    }
                }
            }
        });
    }

    /// Sends what waits, one request at a time, until nothing waits or a request fails.
    fn save(self) {
        let mut next = self.pending.try_update(Pending::take).flatten();
        spawn_local(async move {
            while let Some(batch) = next {
                match api::save_safety_plan(&request(&batch)).await {
                    Ok(_) => drop(self.pending.try_update(Pending::sent)),
                    Err(error) => {
                        self.pending.try_update(|pending| pending.not_sent(batch));
                        left_for_welcome(self.session, &error);
                        return;
                    }
                }
                next = self.pending.try_update(Pending::take).flatten();
            }
        });
    }
}

fn request(batch: &Answers) -> SafetyPlanRequest {
    let parts = batch.iter().map(|(id, texts)| (id.clone(), texts.concat()));
    SafetyPlanRequest {
        parts: parts.collect(),
    }
}
