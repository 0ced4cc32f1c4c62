//! What the chat model was trained on, in numbers.

use api_types::{Problem, TrainingData};
use leptos::{prelude::*, task::spawn_local};
use leptos_router::components::A;

use crate::{
    api,
    components::{ChartView, Loading, PageHeading, ProblemNotice, ScatterView},
};

/// `/insights/data`. Open to everybody: nothing on it is about the person.
#[component]
pub(crate) fn TrainingDataPage() -> impl IntoView {
    let data = RwSignal::new(None::<TrainingData>);
    let problem = RwSignal::new(None::<Problem>);
    let load = Callback::new(move |()| {
        problem.set(None);
        spawn_local(async move {
            match api::training_data().await {
                Ok(found) => drop(data.try_set(Some(found))),
                Err(error) => drop(problem.try_set(Some(error.into_problem()))),
            }
        });
    });
    load.run(());
    view! {
        <PageHeading title="Training data">"What the companion learned from"</PageHeading>
        <p class="page__lead">
            "The examples were written for this project, and the model that answers now has learned from a part of \
             them. Nothing that you write here is used for training."
        </p>
        {move || match (data.get(), problem.get()) {
            (_, Some(problem)) => view! { <ProblemNotice problem=problem on_retry=load /> }.into_any(),
            (Some(data), None) => view! { <Charts data=data /> }.into_any(),
            (None, None) => view! { <Loading text="Loading the figures…" /> }.into_any(),
        }}
        <p><A href="/insights">"Back to the insights"</A></p>
    }
}

#[component]
fn Charts(data: TrainingData) -> impl IntoView {
    let charts = data
        .charts
        .into_iter()
        .map(|chart| view! { <ChartView chart=chart /> });
    view! {
        <section class="topic" data-testid="training-data">
            <h2>{format!("{} examples", data.pairs)}</h2>
            <p class="topic__message">"Each is a message, a better reply and a worse one."</p>
            <div class="charts">
                {charts.collect_view()}
                <ScatterView
                    title="Long messages and long worse replies"
                    caption="Length of the message (to the right) and of the worse reply (upwards), in characters."
                    series=data.lengths
                />
            </div>
        </section>
    }
}
