//! One turn, readable top to bottom: read the conversation, guard the input, decide, answer with
//! reviewed words or with the model, store. A crisis never reaches the model and needs nothing but
//! this process.

use std::{sync::Arc, time::Duration};

use tokio::{sync::Semaphore, time::Instant};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    admission::{Admission, ClientKey},
    conversation::{earlier_messages, last_question, prior_turns},
    events::{TurnEnd, TurnError},
    pause,
    prompt::{self, PromptTurn},
    reply::{Reply, ReplyFrame},
    sink::EventSink,
};
use crate::domain::{
    content::{Content, prompts::Prompt},
    guardrails::{
        before::Before,
        decide::{Decision, Route, SafetyState},
        guard::{Guarded, InputGuard},
    },
    ports::{Classification, Store, StoreError, TextClassifier, TextGenerator},
    session::{Author, Completeness, NewMessage, SessionChange, SessionRecord},
};

pub use super::runner::{TurnLimits, TurnRunner};

/// How long somebody whose safety state is open waits for the model before the card comes back. A first sentence
/// takes two to three seconds of the small model on two cores.
const OPEN_STATE_PATIENCE: Duration = Duration::from_secs(6);

/// What a turn works with.
#[derive(Clone)]
pub struct TurnServices {
    /// Reviewed content.
    pub content: Arc<Content>,
    /// Conversations.
    pub store: Arc<dyn Store>,
    /// Labels texts.
    pub classifier: Arc<dyn TextClassifier>,
    /// Writes replies.
    pub generator: Arc<dyn TextGenerator>,
    /// Now, in milliseconds since the Unix epoch.
    pub now_ms: fn() -> i64,
}

/// What the person wants answered.
pub(crate) enum Ask {
    /// A new message.
    Message(String),
    /// The last message once more.
    Again,
}

/// One turn of one session.
pub(crate) struct Turn {
    pub(crate) services: TurnServices,
    pub(crate) limits: TurnLimits,
    pub(crate) session: SessionRecord,
    pub(crate) sink: EventSink,
    pub(crate) stop: CancellationToken,
    pub(crate) client: ClientKey,
    pub(crate) admission: Arc<Admission>,
    /// Streams of the model that this session may still open.
    pub(crate) streams: Arc<Semaphore>,
    /// The answer that this turn makes.
    pub(crate) variant_id: Uuid,
}

impl Turn {
    /// Runs to the end; every outcome is told through the sink.
    pub(crate) async fn run(mut self, ask: Ask) {
        if let Err(error) = self.answer(ask).await {
            tracing::warn!(%error, "a turn failed");
            self.sink.fail(error).await;
        }
    }

    /// A message whose session cannot be read at the moment: a crisis gets its card all the same, anything else
    /// the store's error.
    pub(crate) async fn run_unkept(mut self, message: String, error: StoreError) {
        let guarded = self
            .guard(&message, &Before::nothing(SafetyState::Clear))
            .await;
        if guarded.decision.route == Route::Crisis {
            self.show_crisis(Uuid::now_v7(), &guarded.decision).await;
        } else {
            self.sink.fail(error.into()).await;
        }
    }

    async fn answer(&mut self, ask: Ask) -> Result<(), TurnError> {
        let conversation = self.services.store.conversation(&self.session.access).await;
        let history = conversation.as_deref().unwrap_or_default();
        let (turn_id, message, is_new) = match ask {
            Ask::Message(message) => (Uuid::now_v7(), message, true),
            Ask::Again => {
                let last = last_question(history).ok_or(TurnError::NothingToRegenerate)?;
                (last.turn_id, last.text.clone(), false)
            }
        };
        let before = Before {
            state: SafetyState::from_level(self.session.safety),
            earlier: earlier_messages(history, turn_id),
        };
        let Guarded {
            decision, labels, ..
        } = self.guard(&message, &before).await;
        if decision.route == Route::Crisis {
            self.crisis(turn_id, &message, is_new, &decision).await;
            return Ok(());
        }
        let conversation = conversation?;
        let history = prior_turns(&conversation, turn_id);
        self.keep_question(turn_id, &message, is_new, &decision)
            .await?;
        if decision.route.is_open_to_model() {
            let times: Vec<i64> = conversation.iter().map(|message| message.at_ms).collect();
            self.sink.take_a_break = pause::is_due(&times, (self.services.now_ms)());
            let mood = mood(labels.as_ref());
            self.reply(turn_id, message, history, (decision, mood))
                .await
        } else {
            self.say_reviewed(turn_id, &decision).await
        }
    }

