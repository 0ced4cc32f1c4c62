//! One reply from its ticket to its last event. Whatever ends it - the model, the caller, a deadline,
//! a slow reader, the engine - the slot is free within a second and the engine is asked to stop.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{Semaphore, mpsc},
    time::{Instant, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{
    Chunk, EndReason, Engine, Event, GenerationError, Sampling, Sequence,
    admission::{Slot, Ticket},
    metrics,
    text::StopFilter,
};

/// How long a slot stays taken while the engine ends an abandoned sequence. It notices at its next
/// token, so only a long prefill takes longer.
const RELEASE_WITHIN: Duration = Duration::from_millis(750);

type Events = mpsc::Sender<Result<Event, GenerationError>>;
type LastEvent = mpsc::OwnedPermit<Result<Event, GenerationError>>;

/// Everything about one request that does not change.
pub(super) struct Request {
    pub(super) engine: Arc<dyn Engine>,
    /// Places for abandoned sequences that gave up their slot before the engine ended them.
    pub(super) leaving: Arc<Semaphore>,
    pub(super) buffer: usize,
    pub(super) stall: Duration,
    pub(super) prompt: Vec<u32>,
    pub(super) prompt_tokens: u32,
    pub(super) sampling: Sampling,
    pub(super) arrived: Instant,
    pub(super) deadline: Instant,
    pub(super) cancel: CancellationToken,
    pub(super) abort: CancellationToken,
}

/// What is held while a reply runs; it outlives the work so that it is released in order.
#[derive(Default)]
struct Held {
    slot: Option<Slot>,
    sequence: Option<Sequence>,
    completion_tokens: u32,
}

/// Runs one reply and releases what it held.
#[tracing::instrument(
    name = "generate",
    skip_all,
    fields(prompt_tokens = request.prompt_tokens, completion_tokens, outcome)
)]
pub(super) async fn run(request: Request, ticket: Ticket, events: Events, last: LastEvent) {
    let mut held = Held::default();
    let outcome = tokio::select! {
        biased;
        () = request.cancel.cancelled() => Err(GenerationError::Cancelled),
        () = request.abort.cancelled() => Err(GenerationError::ShuttingDown),
        () = sleep_until(request.deadline) => Err(GenerationError::DeadlineExceeded),
        outcome = stream(&request, ticket, &events, &mut held) => outcome,
    };
    let label = label(&outcome);
    let span = tracing::Span::current();
    span.record("completion_tokens", held.completion_tokens);
    span.record("outcome", label);
    let took = request.arrived.elapsed();
    metrics::ended(label, took, request.prompt_tokens, held.completion_tokens);
    tracing::info!(
        prompt_tokens = request.prompt_tokens,
        completion_tokens = held.completion_tokens,
        duration_ms = millis(took),
        outcome = label,
        "reply ended"
    );
    last.send(outcome);
    drop(events);
    release(held, &request.leaving).await;
}

