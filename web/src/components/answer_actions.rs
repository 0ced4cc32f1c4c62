//! What can be done with an answer: copy, rate, another one, leaf through several.

use api_types::Rating;
use leptos::prelude::*;

use super::TurnActions;
use crate::state::Turn;

/// Buttons below an answer that has ended.
#[component]
pub(crate) fn AnswerActions(
    turn: Signal<Turn>,
    index: usize,
    /// Another answer can be asked for the last message only.
    last: Signal<bool>,
    actions: TurnActions,
) -> impl IntoView {
    let copied = RwSignal::new(false);
    let copy = move |_| {
        actions.copy.run(index);
        copied.set(true);
    };
    // An answer that was stopped before its first word can only be asked for again.
    let has_text =
        Memo::new(move |_| turn.with(|t| t.answer().is_some_and(|a| !a.text.is_empty())));
    // A message that never reached the server is sent again from the notice of the failure.
    let known = move || turn.with(|turn| turn.turn_id.is_some());
    view! {
        <div class="actions">
            <Show when=move || turn.with(|turn| turn.answers.len() > 1)>
                <VariantSwitch turn=turn index=index show=actions.show />
            </Show>
            <Show when=move || has_text.get()>
                <button type="button" class="button button--quiet" data-testid="copy" on:click=copy>
                    {move || if copied.get() { "Copied" } else { "Copy" }}
                </button>
                <RateButton turn=turn index=index rating=Rating::Up rate=actions.rate />
                <RateButton turn=turn index=index rating=Rating::Down rate=actions.rate />
            </Show>
            <Show when=move || last.get() && known()>
                <button type="button" class="button button--quiet" data-testid="regenerate"
                    on:click=move |_| actions.regenerate.run(())>"Another answer"</button>
            </Show>
        </div>
    }
}

#[component]
fn RateButton(
    turn: Signal<Turn>,
    index: usize,
    rating: Rating,
    rate: Callback<(usize, Rating)>,
) -> impl IntoView {
    let (test_id, name, sign) = match rating {
        Rating::Up => ("thumbs-up", "This helped", "👍"),
        Rating::Down => ("thumbs-down", "This did not help", "👎"),
    };
    let chosen = move || turn.with(|t| t.answer().is_some_and(|a| a.rating == Some(rating)));
    view! {
        <button type="button" class="button button--quiet button--rate" data-testid=test_id aria-label=name title=name
            aria-pressed=move || if chosen() { "true" } else { "false" }
            on:click=move |_| rate.run((index, rating))>
            <span aria-hidden="true">{sign}</span>
        </button>
    }
}

#[component]
fn VariantSwitch(
    turn: Signal<Turn>,
    index: usize,
    show: Callback<(usize, isize)>,
) -> impl IntoView {
    let words = move || turn.with(|turn| format!("{} of {}", turn.shown + 1, turn.answers.len()));
    let first = move || turn.with(|turn| turn.shown == 0);
    let last = move || turn.with(|turn| turn.shown + 1 >= turn.answers.len());
    view! {
        <div class="variants" role="group" aria-label="Answers to this message">
            <button type="button" class="button button--quiet" aria-label="Answer before" disabled=first
                on:click=move |_| show.run((index, -1))>"‹"</button>
            <span data-testid="variant">{words}</span>
            <button type="button" class="button button--quiet" aria-label="Answer after" disabled=last
                on:click=move |_| show.run((index, 1))>"›"</button>
        </div>
    }
}
