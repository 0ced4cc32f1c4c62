//! The crisis card: reviewed words, what to do now, and people to reach. All three come from the
//! server's content; nothing here is written by a model.

use api_types::CrisisEvent;
use leptos::prelude::*;
use leptos_router::components::A;

use super::HelplineList;

/// Announced at once, and never covered by anything else.
#[component]
pub(crate) fn CrisisCard(
    /// What the server sent.
    crisis: CrisisEvent,
) -> impl IntoView {
    let steps = crisis
        .safety_steps
        .into_iter()
        .map(|step| view! { <li>{step}</li> });
    view! {
        <section class="crisis" role="alert" data-testid="crisis-card">
            <h2 class="crisis__title">"You do not have to carry this alone"</h2>
            <p class="crisis__message">{crisis.message}</p>
            <h3>"What you can do right now"</h3>
            <ol class="crisis__steps">{steps.collect_view()}</ol>
            <h3>"People who listen"</h3>
            <HelplineList helplines=crisis.helplines />
            <p class="crisis__plan">
                <A href="/plan" attr:data-testid="to-plan">"Write a safety plan in your own words"</A>
                " for moments like this. A person you trust can read it with you."
            </p>
        </section>
    }
}
