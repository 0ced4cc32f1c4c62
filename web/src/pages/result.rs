//! The screening result: asks for it, takes its events in, and loads the insights that fit.

use api_types::{AssessmentRequest, Insights};
use leptos::{prelude::*, task::spawn_local};

use super::{
    gate::{SessionGate, left_for_welcome},
    result_view::{NothingYet, ResultView},
};
use crate::{
    api::{self, ApiError, StreamAbort},
    components::PageHeading,
    state::{Assessment, AssessmentState, Phase, SessionState},
};

/// `/result`.
#[component]
pub(crate) fn ResultPage() -> impl IntoView {
    view! {
        <PageHeading title="Your result">"Your result"</PageHeading>
        <SessionGate><Result /></SessionGate>
    }
}

#[component]
fn Result() -> impl IntoView {
    let state = expect_context::<AssessmentState>();
    let session = expect_context::<SessionState>();
    let abort = StoredValue::new_local(None::<StreamAbort>);
    let start = Callback::new(move |()| run(state, session, abort));
    let stop =
        Callback::new(move |()| abort.with_value(|abort| abort.iter().for_each(StreamAbort::stop)));
    // The handle, not the signal: whoever leaves the page stops the generation.
    on_cleanup(move || {
        abort.try_with_value(|abort| abort.iter().for_each(StreamAbort::stop));
    });
    if state
        .result
        .with_untracked(|result| result.phase == Phase::Requested)
    {
        start.run(());
    }
    let idle = Memo::new(move |_| state.result.with(|result| result.phase == Phase::Idle));
    let insights = insights_of(state.result);
    view! {
        <Show when=move || idle.get() fallback=move || view! {
            <ResultView result=state.result insights=insights on_retry=start on_stop=stop />
        }>
            <NothingYet
                complete=Signal::derive(move || session.presence.with(answers_complete))
                on_generate=start />
        </Show>
    }
}

fn answers_complete(presence: &crate::state::Presence) -> bool {
    matches!(presence, crate::state::Presence::Here(status) if status.answers_complete)
}

fn run(
    state: AssessmentState,
    session: SessionState,
    abort: StoredValue<Option<StreamAbort>, LocalStorage>,
) {
    let Some(handle) = StreamAbort::new() else {
        return finish(state, session, Err(ApiError::Unreadable));
    };
    abort.set_value(Some(handle.clone()));
    state.result.update(Assessment::start);
    let query = state.query.get_untracked().trim().to_owned();
    let request = AssessmentRequest {
        query: (!query.is_empty()).then_some(query),
    };
    spawn_local(async move {
        let on_event = |event| state.result.update(|result| result.apply(event));
        let outcome = api::stream_assessment(&request, &handle, on_event).await;
        finish(state, session, outcome);
    });
}

fn finish(
    state: AssessmentState,
    session: SessionState,
    outcome: std::result::Result<(), ApiError>,
) {
    match outcome {
        Ok(()) => session.note(|status| status.assessed = true),
        Err(ApiError::Stopped) => state.result.update(|result| result.phase = Phase::Stopped),
        Err(error) => {
            if !left_for_welcome(session, &error) {
                state
                    .result
                    .update(|result| result.phase = Phase::Failed(error.into_problem()));
            }
        }
    }
}

/// Loads the insights as soon as the guidance names their topic. Without them the result is whole.
fn insights_of(result: RwSignal<Assessment>) -> RwSignal<Option<Insights>> {
    let insights = RwSignal::new(None);
    let topic = Memo::new(move |_| {
        result.with(|result| {
            result
                .guidance
                .as_ref()
                .map(|guidance| guidance.insights.clone())
        })
    });
    Effect::new(move || {
        insights.set(None);
        let Some(topic) = topic.get() else { return };
        spawn_local(async move {
            // All of them: an address with the topic in it would tell proxies what the result was.
            if let Ok(found) = api::insights().await {
                let own = found.topics.into_iter().find(|one| one.topic == topic);
                insights.try_set(own);
            }
        });
    });
    insights
}
