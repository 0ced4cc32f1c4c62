//! "Get help now": the helplines of the person's country over whatever page is open.

use api_types::HelplineDirectory;
use leptos::{html, prelude::*, task::spawn_local};

use crate::{
    api,
    components::{CountryOptions, HelplineList, Loading, country_name},
    state::{Overlay, SessionState},
};

/// Opened through [`Overlay::help_open`].
#[component]
pub(crate) fn HelpDialog() -> impl IntoView {
    let overlay = expect_context::<Overlay>();
    let session = expect_context::<SessionState>();
    let dialog = NodeRef::<html::Dialog>::new();
    let directory = RwSignal::new(None::<HelplineDirectory>);
    let failed = RwSignal::new(false);
    let load = Callback::new(move |country: Option<String>| load(country, directory, failed));
    Effect::new(move || {
        let Some(dialog) = dialog.get() else { return };
        if overlay.help_open.get() && !dialog.open() {
            // Only refused for a dialog that is open or detached.
            let _ = dialog.show_modal();
            load.run(session.country());
        }
    });
    let close = move || {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
    };
    view! {
        <dialog class="dialog" node_ref=dialog aria-labelledby="help-title" data-testid="help-dialog"
            on:close=move |_| overlay.help_open.set(false)>
            <div class="dialog__head">
                <h2 id="help-title">"Talk to someone now"</h2>
                <button type="button" class="button button--secondary" data-testid="help-close"
                    on:click=move |_| close()>"Close"</button>
            </div>
            <p>"These are real people who listen. Nothing is too small to talk about."</p>
            {move || match (directory.get(), failed.get()) {
                (Some(directory), _) => view! { <Directory directory=directory load=load /> }.into_any(),
                (None, true) => view! { <WithoutServer /> }.into_any(),
                (None, false) => view! { <Loading text="Looking up helplines…" /> }.into_any(),
            }}
        </dialog>
    }
}

fn load(
    country: Option<String>,
    directory: RwSignal<Option<HelplineDirectory>>,
    failed: RwSignal<bool>,
) {
    failed.set(false);
    spawn_local(async move {
        match api::helplines(country.as_deref()).await {
            // The dialog may be gone with its page by now.
            Ok(found) => drop(directory.try_set(Some(found))),
            Err(_) => drop(failed.try_set(true)),
        }
    });
}

#[component]
fn Directory(directory: HelplineDirectory, load: Callback<Option<String>>) -> impl IntoView {
    let HelplineDirectory {
        country,
        helplines,
        emergency,
        countries,
    } = directory;
    let mut codes = countries;
    codes.extend(country.clone().filter(|code| !codes.contains(code)));
    let chosen = country.clone().unwrap_or_default();
    let heading = country.map(|code| format!("In {}", country_name(&code)));
    view! {
        <p class="emergency">{emergency}</p>
        <div class="field">
            <label class="field__label" for="help-country">"Show helplines of"</label>
            <select class="field__input" id="help-country" data-testid="help-country"
                on:change:target=move |event| {
                    let code = event.target().value();
                    load.run((!code.is_empty()).then_some(code));
                }>
                <option value="">"Worldwide"</option>
                <CountryOptions codes=codes chosen=chosen />
            </select>
        </div>
        {heading.map(|heading| view! { <p class="visually-hidden" role="status">{heading}</p> })}
        <HelplineList helplines=helplines />
        <p><a href=api::HELP_PAGE_HREF rel="external">"All helplines on one page"</a></p>
    }
}

/// The directory that stands in the static page as well.
#[component]
fn WithoutServer() -> impl IntoView {
    view! {
        <p role="alert">"We could not load the helplines of your country."</p>
        <p>
            <a class="contact" href="https://findahelpline.com" target="_blank"
                rel="external noopener noreferrer">"findahelpline.com"</a>
            " lists free helplines in many countries. In immediate danger, call your local emergency number."
        </p>
    }
}
