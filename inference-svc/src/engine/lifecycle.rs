//! The engine's thread: restarted when it died, and emptied when its prefix cache has grown. On a
//! CPU mistral.rs counts no cached sequence against its own limit, so the cache would grow with every
//! reply; starting the thread anew on the loaded model drops it in milliseconds.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use mistralrs::{Request, core::MistralRs};
use tokio::{
    sync::{Mutex, OwnedRwLockReadGuard, RwLock, mpsc},
    time::{Instant, sleep, timeout},
};

use crate::generation::{EngineError, metrics};

/// How long a thread may take to end or to start.
const THREAD_CHANGE: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(2);

/// The thread that runs sequences.
pub(super) struct EngineThread {
    runner: Arc<MistralRs>,
    /// Read by each live sequence, written while the thread is changed.
    gate: Arc<RwLock<()>>,
    current: Mutex<mpsc::Sender<Request>>,
    finished: Arc<AtomicUsize>,
    /// Finished sequences after which the cache is emptied; `None` when the engine does it itself.
    empty_after: Option<usize>,
}

/// Keeps the thread as it is while one sequence lives.
pub(super) struct Lease {
    sender: mpsc::Sender<Request>,
    finished: Arc<AtomicUsize>,
    _gate: OwnedRwLockReadGuard<()>,
}

impl EngineThread {
    /// The thread of a runner that was just built.
    ///
    /// # Errors
    /// The runner has no engine.
    pub(super) fn new(
        runner: Arc<MistralRs>,
        empty_after: Option<usize>,
    ) -> Result<Self, EngineError> {
        let sender = sender_of(&runner)?;
        Ok(Self {
            runner,
            gate: Arc::new(RwLock::new(())),
            current: Mutex::new(sender),
            finished: Arc::new(AtomicUsize::new(0)),
            empty_after,
        })
    }

    /// Waits until a sequence may start. Cancelling is safe at every point.
    ///
    /// # Errors
    /// The thread is dead and cannot be started again.
    pub(super) async fn lease(&self) -> Result<Lease, EngineError> {
        self.empty_cache_when_due().await?;
        let gate = Arc::clone(&self.gate).read_owned().await;
        let sender = self.living_sender().await?;
        Ok(Lease {
            sender,
            finished: Arc::clone(&self.finished),
            _gate: gate,
        })
    }

    /// Between `limit` and twice as many finished sequences, the next idle moment is used; after
    /// that, new sequences wait until the running ones are done.
    async fn empty_cache_when_due(&self) -> Result<(), EngineError> {
        let Some(limit) = self.empty_after else {
            return Ok(());
        };
        let due = |times: usize| self.finished.load(Ordering::Acquire) >= limit * times;
        if !due(1) {
            return Ok(());
        }
        let alone = if due(2) {
            self.gate.write().await
        } else {
            match self.gate.try_write() {
                Ok(alone) => alone,
                Err(_) => return Ok(()),
            }
        };
        if due(1) {
            self.restart_thread().await?;
            self.finished.store(0, Ordering::Release);
            metrics::prefix_cache_emptied();
        }
        drop(alone);
        Ok(())
    }

    async fn restart_thread(&self) -> Result<(), EngineError> {
        let mut current = self.current.lock().await;
        if current.send(Request::Terminate).await.is_ok() {
            let ended = timeout(THREAD_CHANGE, current.closed()).await;
            ended.map_err(|_| EngineError("the engine thread did not end".to_owned()))?;
        }
        *current = self.new_sender().await?;
        Ok(())
    }

    async fn living_sender(&self) -> Result<mpsc::Sender<Request>, EngineError> {
        let mut current = self.current.lock().await;
        if current.is_closed() {
            tracing::error!("the engine thread died, starting it again");
            *current = self.new_sender().await?;
            self.finished.store(0, Ordering::Release);
            metrics::engine_restarted();
        }
        Ok(current.clone())
    }

    /// The runner starts a dead thread again when it is asked for its sender, but notices only once
    /// the thread is gone altogether.
    async fn new_sender(&self) -> Result<mpsc::Sender<Request>, EngineError> {
        let until = Instant::now() + THREAD_CHANGE;
        loop {
            let sender = sender_of(&self.runner)?;
            if !sender.is_closed() {
                return Ok(sender);
            }
            if Instant::now() >= until {
                return Err(EngineError(
                    "the engine thread did not start again".to_owned(),
                ));
            }
            sleep(POLL).await;
        }
    }
}

fn sender_of(runner: &MistralRs) -> Result<mpsc::Sender<Request>, EngineError> {
    runner
        .get_sender(None)
        .map_err(|error| EngineError(format!("the engine cannot be reached: {error}")))
}

impl Lease {
    /// Hands a request to the thread.
    ///
    /// # Errors
    /// The thread has just died.
    pub(super) async fn send(&self, request: Request) -> Result<(), EngineError> {
        self.sender
            .send(request)
            .await
            .map_err(|_| EngineError("the engine thread has just died".to_owned()))
    }

    /// Whether the thread that this sequence was given to still takes requests.
    pub(super) fn engine_is_alive(&self) -> bool {
        !self.sender.is_closed()
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.finished.fetch_add(1, Ordering::AcqRel);
    }
}
