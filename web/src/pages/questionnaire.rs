//! The questionnaire: loads it with the answers so far, and keeps the server up to date with
//! every tap.

use api_types::{AnswersRequest, Problem, Questionnaire};
use leptos::{prelude::*, task::spawn_local};

use super::{
    gate::{SessionGate, left_for_welcome},
    questionnaire_steps::Steps,
};
use crate::{
    api,
    components::{Loading, PageHeading, ProblemNotice},
    state::{Answers, Pending, SessionState, known_answers},
};

/// What the questionnaire page keeps.
#[derive(Clone, Copy)]
pub(crate) struct Form {
    pub(crate) questionnaire: RwSignal<Option<Questionnaire>>,
    pub(crate) answers: RwSignal<Answers>,
    pub(crate) pending: RwSignal<Pending>,
    pub(crate) problem: RwSignal<Option<Problem>>,
    session: SessionState,
}

/// `/questionnaire`.
#[component]
pub(crate) fn QuestionnairePage() -> impl IntoView {
    view! {
        <PageHeading title="Questions">"A few questions about you"</PageHeading>
        <p class="page__lead">"There are no wrong answers. Questions with a star are needed for the result."</p>
        <SessionGate><Loaded /></SessionGate>
    }
}

#[component]
fn Loaded() -> impl IntoView {
    let form = Form {
        questionnaire: RwSignal::new(None),
        answers: RwSignal::default(),
        pending: RwSignal::default(),
        problem: RwSignal::new(None),
        session: expect_context(),
    };
    load(form);
    let reload = Callback::new(move |()| load(form));
    move || match (form.questionnaire.get(), form.problem.get()) {
        (_, Some(problem)) => {
            view! { <ProblemNotice problem=problem on_retry=reload /> }.into_any()
        }
        (Some(questionnaire), None) => {
            view! { <Steps questionnaire=questionnaire form=form /> }.into_any()
        }
        (None, None) => view! { <Loading text="Loading the questions…" /> }.into_any(),
    }
}

fn load(form: Form) {
    form.problem.set(None);
    spawn_local(async move {
        let status = api::session_status().await;
        let questionnaire = api::questionnaire().await;
        match (status, questionnaire) {
            (Ok(status), Ok(questionnaire)) => {
                form.answers
                    .try_set(known_answers(&questionnaire, &status.answers));
                form.questionnaire.try_set(Some(questionnaire));
            }
            (Err(error), _) | (_, Err(error)) => {
                if !left_for_welcome(form.session, &error) {
                    form.problem.try_set(Some(error.into_problem()));
                }
            }
        }
    });
}

impl Form {
    /// Notes a changed answer and sends it.
    pub(crate) fn change(self, question_id: &str, chosen: Vec<String>) {
        self.answers.update(|answers| {
            answers.insert(question_id.to_owned(), chosen.clone());
        });
        self.pending
            .update(|pending| pending.change(question_id, chosen));
        self.save();
    }

    /// Sends what waits, one request at a time, until nothing waits or a request fails.
    pub(crate) fn save(self) {
        // Taken at once, so that an earlier failure is over as soon as there is another try.
        let mut next = self.take();
        spawn_local(async move {
            while let Some(request) = next {
                match api::save_answers(&request).await {
                    Ok(progress) => {
                        self.pending.try_update(Pending::sent);
                        self.session
                            .note(|status| status.answers_complete = progress.complete);
                    }
                    Err(error) => {
                        self.pending
                            .try_update(|pending| pending.not_sent(request.answers));
                        return self.not_saved(error);
                    }
                }
                next = self.take();
            }
        });
    }

    fn take(self) -> Option<AnswersRequest> {
        let answers = self.pending.try_update(Pending::take).flatten()?;
        let version = self.version();
        Some(AnswersRequest { version, answers })
    }

    fn not_saved(self, error: api::ApiError) {
        if left_for_welcome(self.session, &error) {
            return;
        }
        // Answers to an older questionnaire are refused; loading again brings the current one.
        if error.conflict() {
            self.pending.try_set(Pending::default());
            self.problem.try_set(Some(error.into_problem()));
        }
    }

    fn version(self) -> String {
        let version = self.questionnaire.try_with_untracked(|questionnaire| {
            questionnaire
                .as_ref()
                .map(|questionnaire| questionnaire.version.clone())
        });
        version.flatten().unwrap_or_default()
    }
}
