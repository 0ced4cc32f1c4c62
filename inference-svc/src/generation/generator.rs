//! Takes a conversation in, checks it, gives it a place, and hands back the stream of its reply. The
//! work itself is one task per request (`drive`), owned here.

use std::sync::Arc;

use tokio::{
    sync::{Semaphore, mpsc},
    task,
    time::Instant,
};
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::{TaskTracker, task_tracker::TaskTrackerToken},
};
use tracing::Instrument;

use super::{
    Engine, Event, GenerationError, Limits, Message, ModelInfo, SamplingRequest,
    admission::Admission, drive, prompt,
};

/// The stream of one reply. Dropping it ends the generation.
#[derive(Debug)]
pub struct Reply {
    /// Events in order; after an error or `Finished` it is closed.
    pub events: mpsc::Receiver<Result<Event, GenerationError>>,
    _cancel_on_drop: DropGuard,
    _open: TaskTrackerToken,
}

/// Runs replies on one engine.
pub struct Generator {
    engine: Arc<dyn Engine>,
    limits: Limits,
    admission: Admission,
    leaving: Arc<Semaphore>,
    tasks: TaskTracker,
    open_replies: TaskTracker,
    draining: CancellationToken,
    abort: CancellationToken,
}

impl Generator {
    /// A generator with nothing running.
    #[must_use]
    pub fn new(engine: Arc<dyn Engine>, limits: Limits) -> Self {
        Self {
            engine,
            admission: Admission::new(limits.max_running, limits.max_waiting),
            leaving: Arc::new(Semaphore::new(limits.max_running)),
            limits,
            tasks: TaskTracker::new(),
            open_replies: TaskTracker::new(),
            draining: CancellationToken::new(),
            abort: CancellationToken::new(),
        }
    }

    /// What is loaded.
    #[must_use]
    pub fn model(&self) -> &ModelInfo {
        self.engine.model()
    }

    /// The bounds in force.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Who runs and who waits.
    #[must_use]
    pub fn admission(&self) -> &Admission {
        &self.admission
    }

    /// Starts a reply. Refusals come at once; waiting for a sequence is part of the stream.
    ///
    /// # Errors
    /// The request is invalid or too long, everything is taken, or the service is draining.
    pub async fn generate(
        &self,
        messages: Vec<Message>,
        sampling: SamplingRequest,
        deadline: Option<Instant>,
    ) -> Result<Reply, GenerationError> {
        if self.draining.is_cancelled() {
            return Err(GenerationError::ShuttingDown);
        }
        let arrived = Instant::now();
        let longest = arrived + self.limits.max_duration;
        let deadline = deadline.map_or(longest, |deadline| deadline.min(longest));
        let mut sampling = sampling.validate()?;
        prompt::validate(&messages)?;
        // Before tokenising, so that nobody can queue up more of that than of anything else.
        let ticket = self.admission.enter()?;
        let prompt = self.encode(messages).await?;
        let prompt_tokens = count(prompt.len());
        let context_length = self.model().context_length;
        if prompt_tokens >= context_length {
            return Err(GenerationError::PromptTooLong {
                prompt_tokens,
                context_length,
            });
        }
        sampling.max_tokens = sampling.max_tokens.min(context_length - prompt_tokens);

        // One place more than the buffer: the last event always has room.
        let (events, receiver) = mpsc::channel(self.limits.reader_buffer + 1);
        let last = events
            .clone()
            .try_reserve_owned()
            .map_err(|_| GenerationError::EngineFailed)?;
        let cancel = CancellationToken::new();
        let request = drive::Request {
            engine: Arc::clone(&self.engine),
            leaving: Arc::clone(&self.leaving),
            buffer: self.limits.reader_buffer,
            stall: self.limits.stall,
            prompt,
            prompt_tokens,
            sampling,
            arrived,
            deadline,
            cancel: cancel.clone(),
            abort: self.abort.clone(),
        };
        let work = drive::run(request, ticket, events, last);
        self.tasks.spawn(work.in_current_span());
        Ok(Reply {
            events: receiver,
            _cancel_on_drop: cancel.drop_guard(),
            _open: self.open_replies.token(),
        })
    }

    /// Tokens that the conversation takes once rendered.
    ///
    /// # Errors
    /// The conversation is invalid, or the service is too busy to tokenise it.
    pub async fn count_tokens(&self, messages: Vec<Message>) -> Result<u32, GenerationError> {
        prompt::validate(&messages)?;
        Ok(count(self.encode(messages).await?.len()))
    }

    async fn encode(&self, messages: Vec<Message>) -> Result<Vec<u32>, GenerationError> {
        let engine = Arc::clone(&self.engine);
        let encoded = task::spawn_blocking(move || engine.encode(&messages)).await;
        match encoded {
            Ok(Ok(tokens)) => Ok(tokens),
            Ok(Err(error)) => {
                tracing::warn!(%error, "the chat template refused a conversation");
                Err(GenerationError::Invalid {
                    field: "messages",
                    reason: "cannot be rendered by the model's chat template",
                })
            }
            Err(_) => {
                tracing::error!("tokenising panicked");
                Err(GenerationError::EngineFailed)
            }
        }
    }

    /// Takes no more requests and waits until every reply is generated and read.
    pub async fn drain(&self) {
        self.draining.cancel();
        self.tasks.close();
        self.open_replies.close();
        self.tasks.wait().await;
        self.open_replies.wait().await;
    }

    /// Ends every reply now.
    pub fn abort(&self) {
        self.draining.cancel();
        self.abort.cancel();
    }
}

fn count(tokens: usize) -> u32 {
    u32::try_from(tokens).unwrap_or(u32::MAX)
}
