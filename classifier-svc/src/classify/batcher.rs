//! Gathers waiting texts into batches. A batch is begun only when the worker can take it, so texts
//! wait in the bounded queue, where those whose caller has left cost nothing.

use std::time::Duration;

use tokio::{
    sync::mpsc,
    time::{Instant, timeout_at},
};

use super::queue::{Entry, Limits};

/// Bytes of text after which a batch is closed: many long texts in one batch would hold up the
/// short ones behind them for seconds.
const BYTES_IN_BATCH: usize = 8 * 1024;

/// Runs until the queue is closed and empty, or the worker is gone.
pub(super) async fn run(
    mut queue: mpsc::Receiver<Entry>,
    worker: mpsc::Sender<Vec<Entry>>,
    limits: Limits,
) {
    while let Ok(place) = worker.reserve().await {
        let Some(first) = next_wanted(&mut queue).await else {
            return;
        };
        let batch = gather(first, &mut queue, limits).await;
        metrics::gauge!("classifier_queue_depth").set(queue.len() as f64);
        place.send(batch);
    }
}

async fn next_wanted(queue: &mut mpsc::Receiver<Entry>) -> Option<Entry> {
    loop {
        if let Some(entry) = queue.recv().await?.still_wanted() {
            return Some(entry);
        }
    }
}

async fn gather(first: Entry, queue: &mut mpsc::Receiver<Entry>, limits: Limits) -> Vec<Entry> {
    let closes = Instant::now() + limits.batch_window.min(Duration::from_secs(1));
    let mut bytes = first.text.len();
    let mut batch = vec![first];
    while batch.len() < limits.max_batch && bytes < BYTES_IN_BATCH {
        // The time is up, or nothing more will come.
        let Ok(Some(entry)) = timeout_at(closes, queue.recv()).await else {
            break;
        };
        if let Some(entry) = entry.still_wanted() {
            bytes += entry.text.len();
            batch.push(entry);
        }
    }
    batch
}