    /// Rules always decide; the classifier adds what it knows, when it can be asked.
    pub(crate) async fn guard(&self, message: &str, before: &Before) -> Guarded {
        let guard = InputGuard::new(
            self.services.content.clone(),
            self.services.classifier.clone(),
        );
        let guarded = guard.read(message, before).await;
        metrics::counter!("gateway_guard_routes_total", "route" => guarded.decision.route.code())
            .increment(1);
        guarded
    }

    /// Stores the safety state before anything else: it must survive whatever comes next.
    pub(crate) async fn keep_question(
        &self,
        turn_id: Uuid,
        message: &str,
        is_new: bool,
        decision: &Decision,
    ) -> Result<(), StoreError> {
        if decision.is_clarified() {
            let from = SafetyState::Crisis.level();
            let to = decision.next_state.level();
            self.services
                .store
                .settle_safety(self.session.access.id, from, to)
                .await?;
        }
        self.services
            .store
            .raise_safety(self.session.access.id, decision.next_state.level())
            .await?;
        if is_new {
            let question = NewMessage {
                turn_id,
                variant_id: None,
                author: Author::Person,
                text: message.to_owned(),
                completeness: Completeness::Complete,
                route: decision.route.code().to_owned(),
                card: None,
                at_ms: (self.services.now_ms)(),
            };
            self.services
                .store
                .append_message(&self.session.access, &question)
                .await?;
        }
        Ok(())
    }

    pub(crate) async fn keep_change(&self, change: SessionChange) -> Result<(), StoreError> {
        let access = &self.session.access;
        self.services.store.change_session(access, change).await?;
        Ok(())
    }

    async fn reply(
        &mut self,
        turn_id: Uuid,
        message: String,
        history: Vec<PromptTurn>,
        (decision, mood): (Decision, Option<&str>),
    ) -> Result<(), TurnError> {
        let context_length = self.services.generator.context_length().await;
        let budget = self.limits.prompt_budget(context_length);
        let prompts = &self.services.content.prompts;
        let frame = self.frame(&decision, &prompts.companion, mood);
        let system = prompt::fill(&frame.text, &self.person());
        let messages = prompt::build(&system, &history, &message, budget);
        let frame = ReplyFrame {
            turn_id,
            route: decision.route,
            reasons: decision.reasons.clone(),
            prompt_hash: frame.hash,
            system,
            topic: self.topic().to_owned(),
            stored: true,
            recheck: self.recheck(&decision),
        };
        Reply { turn: self, frame }.stream(messages).await
    }

    /// The frame for what is known of the person: `usual`, or the gentle one for distress.
    pub(crate) fn frame(&self, decision: &Decision, usual: &Prompt, mood: Option<&str>) -> Prompt {
        let prompts = &self.services.content.prompts;
        let base = if decision.route == Route::Support {
            &prompts.support
        } else {
            usual
        };
        let person = self.person();
        prompts
            .manner
            .frame(base, person.topic, person.severity, mood)
    }

    /// Until when somebody whose safety state is open waits for the model's first words.
    pub(crate) fn patience(&self) -> Option<Instant> {
        let is_open = SafetyState::from_level(self.session.safety) >= SafetyState::Crisis;
        is_open.then(|| Instant::now() + OPEN_STATE_PATIENCE)
    }

    pub(crate) fn topic(&self) -> &str {
        self.session
            .assessment
            .as_ref()
            .map_or("other", |(topic, _)| topic.as_str())
    }

    /// What the prompt may say about the person.
    pub(crate) fn person(&self) -> prompt::Person<'_> {
        let severity = self
            .session
            .assessment
            .as_ref()
            .map(|(_, severity)| severity.as_str());
        prompt::Person {
            name: &self.session.name,
            topic: self.topic(),
            severity: severity.unwrap_or("mild"),
        }
    }

    pub(crate) fn companion_message(
        &self,
        turn_id: Uuid,
        decision: &Decision,
        text: String,
        completeness: Completeness,
    ) -> NewMessage {
        NewMessage {
            turn_id,
            variant_id: Some(self.variant_id),
            author: Author::Companion,
            text,
            completeness,
            route: decision.route.code().to_owned(),
            card: None,
            at_ms: (self.services.now_ms)(),
        }
    }

    pub(crate) async fn finish(&mut self, route: Route, end: TurnEnd, usage: (u32, u32)) {
        metrics::counter!(
            "gateway_chat_turns_total", "route" => route.code(), "finish" => end.code()
        )
        .increment(1);
        self.sink.done(end, usage).await;
    }
}

/// What the classifier says of a message's mood.
pub(crate) fn mood(labels: Option<&Classification>) -> Option<&str> {
    Some(labels?.get("mood")?.label.as_str())
}
