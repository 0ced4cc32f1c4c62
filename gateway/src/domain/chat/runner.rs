//! Owns the tasks in which turns run. A turn goes on until it has stored what it has, also when the
//! browser leaves; leaving, deleting and draining stop it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::{Semaphore, mpsc};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

use super::{
    admission::{Admission, ClientKey, STREAMS_OF_A_SESSION, TokenBudgets},
    events::TurnEvent,
    sink::EventSink,
    turn::{Ask, Turn, TurnServices},
};
use crate::domain::{
    assessment::stream::AssessmentInput,
    ports::StoreError,
    session::{SessionId, SessionRecord},
};

/// Events that wait for a slow browser before the turn waits for it.
const EVENT_BUFFER: usize = 64;
/// How long a stopped turn may take to store what it has.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);
/// Context length that is assumed until the inference service has told its own.
const ASSUMED_CONTEXT: u32 = 2048;

/// Sizes of a turn in tokens.
#[derive(Debug, Clone, Copy)]
pub struct TurnLimits {
    /// Longest answer.
    pub answer_tokens: u32,
    /// Whether the model is asked for topic and severity beside the classifier.
    pub second_opinion: bool,
    /// What sessions and clients may spend.
    pub budgets: TokenBudgets,
}

impl TurnLimits {
    /// Tokens that the prompt may take.
    pub(crate) fn prompt_budget(self, context_length: Option<u32>) -> usize {
        let context = context_length.unwrap_or(ASSUMED_CONTEXT);
        usize::try_from(context.saturating_sub(self.answer_tokens)).unwrap_or_default()
    }
}

#[derive(Clone)]
struct SessionTurns {
    stop: CancellationToken,
    tasks: TaskTracker,
    streams: Arc<Semaphore>,
}

/// Starts turns and owns them until they end.
#[derive(Clone)]
pub struct TurnRunner {
    services: TurnServices,
    limits: TurnLimits,
    admission: Arc<Admission>,
    stop: CancellationToken,
    tasks: TaskTracker,
    sessions: Arc<Mutex<HashMap<SessionId, SessionTurns>>>,
}

impl TurnRunner {
    /// A runner without turns.
    #[must_use]
    pub fn new(services: TurnServices, limits: TurnLimits) -> Self {
        Self {
            services,
            limits,
            admission: Arc::new(Admission::new(limits.budgets)),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            sessions: Arc::default(),
        }
    }

    /// Answers a message. The receiver gets the events; dropping it stops the turn.
    #[must_use]
    pub fn answer(
        &self,
        session: SessionRecord,
        message: String,
        client: ClientKey,
    ) -> mpsc::Receiver<TurnEvent> {
        self.start(session, client, |turn| turn.run(Ask::Message(message)))
    }

    /// Takes a message whose session cannot be read at the moment, because of `error`.
    #[must_use]
    pub fn answer_unkept(
        &self,
        message: String,
        error: StoreError,
        client: ClientKey,
    ) -> mpsc::Receiver<TurnEvent> {
        self.start(SessionRecord::unknown(), client, |turn| {
            turn.run_unkept(message, error)
        })
    }

    /// Answers the last message once more.
    #[must_use]
    pub fn answer_again(
        &self,
        session: SessionRecord,
        client: ClientKey,
    ) -> mpsc::Receiver<TurnEvent> {
        self.start(session, client, |turn| turn.run(Ask::Again))
    }

    /// Makes an assessment.
    #[must_use]
    pub fn assess(
        &self,
        session: SessionRecord,
        input: AssessmentInput,
        client: ClientKey,
    ) -> mpsc::Receiver<TurnEvent> {
        self.start(session, client, |turn| turn.assess(input))
    }

    /// Forgets what sessions and clients spent that are long gone. Call now and then.
    pub fn forget_idle_budgets(&self) {
        self.admission.forget_idle();
    }

    fn start<F>(
        &self,
        session: SessionRecord,
        client: ClientKey,
        work: impl FnOnce(Turn) -> F,
    ) -> mpsc::Receiver<TurnEvent>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (sender, receiver) = mpsc::channel(EVENT_BUFFER);
        let id = session.access.id;
        let turns = self.turns_of(id);
        let work = work(Turn {
            services: self.services.clone(),
            limits: self.limits,
            session,
            sink: EventSink::new(sender),
            stop: turns.stop.clone(),
            client,
            admission: self.admission.clone(),
            streams: turns.streams.clone(),
            variant_id: Uuid::now_v7(),
        });
        let gauge = metrics::gauge!("gateway_open_streams");
        gauge.increment(1.0);
        let runner = self.clone();
        let tracked = turns
            .tasks
            .track_future(tracing::Instrument::in_current_span(work));
        self.tasks.spawn(async move {
            tracked.await;
            gauge.decrement(1.0);
            runner.forget_idle(id);
        });
        receiver
    }

    fn turns_of(&self, id: SessionId) -> SessionTurns {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions
            .entry(id)
            .or_insert_with(|| SessionTurns {
                stop: self.stop.child_token(),
                tasks: TaskTracker::new(),
                streams: Arc::new(Semaphore::new(STREAMS_OF_A_SESSION)),
            })
            .clone()
    }

    fn forget_idle(&self, id: SessionId) {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        if sessions
            .get(&id)
            .is_some_and(|turns| turns.tasks.is_empty())
        {
            sessions.remove(&id);
        }
    }

    /// Stops the turns of a session and waits until they have stored what they had, so that nothing
    /// is written after the person deleted it.
    pub async fn stop_session(&self, id: SessionId) {
        let turns = {
            let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
            sessions.remove(&id)
        };
        if let Some(turns) = turns {
            turns.stop.cancel();
            turns.tasks.close();
            let _ = tokio::time::timeout(STOP_TIMEOUT, turns.tasks.wait()).await;
        }
    }

    /// Waits for open turns, and stops those that are still open after `grace`.
    pub async fn drain(&self, grace: Duration) {
        self.tasks.close();
        if tokio::time::timeout(grace, self.tasks.wait())
            .await
            .is_err()
        {
            self.stop.cancel();
            let _ = tokio::time::timeout(STOP_TIMEOUT, self.tasks.wait()).await;
        }
    }
}
