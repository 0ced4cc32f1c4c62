//! An engine that does what a test tells it: each started sequence is handed to the test, which sends
//! its chunks. The first one, the warm-up, is answered by itself.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use inference_svc::generation::{
    Chunk, EndReason, Engine, EngineError, Message, ModelInfo, Sampling, Sequence,
};
use tokio::{
    sync::{Mutex, mpsc},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use super::server::PATIENCE;

/// Every character is one token.
pub(crate) struct FakeEngine {
    info: ModelInfo,
    warm: AtomicBool,
    started: mpsc::Sender<Running>,
    sequences: Mutex<mpsc::Receiver<Running>>,
}

/// A sequence that the test plays.
pub(crate) struct Running {
    pub(crate) chunks: mpsc::Sender<Chunk>,
    pub(crate) stop: CancellationToken,
}

impl FakeEngine {
    pub(crate) fn new() -> Arc<Self> {
        let (started, sequences) = mpsc::channel(64);
        Arc::new(Self {
            info: ModelInfo {
                name: "fake".into(),
                architecture: "none".into(),
                quantization: "none".into(),
                context_length: 4096,
                device: "cpu",
            },
            warm: AtomicBool::new(false),
            started,
            sequences: Mutex::new(sequences),
        })
    }

    /// The next sequence that the service starts.
    pub(crate) async fn next(&self) -> Running {
        let mut sequences = self.sequences.lock().await;
        timeout(PATIENCE, sequences.recv())
            .await
            .expect("no sequence was started")
            .unwrap()
    }

    /// Whether a sequence was started that nobody took yet.
    pub(crate) async fn has_started_another(&self) -> bool {
        !self.sequences.lock().await.is_empty()
    }
}

impl Running {
    pub(crate) async fn say(&self, text: &str) {
        let chunk = Chunk::Text {
            text: text.into(),
            tokens: 1,
        };
        self.chunks.send(chunk).await.unwrap();
    }

    /// Ends the sequence as the model would.
    pub(crate) async fn end(self) {
        let ended = Chunk::Ended {
            reason: EndReason::Stop,
            tokens: 2,
        };
        let _listener_may_be_gone = self.chunks.send(ended).await;
    }

    /// Ends once it is asked to, as a real engine does at its next token.
    pub(crate) async fn end_when_told(self) {
        timeout(PATIENCE, self.stop.cancelled())
            .await
            .expect("nobody asked it to stop");
        self.end().await;
    }
}

#[async_trait]
impl Engine for FakeEngine {
    fn model(&self) -> &ModelInfo {
        &self.info
    }

    fn encode(&self, messages: &[Message]) -> Result<Vec<u32>, EngineError> {
        let characters = messages
            .iter()
            .map(|message| message.content.chars().count())
            .sum();
        Ok(vec![0; characters])
    }

    async fn start(&self, _prompt: Vec<u32>, sampling: &Sampling) -> Result<Sequence, EngineError> {
        let (chunks, receiver) = mpsc::channel(sampling.max_tokens as usize + 8);
        let stop = CancellationToken::new();
        let running = Running {
            chunks,
            stop: stop.clone(),
        };
        if self.warm.swap(true, Ordering::SeqCst) {
            self.started.send(running).await.unwrap();
        } else {
            running.say("warm").await;
            running.end().await;
        }
        Ok(Sequence {
            chunks: receiver,
            stop,
        })
    }
}
