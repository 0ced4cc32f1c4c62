//! All figures, topic by topic, each with its source.

use api_types::{Insights, Problem};
use leptos::{prelude::*, task::spawn_local};
use leptos_router::components::A;

use crate::{
    api,
    components::{ChartView, Loading, PageHeading, ProblemNotice, StatisticList},
};

/// `/insights`. Open to everybody: nothing on it is about the person.
#[component]
pub(crate) fn InsightsPage() -> impl IntoView {
    let topics = RwSignal::new(None::<Vec<Insights>>);
    let problem = RwSignal::new(None::<Problem>);
    let load = Callback::new(move |()| {
        problem.set(None);
        spawn_local(async move {
            match api::insights().await {
                Ok(found) => drop(topics.try_set(Some(found.topics))),
                Err(error) => drop(problem.try_set(Some(error.into_problem()))),
            }
        });
    });
    load.run(());
    view! {
        <PageHeading title="Insights">"You are not the only one"</PageHeading>
        <p class="page__lead">"What surveys say. Every figure names who was asked, when, and by whom."</p>
        {move || match (topics.get(), problem.get()) {
            (_, Some(problem)) => view! { <ProblemNotice problem=problem on_retry=load /> }.into_any(),
            (Some(topics), None) => topics
                .into_iter()
                .map(|topic| view! { <Topic topic=topic /> })
                .collect_view()
                .into_any(),
            (None, None) => view! { <Loading text="Loading the figures…" /> }.into_any(),
        }}
        <p class="topic"><A href="/insights/data">"What the companion learned from"</A></p>
    }
}

#[component]
fn Topic(topic: Insights) -> impl IntoView {
    let charts = topic
        .charts
        .into_iter()
        .map(|chart| view! { <ChartView chart=chart /> });
    view! {
        <section class="topic" data-testid="topic">
            <h2>{topic.title}</h2>
            <p class="topic__message">{topic.message}</p>
            <div class="charts">{charts.collect_view()}</div>
            <StatisticList statistics=topic.statistics />
        </section>
    }
}
