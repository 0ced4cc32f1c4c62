//! People who listen, and how to reach them. In: helplines from the content. Out: links that
//! call, text or open; no number is made here.

use api_types::{Helpline, HelplineContact};
use leptos::prelude::*;

use super::country_name;

/// One card for each service.
#[component]
pub(crate) fn HelplineList(
    /// In the order of the server: the person's country first.
    helplines: Vec<Helpline>,
) -> impl IntoView {
    let cards = helplines
        .into_iter()
        .map(|helpline| view! { <HelplineCard helpline=helpline /> });
    view! { <ul class="helplines">{cards.collect_view()}</ul> }
}

#[component]
fn HelplineCard(helpline: Helpline) -> impl IntoView {
    let place = if helpline.country == "INTL" {
        "Worldwide".to_owned()
    } else {
        country_name(&helpline.country)
    };
    let contacts = helpline
        .contacts
        .into_iter()
        .map(|contact| view! { <Contact contact=contact /> });
    let checked = match helpline.verified_at {
        Some(date) => format!("Checked on {}", date.get(..10).unwrap_or(&date)),
        None => "Not checked live yet. If it does not answer, try the next one.".to_owned(),
    };
    view! {
        <li class="helpline">
            <p class="helpline__place">{place}</p>
            <h3 class="helpline__name">{helpline.name}</h3>
            <p class="helpline__about">{helpline.description}</p>
            <div class="helpline__contacts">{contacts.collect_view()}</div>
            <p class="helpline__checked">{checked}</p>
        </li>
    }
}

#[component]
fn Contact(contact: HelplineContact) -> impl IntoView {
    // A page of somebody else opens beside this one, and does not learn where the person came from.
    let (target, rel) = if contact.kind == "web" {
        (Some("_blank"), "external noopener noreferrer")
    } else {
        (None, "external")
    };
    view! { <a class="contact" href=contact.href target=target rel=rel>{contact.label}</a> }
}
