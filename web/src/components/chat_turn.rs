//! A message and the answer to it.

use api_types::{GuardRoute, Rating};
use leptos::prelude::*;

use super::{AnswerActions, CrisisCard};
use crate::state::{AnswerState, Turn};

/// What the page does for a turn; the first part of a pair is the index of the turn.
#[derive(Clone, Copy)]
pub(crate) struct TurnActions {
    pub(crate) copy: Callback<usize>,
    pub(crate) rate: Callback<(usize, Rating)>,
    pub(crate) show: Callback<(usize, isize)>,
    pub(crate) regenerate: Callback<()>,
    /// Opens the helplines.
    pub(crate) help: Callback<()>,
}

/// Redrawn piece by piece, so that a growing text does not disturb the rest.
#[component]
pub(crate) fn ChatTurn(
    turn: Signal<Turn>,
    index: usize,
    last: Signal<bool>,
    actions: TurnActions,
) -> impl IntoView {
    let message = Memo::new(move |_| turn.with(|turn| turn.message.clone()));
    view! {
        <div class="turn">
            <Show when=move || message.with(|text| !text.is_empty())>
                <div class="bubble bubble--person">
                    <span class="visually-hidden">"You: "</span>{message}
                </div>
            </Show>
            <AnswerView turn=turn index=index last=last actions=actions />
        </div>
    }
}

#[component]
fn AnswerView(
    turn: Signal<Turn>,
    index: usize,
    last: Signal<bool>,
    actions: TurnActions,
) -> impl IntoView {
    let text = Memo::new(move |_| {
        turn.with(|t| t.answer().map(|a| a.text.trim().to_owned()))
            .unwrap_or_default()
    });
    let state = Memo::new(move |_| turn.with(|t| t.answer().map(|a| a.state)));
    let crisis = Memo::new(move |_| turn.with(|t| t.answer().and_then(|a| a.crisis.clone())));
    let support = move || {
        turn.with(|t| {
            t.answer()
                .is_some_and(|a| a.route == Some(GuardRoute::Support))
        })
    };
    let has_text = Memo::new(move |_| text.with(|text| !text.is_empty()));
    let streaming = move || state.get() == Some(AnswerState::Streaming);
    // A crisis card is never answered again by the model; everything else may be asked again, also
    // when it was stopped before its first word.
    let ended = move || !streaming() && crisis.with(Option::is_none);
    view! {
        {move || crisis.get().map(|crisis| view! { <CrisisCard crisis=crisis /> })}
        <Show when=move || has_text.get()>
            <div class="bubble bubble--companion" aria-busy=move || if streaming() { "true" } else { "false" }>
                <span class="visually-hidden">"Companion: "</span>
                <div class="bubble__text" data-testid="delta">{text}</div>
            </div>
        </Show>
        <Show when=move || streaming() && crisis.with(Option::is_none)><Thinking /></Show>
        <p class="turn__note">{move || ended_note(state.get())}</p>
        <Show when=move || has_text.get() && !streaming() && support()><SupportLine help=actions.help /></Show>
        <Show when=ended>
            <AnswerActions turn=turn index=index last=last actions=actions />
        </Show>
    }
}

fn ended_note(state: Option<AnswerState>) -> Option<&'static str> {
    match state? {
        AnswerState::Cancelled => Some("Stopped."),
        AnswerState::CutOff => Some("This answer ended early."),
        AnswerState::Streaming | AnswerState::Complete => None,
    }
}

#[component]
fn Thinking() -> impl IntoView {
    view! {
        <p class="thinking"><span class="dots" aria-hidden="true"><i></i><i></i><i></i></span>
            <span class="visually-hidden">"The companion is writing"</span></p>
    }
}

#[component]
fn SupportLine(help: Callback<()>) -> impl IntoView {
    view! {
        <p class="support">
            "If this feels heavy, a person can listen too. "
            <button type="button" class="link" on:click=move |_| help.run(())>"Find someone to talk to"</button>
        </p>
    }
}
