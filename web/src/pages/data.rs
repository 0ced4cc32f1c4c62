//! "Your data": what is kept and until when, copies to take along, recovery words, and the end of
//! it all. In: the session. Out: links to the exports, and the same deletion as "Leave now".

use api_types::{SessionStatus, StorageConsent};
use leptos::{prelude::*, task::spawn_local};

use super::{
    data_words::RecoveryWordsCard,
    gate::{SessionGate, left_for_welcome},
    leave::Leave,
};
use crate::{
    api,
    components::{LocalDate, PageHeading},
    state::{Presence, SessionState},
};

/// `/data`.
#[component]
pub(crate) fn DataPage() -> impl IntoView {
    view! {
        <PageHeading title="Your data">"Your data"</PageHeading>
        <p class="page__lead">"What is kept about you, how to take it with you, and how to end it."</p>
        <SessionGate><Loaded /></SessionGate>
    }
}

#[component]
fn Loaded() -> impl IntoView {
    let session = expect_context::<SessionState>();
    refresh(session);
    // Each part on its own, so that a later date does not hide the words that are shown.
    let keeps = Memo::new(move |_| {
        session.presence.with(|presence| {
            matches!(presence, Presence::Here(status) if status.session.storage == StorageConsent::Keep)
        })
    });
    view! {
        <Kept session=session />
        <Exports />
        <Show when=move || keeps.get()><RecoveryWordsCard session=session /></Show>
        <DeleteEverything />
    }
}

/// Every visit moves the end, so what was known when the page was opened is out of date. Without an
/// answer the earlier date stays: things are kept at least until then.
fn refresh(session: SessionState) {
    spawn_local(async move {
        match api::session_status().await {
            Ok(fresh) => session.note(|status| *status = fresh),
            Err(error) => {
                left_for_welcome(session, &error);
            }
        }
    });
}

#[component]
fn Kept(session: SessionState) -> impl IntoView {
    let held = Memo::new(move |_| {
        session.presence.with(|presence| match presence {
            Presence::Here(status) => Some(held(status)),
            Presence::Unknown | Presence::Missing | Presence::Unreachable(_) => None,
        })
    });
    move || {
        held.get().map(|held| {
            view! {
                <section class="card" aria-labelledby="kept-title" data-testid="kept">
                    <h2 id="kept-title">"What is kept"</h2>
                    <p>
                        "Your name, age group and country as you gave them, your answers, the result, the \
                        conversation and your safety plan. All of it is stored locked. Without your key the server can \
                        read only when you were here, how many messages there are and about how long, and whether \
                        signs of a crisis were seen."
                    </p>
                    <p>
                        {held.choice}" Without another visit it all ends on "
                        <strong><LocalDate at=held.until with_time=held.with_time /></strong>"."
                    </p>
                </section>
            }
        })
    }
}

/// How long, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Held {
    choice: String,
    /// RFC 3339.
    until: String,
    /// Hours matter when it is about one day.
    with_time: bool,
}

fn held(status: &SessionStatus) -> Held {
    let keeps = status.session.storage == StorageConsent::Keep;
    let choice = match (keeps, status.session.keep_days) {
        (false, _) => "You chose: for this session only. It is gone when you leave.".to_owned(),
        (true, Some(days)) => {
            format!("You chose: until you delete it, or until {days} days without a visit.")
        }
        (true, None) => "You chose: until you delete it.".to_owned(),
    };
    Held {
        choice,
        until: status.session.expires_at.clone(),
        with_time: !keeps,
    }
}

#[component]
fn Exports() -> impl IntoView {
    view! {
        <section class="card" aria-labelledby="take-title">
            <h2 id="take-title">"Take it with you"</h2>
            <p>"A copy is not locked: whoever finds the file or the paper can read it."</p>
            <div class="form__buttons">
                <a class="button button--secondary" href=api::EXPORT_HREF download="digital-detox.md" rel="external"
                    data-testid="export-md">"Summary (Markdown)"</a>
                <a class="button button--secondary" href=api::EXPORT_JSON_HREF download="digital-detox.json"
                    rel="external" data-testid="export-json">"Everything (JSON)"</a>
                <a class="button button--secondary" href=api::EXPORT_PAGE_HREF target="_blank"
                    rel="external noreferrer noopener" data-testid="export-page">"Page to print (new tab)"</a>
            </div>
        </section>
    }
}

#[component]
fn DeleteEverything() -> impl IntoView {
    let leave = Leave::from_context();
    view! {
        <section class="card" aria-labelledby="delete-title">
            <h2 id="delete-title">"Delete everything"</h2>
            <p>
                "The same as “Leave now”: at once, and without asking again. \
                Nothing can bring it back, and recovery words stop working."
            </p>
            <button type="button" class="button button--secondary" data-testid="delete-everything"
                on:click=move |_| leave.now()>"Delete everything"</button>
        </section>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api_types::{AgeBand, Session};

    fn status(storage: StorageConsent, keep_days: Option<u8>) -> SessionStatus {
        SessionStatus {
            session: Session {
                id: "s".into(),
                name: "Sam".into(),
                age_band: AgeBand::From16To17,
                country: None,
                locale: "en".into(),
                storage,
                keep_days,
                expires_at: "2026-07-03T14:05:00Z".into(),
            },
            questionnaire_version: None,
            answers: std::collections::BTreeMap::new(),
            answers_complete: false,
            assessed: false,
            crisis: false,
            recovery_phrase: false,
        }
    }

    #[test]
    fn the_choice_is_told_with_its_days() {
        let kept = held(&status(StorageConsent::Keep, Some(14)));
        assert!(kept.choice.contains("14 days"), "{}", kept.choice);
        assert!(!kept.with_time);
    }

    #[test]
    fn a_session_that_ends_within_a_day_is_told_with_its_hour() {
        let kept = held(&status(StorageConsent::Session, None));
        assert!(kept.choice.contains("this session only"));
        assert!(kept.with_time && kept.until == "2026-07-03T14:05:00Z");
    }
}
