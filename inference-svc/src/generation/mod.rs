//! The domain: conversations and sampling settings come in, a stream of events goes out, however
//! the engine behind it works. Admission, deadlines, stop strings and slow readers are decided here.

pub mod admission;
mod drive;
pub mod generator;
pub mod metrics;
pub mod prompt;
pub mod sampling;
pub mod text;

use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

pub use chat_template::{Message, Role};
pub use generator::{Generator, Reply};
pub use sampling::{Sampling, SamplingRequest};

/// What is loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelInfo {
    /// Name shown to callers.
    pub name: String,
    /// For example "llama".
    pub architecture: String,
    /// For example "Q8_0".
    pub quantization: String,
    /// Tokens that prompt and reply may take together.
    pub context_length: u32,
    /// "cpu" or "cuda".
    pub device: &'static str,
}

/// Bounds of what the service takes on.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Sequences decoded at the same time.
    pub max_running: usize,
    /// Requests that may wait for a sequence.
    pub max_waiting: usize,
    /// Longest time of one request, waiting included.
    pub max_duration: Duration,
    /// Longest silence of the engine between two tokens.
    pub stall: Duration,
    /// Events that may wait for a slow reader.
    pub reader_buffer: usize,
}

/// What a reply consists of: one `Started`, any number of `Delta`, one `Finished`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A sequence is running.
    Started {
        /// Time spent waiting for a free sequence.
        queued: Duration,
        /// Length of the prompt.
        prompt_tokens: u32,
    },
    /// More text, never empty.
    Delta(String),
    /// The reply is complete.
    Finished {
        /// Why it ended.
        reason: EndReason,
        /// Length of the prompt.
        prompt_tokens: u32,
        /// Tokens sampled, the end-of-turn token included.
        completion_tokens: u32,
        /// From admission to the first token.
        time_to_first_token: Duration,
        /// From admission to the last token.
        total: Duration,
    },
}

/// Why a reply ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndReason {
    /// The model ended its turn, or a stop string was reached.
    Stop,
    /// The token limit or the end of the context was reached.
    Length,
}

/// Why there is no reply, or no more of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GenerationError {
    /// A field of the request cannot be used.
    #[error("{field}: {reason}")]
    Invalid {
        /// Path of the field in the request.
        field: &'static str,
        /// What is wrong with it, without its value.
        reason: &'static str,
    },
    /// The conversation does not fit.
    #[error("the prompt takes {prompt_tokens} tokens and the context has {context_length}")]
    PromptTooLong {
        /// Length of the rendered prompt.
        prompt_tokens: u32,
        /// Tokens that prompt and reply may take together.
        context_length: u32,
    },
    /// Everything is taken.
    #[error("{running} replies are running and {waiting} requests are waiting, which is the limit")]
    Busy {
        /// Limit of running sequences.
        running: usize,
        /// Limit of waiting requests.
        waiting: usize,
    },
    /// The caller reads too slowly.
    #[error("the reader fell behind by {0} events")]
    ReaderBehind(usize),
    /// The time of the caller or of the service is up.
    #[error("the deadline passed")]
    DeadlineExceeded,
    /// The engine is silent.
    #[error("the engine gave no token for {} s", .0.as_secs())]
    EngineStalled(Duration),
    /// The engine failed; the cause went to the log.
    #[error("the engine failed")]
    EngineFailed,
    /// The caller is gone. Nobody reads this one.
    #[error("the caller left")]
    Cancelled,
    /// The service is on its way out.
    #[error("the service is shutting down")]
    ShuttingDown,
}

/// A failure of the engine; the text is for the log and holds nothing that a person wrote.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct EngineError(pub String);

/// What a running sequence yields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chunk {
    /// Text of one or more tokens, whole characters only; may be empty.
    Text {
        /// The new text.
        text: String,
        /// Tokens sampled so far.
        tokens: u32,
    },
    /// The sequence is over; nothing follows.
    Ended {
        /// Why.
        reason: EndReason,
        /// Tokens sampled in all.
        tokens: u32,
    },
    /// The sequence broke; nothing follows. The cause went to the log.
    Failed,
}

/// A sequence that runs in the engine. Dropping it asks the engine to end it.
#[derive(Debug)]
pub struct Sequence {
    /// What it yields. Closed without `Ended` or `Failed` when the engine dies.
    pub chunks: mpsc::Receiver<Chunk>,
    /// Asks the engine to end the sequence at its next token.
    pub stop: CancellationToken,
}

impl Drop for Sequence {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// The language model, whatever runs it.
#[async_trait]
pub trait Engine: Send + Sync + 'static {
    /// What is loaded.
    fn model(&self) -> &ModelInfo;

    /// Renders a conversation through the model's chat template and tokenises it. Takes CPU time in
    /// proportion to the text.
    ///
    /// # Errors
    /// The template refuses the conversation.
    fn encode(&self, messages: &[Message]) -> Result<Vec<u32>, EngineError>;

    /// Starts a sequence. The engine never waits for its reader: the channel holds a whole reply.
    ///
    /// # Errors
    /// The engine does not take requests.
    async fn start(&self, prompt: Vec<u32>, sampling: &Sampling) -> Result<Sequence, EngineError>;
}
