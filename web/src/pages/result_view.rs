//! How the result looks, part by part, while it arrives.

use api_types::{ClassificationEvent, GuidanceEvent, Insights};
use leptos::prelude::*;
use leptos_router::components::A;

use crate::{
    api,
    components::{
        Announcer, ChartView, CrisisCard, GuidanceSteps, Loading, ProblemNotice, SeverityMeter,
        WhyThisResult,
    },
    state::{Assessment, Phase, Sentences},
};

/// The order follows what matters most to the person.
#[component]
pub(crate) fn ResultView(
    result: RwSignal<Assessment>,
    insights: RwSignal<Option<Insights>>,
    on_retry: Callback<()>,
    on_stop: Callback<()>,
) -> impl IntoView {
    let crisis = Memo::new(move |_| result.with(|r| r.crisis.clone()));
    let guidance = Memo::new(move |_| result.with(|r| r.guidance.clone()));
    let classification = Memo::new(move |_| result.with(|r| r.classification.clone()));
    let phase = Memo::new(move |_| result.with(|r| r.phase.clone()));
    let waiting = move || {
        phase.get() == Phase::Running
            && guidance.with(Option::is_none)
            && crisis.with(Option::is_none)
    };
    view! {
        <div class="result">
            <Announcer sentences=spoken(result) />
            <Show when=waiting><Loading text="Reading your answers…" /></Show>
            {move || crisis.get().map(|crisis| view! { <CrisisCard crisis=crisis /> })}
            {move || guidance.get().map(|guidance| view! { <Headline guidance=guidance classification=classification /> })}
            <Tailored result=result on_stop=on_stop />
            {move || match phase.get() {
                Phase::Failed(problem) => Some(view! { <ProblemNotice problem=problem on_retry=on_retry /> }),
                _ => None,
            }}
            {move || guidance.get().map(|guidance| view! {
                <section class="result__part"><h2>"What can help"</h2><GuidanceSteps steps=guidance.steps /></section>
            })}
            {move || insights.get().map(|insights| view! { <YouAreNotAlone insights=insights /> })}
            {move || classification.get().map(|found| view! { <WhyThisResult classification=found /> })}
            <Show when=move || !matches!(phase.get(), Phase::Running | Phase::Requested)><Onward /></Show>
        </div>
    }
}

/// The headline, then the sentences of the text as they become whole.
fn spoken(result: RwSignal<Assessment>) -> Signal<Vec<String>> {
    let sentences = Memo::new(move |_| {
        result.with(|result| {
            let Some(guidance) = &result.guidance else {
                return Vec::new();
            };
            let mut spoken = vec![guidance.headline.clone(), guidance.summary.clone()];
            let mut sentences = Sentences::default();
            spoken.extend(sentences.push(&result.text));
            spoken.extend(sentences.finish().filter(|_| !result.is_running()));
            spoken
        })
    });
    sentences.into()
}

#[component]
fn Headline(
    guidance: GuidanceEvent,
    classification: Memo<Option<ClassificationEvent>>,
) -> impl IntoView {
    view! {
        <section class="card card--result">
            <h2 class="result__headline" data-testid="headline">{guidance.headline}</h2>
            <p class="result__summary" data-testid="summary">{guidance.summary}</p>
            {move || classification.get().map(|found| view! { <SeverityMeter label=found.severity.label /> })}
        </section>
    }
}

/// The text that the model writes for this person.
#[component]
fn Tailored(result: RwSignal<Assessment>, on_stop: Callback<()>) -> impl IntoView {
    let text = Memo::new(move |_| result.with(|r| r.text.trim().to_owned()));
    let running = Memo::new(move |_| result.with(Assessment::is_running));
    let writing =
        move || running.get() && result.with(|r| r.guidance.is_some() && r.crisis.is_none());
    let stopped = Memo::new(move |_| result.with(|r| r.phase == Phase::Stopped));
    let shown = Memo::new(move |_| text.with(|text| !text.is_empty()) || writing());
    view! {
        <Show when=move || shown.get()>
            <section class="result__part tailored">
                <h2>"For you"</h2>
                <div class="bubble__text" data-testid="delta"
                    aria-busy=move || if running.get() { "true" } else { "false" }>{text}</div>
                <Show when=writing>
                    <div class="tailored__wait">
                        <Loading text="Writing…" />
                        <button type="button" class="button button--quiet" data-testid="stop"
                            on:click=move |_| on_stop.run(())>"Stop"</button>
                    </div>
                </Show>
                <Show when=move || stopped.get()><p class="turn__note">"Stopped."</p></Show>
                <p class="tailored__note">"Written by an AI. It can be wrong."</p>
            </section>
        </Show>
    }
}

#[component]
fn YouAreNotAlone(insights: Insights) -> impl IntoView {
    let chart = insights.charts.into_iter().next();
    view! {
        <section class="result__part">
            <h2>"You are not the only one"</h2>
            <p>{insights.message}</p>
            {chart.map(|chart| view! { <ChartView chart=chart /> })}
            <p><A href="/insights">"More figures, with their sources"</A></p>
        </section>
    }
}

#[component]
fn Onward() -> impl IntoView {
    view! {
        <div class="form__buttons">
            <a class="button button--secondary" href=api::EXPORT_HREF download="digital-detox.md" rel="external"
                data-testid="export">"Save a copy"</a>
            <A href="/chat" attr:class="button button--primary" attr:data-testid="to-chat">"Talk about it"</A>
        </div>
    }
}

/// Before there is a result: a reload loses it, on purpose.
#[component]
pub(crate) fn NothingYet(complete: Signal<bool>, on_generate: Callback<()>) -> impl IntoView {
    view! {
        <section class="card">
            <Show when=move || complete.get() fallback=|| view! {
                <p>"Your result needs a few more answers."</p>
                <A href="/questionnaire" attr:class="button button--primary">"Go to the questions"</A>
            }>
                <p>"Your answers are ready. Results are not kept on this device, so they are made again when you ask."</p>
                <div class="form__buttons">
                    <A href="/question" attr:class="button button--secondary">"Add a question"</A>
                    <button type="button" class="button button--primary" data-testid="generate"
                        on:click=move |_| on_generate.run(())>"See my result"</button>
                </div>
            </Show>
        </section>
    }
}