async fn stream(
    request: &Request,
    ticket: Ticket,
    events: &Events,
    held: &mut Held,
) -> Result<Event, GenerationError> {
    held.slot = Some(ticket.admitted().await);
    let admitted = Instant::now();
    let started = request
        .engine
        .start(request.prompt.clone(), &request.sampling)
        .await;
    let sequence = started.map_err(|error| {
        tracing::error!(%error, "the engine took no request");
        GenerationError::EngineFailed
    })?;
    let sequence = held.sequence.insert(sequence);
    send(
        events,
        request.buffer,
        Event::Started {
            queued: admitted - request.arrived,
            prompt_tokens: request.prompt_tokens,
        },
    )?;

    let mut filter = StopFilter::new(request.sampling.stop.clone());
    let mut timing = Timing::new(admitted);
    loop {
        // Prefill takes as long as the prompt is; only the deadline bounds it.
        let chunk = if timing.first.is_some() {
            timeout(request.stall, sequence.chunks.recv())
                .await
                .map_err(|_| GenerationError::EngineStalled(request.stall))?
        } else {
            sequence.chunks.recv().await
        };
        let (text, tokens, mut end) = match chunk {
            Some(Chunk::Text { text, tokens }) => {
                timing.token();
                let filtered = filter.push(&text);
                (
                    filtered.text,
                    tokens,
                    filtered.stopped.then_some(EndReason::Stop),
                )
            }
            Some(Chunk::Ended { reason, tokens }) => (filter.finish(), tokens, Some(reason)),
            Some(Chunk::Failed) | None => return Err(GenerationError::EngineFailed),
        };
        held.completion_tokens = tokens;
        if !text.is_empty() {
            send(events, request.buffer, Event::Delta(text))?;
        }
        if let Some(reason) = end.take() {
            return Ok(Event::Finished {
                reason,
                prompt_tokens: request.prompt_tokens,
                completion_tokens: tokens,
                time_to_first_token: timing.time_to_first_token(),
                total: admitted.elapsed(),
            });
        }
    }
}

/// Never waits: a full buffer means that the reader is too slow, and it is cut off.
fn send(events: &Events, buffer: usize, event: Event) -> Result<(), GenerationError> {
    events.try_send(Ok(event)).map_err(|error| match error {
        mpsc::error::TrySendError::Full(_) => GenerationError::ReaderBehind(buffer),
        mpsc::error::TrySendError::Closed(_) => GenerationError::Cancelled,
    })
}

/// Gives the slot back as soon as the engine has ended the sequence, or after
/// [`RELEASE_WITHIN`] while the sequence is drained on. So that nobody can fill the engine with
/// abandoned prefills, there are only so many places for the latter.
async fn release(mut held: Held, leaving: &Arc<Semaphore>) {
    let Some(mut sequence) = held.sequence.take() else {
        return;
    };
    sequence.stop.cancel();
    if timeout(RELEASE_WITHIN, ended(&mut sequence)).await.is_ok() {
        return;
    }
    if let Ok(_place) = leaving.try_acquire() {
        held.slot = None;
        ended(&mut sequence).await;
    } else {
        ended(&mut sequence).await;
    }
}

/// Reads what is left of a sequence. The engine closes the channel when it is over or given up.
async fn ended(sequence: &mut Sequence) {
    while sequence.chunks.recv().await.is_some() {}
}

/// When tokens came.
struct Timing {
    admitted: Instant,
    first: Option<Instant>,
    last: Instant,
}

impl Timing {
    fn new(admitted: Instant) -> Self {
        Self {
            admitted,
            first: None,
            last: admitted,
        }
    }

    fn token(&mut self) {
        let now = Instant::now();
        if self.first.is_none() {
            self.first = Some(now);
            metrics::first_token(now - self.admitted);
        } else {
            metrics::token_gap(now - self.last);
        }
        self.last = now;
    }

    fn time_to_first_token(&self) -> Duration {
        self.first.unwrap_or_else(Instant::now) - self.admitted
    }
}

/// The value of the "reason" label and of the log line.
fn label(outcome: &Result<Event, GenerationError>) -> &'static str {
    match outcome {
        Ok(Event::Finished {
            reason: EndReason::Length,
            ..
        }) => "length",
        Ok(_) => "stop",
        Err(GenerationError::Invalid { .. } | GenerationError::PromptTooLong { .. }) => "invalid",
        Err(GenerationError::Busy { .. }) => "busy",
        Err(GenerationError::ReaderBehind(_)) => "reader_behind",
        Err(GenerationError::DeadlineExceeded) => "deadline",
        Err(GenerationError::EngineStalled(_)) => "engine_stalled",
        Err(GenerationError::EngineFailed) => "engine_failed",
        Err(GenerationError::Cancelled) => "cancelled",
        Err(GenerationError::ShuttingDown) => "shutdown",
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
