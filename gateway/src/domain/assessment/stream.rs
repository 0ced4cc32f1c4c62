//! The screening as a turn: score the answers and the person's own words, tell the result with
//! reviewed guidance, and let the model say it in a tailored way. Everything before the model's
//! words works without the model and without the classifier.

use uuid::Uuid;

use super::{guidance, score, second_opinion};
use crate::domain::{
    chat::{
        events::{TurnEnd, TurnError, TurnEvent},
        prompt,
        reply::{Reply, ReplyFrame},
        turn::{Turn, mood},
    },
    guardrails::{
        before::Before,
        decide::{Decision, Route, SafetyState},
    },
    ports::Classification,
    questionnaire::{self, Flag},
    session::SessionChange,
};

/// What the model is asked when the person added no question.
const DEFAULT_QUESTION: &str = "What does this result mean for me, and what small thing could I \
                                do today?";

/// What a person adds to the answers.
pub struct AssessmentInput {
    /// A question in their own words.
    pub query: Option<String>,
}

impl Turn {
    /// Runs to the end; every outcome is told through the sink.
    pub(crate) async fn assess(mut self, input: AssessmentInput) {
        if let Err(error) = self.screen(input).await {
            tracing::warn!(%error, "an assessment failed");
            self.sink.fail(error).await;
        }
    }

    async fn screen(&mut self, input: AssessmentInput) -> Result<(), TurnError> {
        let turn_id = Uuid::now_v7();
        let query = input.query.as_deref();
        let (decision, labels) = self.guard_assessment(query).await;
        let mut labels: Vec<Classification> = labels.into_iter().collect();
        let classifier_used = !labels.is_empty();
        self.ask_model_too(query, &decision, &mut labels).await;
        let content = self.services.content.clone();
        let score = score::assess(
            &content.questionnaire,
            &self.session.answers,
            labels.first(),
        );
        let chosen = (score.topic.label.clone(), score.severity.label.clone());
        let guidance = guidance::choose(&content.guidance, &chosen.0, &chosen.1);
        let change = SessionChange::Assessment(chosen.0, chosen.1);
        self.session.apply(change.clone());

        // Nobody is left to be told when this fails; the result is kept all the same.
        let _ = self
            .sink
            .send(TurnEvent::Classification {
                score,
                classifier_used,
            })
            .await;
        let _ = self.sink.send(TurnEvent::Guidance(guidance)).await;
        if decision.route == Route::Crisis {
            let words = query.unwrap_or_default();
            self.crisis(turn_id, words, query.is_some(), &decision)
                .await;
            self.keep_change(change).await?;
            return Ok(());
        }
        self.keep_change(change).await?;
        self.keep_question(
            turn_id,
            query.unwrap_or_default(),
            query.is_some(),
            &decision,
        )
        .await?;
        if decision.route.is_open_to_model() {
            let mood = mood(labels.first());
            self.tailored(turn_id, query, (decision, mood)).await
        } else {
            self.say_reviewed(turn_id, &decision).await
        }
    }

    /// A second opinion on the person's words, where it is switched on. What is a crisis or is declined never
    /// gets here, and a model that cannot be asked changes nothing.
    async fn ask_model_too(
        &self,
        query: Option<&str>,
        decision: &Decision,
        labels: &mut Vec<Classification>,
    ) {
        let may_ask = decision.route.is_open_to_model();
        let Some(query) = query.filter(|_| may_ask && self.limits.second_opinion) else {
            return;
        };
        let generator = self.services.generator.as_ref();
        let budget = self.limits.prompt_budget(generator.context_length().await);
        let prompts = &self.services.content.prompts;
        let mut found = labels.pop().unwrap_or_default();
        if let Err(error) = second_opinion::add(generator, prompts, query, budget, &mut found).await
        {
            tracing::warn!(%error, "an assessment without a second opinion");
        }
        if !found.is_empty() {
            labels.push(found);
        }
    }

    /// The decision on the person's words, raised by what the answers say, and the classifier's labels.
    async fn guard_assessment(&self, query: Option<&str>) -> (Decision, Option<Classification>) {
        let state = SafetyState::from_level(self.session.safety);
        let (mut decision, labels) = match query {
            Some(query) => {
                let guarded = self.guard(query, &Before::nothing(state)).await;
                (guarded.decision, guarded.labels)
            }
            // Nothing was said, so there is nothing to check again.
            None => {
                let decision = Decision {
                    next_state: state,
                    ..Decision::answer()
                };
                (decision, None)
            }
        };
        let questionnaire = &self.services.content.questionnaire;
        match questionnaire::highest_flag(questionnaire, &self.session.answers) {
            Some(Flag::Crisis) => decision.escalate(Route::Crisis, "answers-crisis"),
            Some(Flag::Distress) => decision.escalate(Route::Support, "answers-distress"),
            None => {}
        }
        (decision, labels)
    }

    async fn tailored(
        &mut self,
        turn_id: Uuid,
        query: Option<&str>,
        (decision, mood): (Decision, Option<&str>),
    ) -> Result<(), TurnError> {
        let content = self.services.content.clone();
        let frame = self.frame(&decision, &content.prompts.assessment, mood);
        let system = prompt::fill(&frame.text, &self.person());
        let budget = self
            .limits
            .prompt_budget(self.services.generator.context_length().await);
        let messages = prompt::build(&system, &[], query.unwrap_or(DEFAULT_QUESTION), budget);
        let frame = ReplyFrame {
            turn_id,
            route: decision.route,
            reasons: decision.reasons.clone(),
            prompt_hash: frame.hash,
            system,
            topic: self.topic().to_owned(),
            stored: query.is_some(),
            recheck: self.recheck(&decision),
        };
        match (Reply { turn: self, frame }).stream(messages).await {
            // The result has been told; a busy model must not turn it into a failure.
            Err(error @ (TurnError::Peer(_) | TurnError::Refused(_))) => {
                tracing::warn!(%error, "an assessment without tailored words");
                self.finish(Route::Answer, TurnEnd::Guarded, (0, 0)).await;
                Ok(())
            }
            other => other,
        }
    }
}
