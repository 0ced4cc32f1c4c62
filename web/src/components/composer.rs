//! Where a message is written. Enter sends, Shift and Enter make a new line.

use leptos::prelude::*;

/// Longest message, in characters; the server refuses more.
const LONGEST: usize = 4_000;
/// From here on the count is shown.
const SHOW_COUNT_FROM: usize = 3_500;

/// The text belongs to the page, so that a failure or a visit to another page loses nothing.
#[component]
pub(crate) fn Composer(
    draft: RwSignal<String>,
    /// An answer is arriving: "Stop" takes the place of "Send".
    streaming: Signal<bool>,
    on_send: Callback<String>,
    on_stop: Callback<()>,
) -> impl IntoView {
    let count = Memo::new(move |_| draft.with(|text| text.trim().chars().count()));
    let allowed = move || !streaming.get() && (1..=LONGEST).contains(&count.get());
    let send = move || {
        if allowed() {
            on_send.run(draft.get().trim().to_owned());
        }
    };
    let on_key = move |event: leptos::ev::KeyboardEvent| {
        // While a character is being composed (Chinese, Japanese, ...), Enter belongs to it.
        if event.key() == "Enter" && !event.shift_key() && !event.is_composing() {
            event.prevent_default();
            send();
        }
    };
    view! {
        <form class="composer" on:submit=move |event| { event.prevent_default(); send(); }>
            <label class="visually-hidden" for="message">"Your message"</label>
            <textarea class="composer__input" id="message" rows="1" data-testid="message-input"
                placeholder="Write a message" aria-describedby="message-hint"
                prop:value=move || draft.get()
                on:input:target=move |event| draft.set(event.target().value())
                on:keydown=on_key></textarea>
            <Show when=move || streaming.get() fallback=move || view! {
                <button type="submit" class="button button--primary" data-testid="send"
                    disabled=move || !allowed()>"Send"</button>
            }>
                <button type="button" class="button button--secondary" data-testid="stop"
                    on:click=move |_| on_stop.run(())>"Stop"</button>
            </Show>
            <CharacterCount count=count.into() />
        </form>
    }
}

#[component]
fn CharacterCount(count: Signal<usize>) -> impl IntoView {
    let over = move || count.get() > LONGEST;
    let tip = move || count.get() < SHOW_COUNT_FROM;
    let words = move || match count.get() {
        count if count > LONGEST => format!("{} characters too many", count - LONGEST),
        count if count >= SHOW_COUNT_FROM => format!("{} characters left", LONGEST - count),
        _ => "Enter sends, Shift + Enter makes a new line".to_owned(),
    };
    view! {
        <p class="composer__hint" class:composer__hint--over=over class:composer__hint--tip=tip id="message-hint">
            {words}
        </p>
    }
}
