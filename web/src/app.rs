//! The frame around every page: contexts, header, routes, the help dialog and "Leave now".

use leptos::prelude::*;
use leptos_router::{
    components::{FlatRoutes, Route, Router},
    path,
};

use crate::{
    api,
    components::{Footer, SkipLink},
    pages::{
        ChatPage, DataPage, HelpDialog, InsightsPage, LeftPage, NeutralPage, NotFoundPage,
        PageHeader, PlanPage, QuestionPage, QuestionnairePage, RecoverPage, ResultPage,
        TrainingDataPage, WelcomePage, find_session,
    },
    state::{AssessmentState, ChatState, Leaving, Overlay, SessionState, ThemeState},
};

/// The whole application.
#[component]
pub(crate) fn App() -> impl IntoView {
    let session = SessionState::new();
    let leaving = RwSignal::new(Leaving::No);
    provide_context(session);
    provide_context(AssessmentState::new());
    provide_context(ChatState::new());
    provide_context(Overlay::new());
    provide_context(ThemeState::from_browser());
    provide_context(leaving);
    find_session(session);
    view! {
        <Show
            when=move || leaving.get() == Leaving::No
            fallback=|| view! { <NeutralPage /> }
        >
            <Pages />
        </Show>
    }
}

#[component]
fn Pages() -> impl IntoView {
    view! {
        <Router>
            <FlatRoutes fallback=|| view! { <Frame><NotFoundPage /></Frame> }>
                <Route path=path!("/") view=|| view! { <Frame><WelcomePage /></Frame> } />
                <Route path=path!("/questionnaire") view=|| view! { <Frame><QuestionnairePage /></Frame> } />
                <Route path=path!("/question") view=|| view! { <Frame><QuestionPage /></Frame> } />
                <Route path=path!("/result") view=|| view! { <Frame><ResultPage /></Frame> } />
                <Route path=path!("/chat") view=|| view! { <Frame><ChatPage /></Frame> } />
                <Route path=path!("/plan") view=|| view! { <Frame><PlanPage /></Frame> } />
                <Route path=path!("/insights") view=|| view! { <Frame><InsightsPage /></Frame> } />
                <Route path=path!("/insights/data") view=|| view! { <Frame><TrainingDataPage /></Frame> } />
                <Route path=path!("/data") view=|| view! { <Frame><DataPage /></Frame> } />
                <Route path=path!("/recover") view=|| view! { <Frame><RecoverPage /></Frame> } />
                <Route path=path!("/left") view=LeftPage />
            </FlatRoutes>
        </Router>
    }
}

/// Header, page and footer; the page that is left behind has none of them.
#[component]
fn Frame(children: Children) -> impl IntoView {
    let session = expect_context::<SessionState>();
    view! {
        <SkipLink />
        <PageHeader />
        <main id="main" class="page" tabindex="-1">{children()}</main>
        <Footer help_page=api::HELP_PAGE_HREF signed_in=Signal::derive(move || session.is_here()) />
        <HelpDialog />
    }
}
