//! What a request may ask for, and the way of one request: check, queue, wait, select heads.

use std::time::Instant;

use tokio::{
    sync::mpsc,
    task::{JoinError, JoinHandle},
};
use tokio_util::task::TaskTracker;

use super::{
    Classification, Classifier, ClassifyError, ModelInfo, batcher,
    queue::{Limits, Queue},
    worker,
};

/// Longest text in bytes: far more than the model looks at, little enough to be split quickly.
pub const MAX_TEXT_BYTES: usize = 100 * 1000;
/// Most texts in one request.
pub const MAX_BATCH_TEXTS: usize = 64;
/// What the model classifies before the service counts as ready.
const WARM_UP: &str = "warm-up";

/// Takes requests for a loaded model; owns its batcher and its worker.
pub struct ClassifierHandle {
    info: ModelInfo,
    queue: Queue,
    requests: TaskTracker,
    batcher: JoinHandle<()>,
}

impl ClassifierHandle {
    /// Starts batcher and worker. Call inside a runtime.
    pub fn start(classifier: impl Classifier, limits: Limits) -> Self {
        let info = classifier.info();
        let (queue, entries) = Queue::new(limits);
        let (batches, mut receiver) = mpsc::channel(1);
        // It ends when the batcher drops its sender, and blocks the runtime's end until then.
        let worker = tokio::task::spawn_blocking(move || worker::run(&classifier, &mut receiver));
        let batcher = tokio::spawn(async move {
            batcher::run(entries, batches, limits).await;
            report(worker.await);
        });
        Self {
            info,
            queue,
            requests: TaskTracker::new(),
            batcher,
        }
    }

    /// What the model offers.
    #[must_use]
    pub fn info(&self) -> &ModelInfo {
        &self.info
    }

    /// Most texts in one request: no more than the queue can hold.
    #[must_use]
    pub fn max_batch_texts(&self) -> usize {
        MAX_BATCH_TEXTS.min(self.queue.places())
    }

    /// Classifies one text with all heads, which touches every part of the path.
    ///
    /// # Errors
    /// The model fails.
    pub async fn warm_up(&self) -> Result<(), ClassifyError> {
        self.classify(vec![WARM_UP.to_owned()], &[], None).await?;
        Ok(())
    }

    /// Classifies each text with the named heads, or with all when none is named; results are in
    /// the order of the texts. Dropping the future takes the texts out of the queue.
    ///
    /// # Errors
    /// A request that breaks a limit, a full queue, a deadline that passed, a model that failed.
    pub async fn classify(
        &self,
        texts: Vec<String>,
        heads: &[String],
        deadline: Option<Instant>,
    ) -> Result<Vec<Classification>, ClassifyError> {
        let _running = self.requests.token();
        self.check_texts(&texts)?;
        let heads = self.positions(heads)?;
        let replies = self.queue.push(texts, deadline)?;
        let all = async {
            let mut results = Vec::with_capacity(replies.len());
            for reply in replies {
                // The worker is gone without an answer.
                let result = reply.await.map_err(|_| ClassifyError::ShuttingDown)??;
                results.push(select(&heads, &result));
            }
            Ok(results)
        };
        match deadline {
            None => all.await,
            Some(deadline) => tokio::time::timeout_at(deadline.into(), all)
                .await
                .unwrap_or(Err(ClassifyError::DeadlineExceeded)),
        }
    }

    /// Resolves when no request is waiting or running any more.
    pub async fn drain(&self) {
        self.requests.close();
        self.requests.wait().await;
    }

    /// Gives up what is still waiting.
    pub fn abort(&self) {
        self.batcher.abort();
    }

    fn check_texts(&self, texts: &[String]) -> Result<(), ClassifyError> {
        let limit = self.max_batch_texts();
        match texts.len() {
            0 => return Err(ClassifyError::NoTexts),
            count if count > limit => return Err(ClassifyError::TooManyTexts { count, limit }),
            _ => {}
        }
        for (position, text) in texts.iter().enumerate() {
            if text.len() > MAX_TEXT_BYTES {
                return Err(ClassifyError::TextTooLong {
                    position,
                    bytes: text.len(),
                    limit: MAX_TEXT_BYTES,
                });
            }
            if text.trim().is_empty() {
                return Err(ClassifyError::EmptyText { position });
            }
        }
        Ok(())
    }

    /// The model always computes all heads, which costs next to nothing, so that requests with
    /// different heads fit in one batch; here is which ones this request gets.
    fn positions(&self, names: &[String]) -> Result<Vec<usize>, ClassifyError> {
        let known = &self.info.heads;
        if names.is_empty() {
            return Ok((0..known.len()).collect());
        }
        let names = names.iter().enumerate();
        names
            .map(|(position, name)| {
                let found = known.iter().position(|(head, _)| head == name);
                found.ok_or_else(|| {
                    let known: Vec<&str> = known.iter().map(|(head, _)| head.as_str()).collect();
                    ClassifyError::UnknownHead {
                        position,
                        known: known.join(", "),
                    }
                })
            })
            .collect()
    }
}

fn select(heads: &[usize], all: &Classification) -> Classification {
    let selected = heads.iter().filter_map(|head| all.heads.get(*head));
    Classification {
        heads: selected.cloned().collect(),
        tokens: all.tokens,
        truncated: all.truncated,
    }
}

fn report(outcome: Result<(), JoinError>) {
    if let Err(error) = outcome
        && error.is_panic()
    {
        tracing::error!("the worker ended unexpectedly");
    }
}
