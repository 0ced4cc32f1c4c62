//! The way back to the person who waits: a bounded channel with the clock of the turn. When it is
//! closed, the person has left.

use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::events::{TurnEnd, TurnError, TurnEvent};

/// The person has left; nothing that is sent reaches anybody.
pub(crate) struct Left;

/// Sends the events of one turn.
pub(crate) struct EventSink {
    events: mpsc::Sender<TurnEvent>,
    started: Instant,
    first_delta: Option<Duration>,
    /// Whether the end carries the hint to take a break.
    pub(crate) take_a_break: bool,
}

impl EventSink {
    pub(crate) fn new(events: mpsc::Sender<TurnEvent>) -> Self {
        Self {
            events,
            started: Instant::now(),
            first_delta: None,
            take_a_break: false,
        }
    }

    /// Completes when the person has left.
    pub(crate) async fn left(&self) {
        self.events.closed().await;
    }

    pub(crate) async fn send(&mut self, event: TurnEvent) -> Result<(), Left> {
        if matches!(event, TurnEvent::Delta(_)) && self.first_delta.is_none() {
            let elapsed = self.started.elapsed();
            self.first_delta = Some(elapsed);
            metrics::histogram!("gateway_chat_time_to_first_delta_seconds")
                .record(elapsed.as_secs_f64());
        }
        self.events.send(event).await.map_err(|_| Left)
    }

    /// The last event of a turn that went well.
    pub(crate) async fn done(&mut self, end: TurnEnd, usage: (u32, u32)) {
        let event = TurnEvent::Done {
            end,
            prompt_tokens: usage.0,
            completion_tokens: usage.1,
            first_delta: self.first_delta,
            total: self.started.elapsed(),
            take_a_break: self.take_a_break,
        };
        // Nobody is left to be told when this fails.
        let _ = self.events.send(event).await;
    }

    /// The last event of a turn that could not be made.
    pub(crate) async fn fail(&mut self, error: TurnError) {
        let _ = self.events.send(TurnEvent::Failed(error)).await;
    }
}
