//! The first page: what this is, what it is not, what happens to words, and the form.

use leptos::prelude::*;
use leptos_router::components::A;

use super::{gate::NobodyYet, welcome_form::WelcomeFormSection};
use crate::{
    components::PageHeading,
    state::{Presence, SessionState},
};

/// Greets a person who comes back and leads on.
#[component]
pub(crate) fn WelcomePage() -> impl IntoView {
    let session = expect_context::<SessionState>();
    let start = move || match session.presence.get() {
        Presence::Unknown | Presence::Unreachable(_) => {
            view! { <NobodyYet session=session /> }.into_any()
        }
        Presence::Missing => view! { <NewHere /> }.into_any(),
        Presence::Here(status) => {
            let next = next_page(status.answers_complete, status.assessed);
            view! { <WelcomeBack name=status.session.name next=next /> }.into_any()
        }
    };
    view! {
        <div class="welcome">
            <section class="hero">
                <p class="hero__kicker">"For you, if social media hurts"</p>
                <PageHeading title="Welcome">"Take a breath. Let’s look at it together."</PageHeading>
                <p class="hero__lead">
                    "Digital Detox helps you see what is going on, whether it is bullying, \
                    not being able to stop scrolling, or feeling alone, and what can help."
                </p>
                <ul class="facts">
                    <li><strong>"I am an AI, not a therapist."</strong>" No human reads along."</li>
                    <li><strong>"Your words stay here."</strong>
                        " They are kept for this session only, unless you choose otherwise, and never go to another company."</li>
                    <li><strong>"Your words are stored locked."</strong>
                        " Only this browser (and the recovery words, if you make them) can open them. \
                        The server reads them while it answers."</li>
                    <li><strong>"You can leave at any time."</strong>
                        " “Leave now” deletes everything about you at once."</li>
                </ul>
            </section>
            <div class="welcome__start">{start}</div>
            <HowItWorks />
        </div>
    }
}

/// Where a person goes on.
pub(super) fn next_page(answers_complete: bool, assessed: bool) -> &'static str {
    match (answers_complete, assessed) {
        (_, true) => "/chat",
        (true, false) => "/question",
        (false, false) => "/questionnaire",
    }
}

/// New, or new in this browser.
#[component]
fn NewHere() -> impl IntoView {
    view! {
        <WelcomeFormSection />
        <A href="/recover" attr:class="button button--quiet" attr:data-testid="to-recover">"I have recovery words"</A>
    }
}

#[component]
fn WelcomeBack(name: String, next: &'static str) -> impl IntoView {
    view! {
        <section class="card card--raised">
            <h2>"Hi "{name}", good to see you"</h2>
            <p>"You can go on where you stopped."</p>
            <A href=next attr:class="button button--primary" attr:data-testid="continue">"Continue"</A>
        </section>
    }
}

#[component]
fn HowItWorks() -> impl IntoView {
    view! {
        <section class="how" aria-labelledby="how-title">
            <h2 id="how-title">"How it works"</h2>
            <ol class="how__steps">
                <li><h3>"Answer a few questions"</h3><p>"Tap, no typing. About five minutes, and you can pause."</p></li>
                <li><h3>"See what stands out"</h3><p>"A screening, not a diagnosis, with the reasons shown and steps that help."</p></li>
                <li><h3>"Talk it through"</h3><p>"Chat about it at your own pace, for as long as it is useful."</p></li>
            </ol>
        </section>
    }
}

#[cfg(test)]
mod tests {
    use super::next_page;

    #[test]
    fn a_person_who_comes_back_goes_on_where_they_stopped() {
        assert_eq!(next_page(false, false), "/questionnaire");
        assert_eq!(next_page(true, false), "/question");
        assert_eq!(next_page(true, true), "/chat");
    }
}
