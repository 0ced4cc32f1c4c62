//! The thread that owns the model: takes a batch, computes, answers each text.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::Instant,
};

use tokio::sync::mpsc;

use super::{Classification, Classifier, ClassifyError, queue::Entry};

/// Runs until the batcher is gone. Blocks: belongs on a thread of its own.
pub(super) fn run(classifier: &impl Classifier, batches: &mut mpsc::Receiver<Vec<Entry>>) {
    while let Some(batch) = batches.blocking_recv() {
        // It may have waited behind the batch before it.
        let batch = batch.into_iter().filter_map(Entry::still_wanted);
        let batch: Vec<Entry> = batch.collect();
        if !batch.is_empty() {
            answer(classifier, batch);
        }
    }
}

fn answer(classifier: &impl Classifier, batch: Vec<Entry>) {
    let started = Instant::now();
    metrics::histogram!("classifier_batch_size").record(batch.len() as f64);
    for entry in &batch {
        let waited = started.duration_since(entry.queued).as_secs_f64();
        metrics::histogram!("classifier_queue_wait_seconds").record(waited);
    }
    let texts: Vec<&str> = batch.iter().map(|entry| entry.text.as_str()).collect();
    let results = compute(classifier, &texts);
    metrics::histogram!("classifier_compute_seconds").record(started.elapsed().as_secs_f64());
    // A send fails when the caller has left meanwhile: nobody misses the result.
    match results {
        Ok(results) => {
            for (entry, result) in batch.into_iter().zip(results) {
                let _sent = entry.reply.send(Ok(result));
            }
        }
        Err(reason) => {
            metrics::counter!("classifier_failed_batches_total").increment(1);
            tracing::error!(reason, "a batch could not be classified");
            for entry in batch {
                let _sent = entry.reply.send(Err(ClassifyError::Failed));
            }
        }
    }
}

/// One text that brings the model down must not end the service for all others.
fn compute(classifier: &impl Classifier, texts: &[&str]) -> Result<Vec<Classification>, String> {
    let results = catch_unwind(AssertUnwindSafe(|| classifier.classify(texts)))
        .unwrap_or_else(|_| Err("the model panicked".to_owned()))?;
    if results.len() == texts.len() {
        Ok(results)
    } else {
        Err("the model returned another number of results".to_owned())
    }
}
