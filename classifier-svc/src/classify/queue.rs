//! The bounded queue: a request gets places for all its texts at once, or is refused at once.

use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use super::{Classification, ClassifyError};

/// Bounds of queue and batches.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Texts computed together at most.
    pub max_batch: usize,
    /// Texts that may wait.
    pub max_queue: usize,
    /// How long the first text of a batch waits for others.
    pub batch_window: Duration,
}

pub(super) type Reply = Result<Classification, ClassifyError>;

/// One waiting text.
pub(super) struct Entry {
    pub(super) text: String,
    pub(super) deadline: Option<Instant>,
    pub(super) queued: Instant,
    pub(super) reply: oneshot::Sender<Reply>,
}

impl Entry {
    /// Whether somebody still waits for the result. An entry whose deadline has passed is answered
    /// here.
    pub(super) fn still_wanted(self) -> Option<Self> {
        if self.reply.is_closed() {
            metrics::counter!("classifier_skipped_total", "reason" => "client_gone").increment(1);
            return None;
        }
        if self
            .deadline
            .is_some_and(|deadline| deadline <= Instant::now())
        {
            metrics::counter!("classifier_skipped_total", "reason" => "deadline").increment(1);
            // Fails only when the caller has left in this very moment.
            let _sent = self.reply.send(Err(ClassifyError::DeadlineExceeded));
            return None;
        }
        Some(self)
    }
}

/// The entrance of the queue.
#[derive(Clone)]
pub(super) struct Queue(mpsc::Sender<Entry>);

impl Queue {
    pub(super) fn new(limits: Limits) -> (Self, mpsc::Receiver<Entry>) {
        let (sender, receiver) = mpsc::channel(limits.max_queue);
        (Self(sender), receiver)
    }

    /// Texts that a single request may bring.
    pub(super) fn places(&self) -> usize {
        self.0.max_capacity()
    }

    /// One receiver for each text, in their order.
    pub(super) fn push(
        &self,
        texts: Vec<String>,
        deadline: Option<Instant>,
    ) -> Result<Vec<oneshot::Receiver<Reply>>, ClassifyError> {
        let permits = self.0.try_reserve_many(texts.len()).map_err(|error| {
            if matches!(error, mpsc::error::TrySendError::Closed(())) {
                return ClassifyError::ShuttingDown;
            }
            metrics::counter!("classifier_rejected_total").increment(1);
            ClassifyError::QueueFull
        })?;
        let queued = Instant::now();
        let replies = permits.zip(texts).map(|(permit, text)| {
            let (reply, receiver) = oneshot::channel();
            permit.send(Entry {
                text,
                deadline,
                queued,
                reply,
            });
            receiver
        });
        let replies = replies.collect();
        self.record_depth();
        Ok(replies)
    }

    fn record_depth(&self) {
        let waiting = self.0.max_capacity() - self.0.capacity();
        metrics::gauge!("classifier_queue_depth").set(waiting as f64);
    }
}
