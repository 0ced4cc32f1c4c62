//! The conversation with the companion.

use leptos::prelude::*;
use leptos_router::components::A;

use super::{chat_actions::Chat, gate::SessionGate};
use crate::{
    components::{
        Announcer, ChatTurn, Composer, Loading, PageHeading, ProblemNotice, RestNotice, TurnActions,
    },
    state::{Conversation, Turn},
};

/// `/chat`.
#[component]
pub(crate) fn ChatPage() -> impl IntoView {
    view! {
        <div class="chat">
            <div class="chat__head">
                <PageHeading title="Chat">"Chat"</PageHeading>
                <p class="chat__about" data-testid="ai-line">
                    "I am an AI, not a therapist, and I can be wrong. No human reads along."
                </p>
            </div>
            <SessionGate><Room /></SessionGate>
        </div>
    }
}

#[component]
fn Room() -> impl IntoView {
    let chat = Chat::open();
    let actions = TurnActions {
        copy: Callback::new(move |index| chat.copy(index)),
        rate: Callback::new(move |(index, rating)| chat.rate(index, rating)),
        show: Callback::new(move |(index, step)| {
            chat.conversation
                .update(|conversation| conversation.show_other(index, step));
        }),
        regenerate: Callback::new(move |()| chat.regenerate()),
        help: Callback::new(move |()| chat.open_help()),
    };
    let retry = Callback::new(move |()| chat.retry());
    let rest = Memo::new(move |_| chat.rest.with(|rest| rest.is_shown()));
    view! {
        <Show when=move || chat.loading.get()><Loading text="Opening the conversation…" /></Show>
        <Log chat=chat actions=actions />
        {move || chat.problem.get().map(|problem| view! { <ProblemNotice problem=problem on_retry=retry /> })}
        <Announcer sentences=chat.spoken.into() />
        <RestNotice shown=rest.into()
            on_dismiss=Callback::new(move |()| chat.close_break()) />
        <DeleteConversation chat=chat />
        <div class="chat__foot">
            <Composer draft=chat.draft streaming=chat.streaming.into()
                on_send=Callback::new(move |message| chat.send(message))
                on_stop=Callback::new(move |()| chat.stop()) />
        </div>
    }
}

#[component]
fn Log(chat: Chat, actions: TurnActions) -> impl IntoView {
    let conversation = chat.conversation;
    let count = Memo::new(move |_| conversation.with(|c| c.turns.len()));
    let empty = move || count.get() == 0 && !chat.loading.get();
    view! {
        <section class="chat__log" aria-label="Conversation" data-testid="log">
            <Show when=empty><Hello chat=chat /></Show>
            <For each=move || 0..count.get() key=|index| *index let(index)>
                <ChatTurn turn=turn_at(conversation, index) index=index actions=actions
                    last=Signal::derive(move || index + 1 == count.get() && !chat.streaming.get()) />
            </For>
        </section>
    }
}

fn turn_at(conversation: RwSignal<Conversation>, index: usize) -> Signal<Turn> {
    let turn = Memo::new(move |_| {
        conversation
            .with(|c| c.turns.get(index).cloned())
            .unwrap_or_default()
    });
    turn.into()
}

const STARTERS: [&str; 3] = [
    "Someone is being mean to me online. What can I do?",
    "I cannot stop scrolling at night.",
    "I feel left out when I see what others post.",
];

/// Before the first message: a greeting, and words to start with for those who find none.
#[component]
fn Hello(chat: Chat) -> impl IntoView {
    let starters = STARTERS.into_iter().map(|text| {
        view! {
            <button type="button" class="starter" on:click=move |_| chat.draft.set(text.to_owned())>{text}</button>
        }
    });
    view! {
        <div class="hello">
            <p class="hello__title">"Hi. What is on your mind?"</p>
            <p>"Write as you like. You can also begin with one of these and change it:"</p>
            <div class="hello__starters">{starters.collect_view()}</div>
        </div>
    }
}

/// Asks once more before the words are gone.
#[component]
fn DeleteConversation(chat: Chat) -> impl IntoView {
    let asking = RwSignal::new(false);
    let any = move || chat.conversation.with(|c| !c.turns.is_empty()) && !chat.streaming.get();
    view! {
        <Show when=any>
            <div class="delete">
                <Show when=move || asking.get() fallback=move || view! {
                    <button type="button" class="button button--quiet" data-testid="delete-chat"
                        on:click=move |_| asking.set(true)>"Delete conversation"</button>
                    // The footer with this link is not on this page.
                    <A href="/data" attr:class="button button--quiet" attr:data-testid="chat-to-data">"Your data"</A>
                }>
                    <span>"Delete all messages?"</span>
                    <button type="button" class="button button--quiet" data-testid="delete-confirm"
                        on:click=move |_| { asking.set(false); chat.delete(); }>"Delete"</button>
                    <button type="button" class="button button--quiet"
                        on:click=move |_| asking.set(false)>"Keep"</button>
                </Show>
            </div>
        </Show>
    }
}
