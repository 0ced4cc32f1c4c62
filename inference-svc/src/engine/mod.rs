//! The only room that knows mistral.rs. A model is loaded once (`load`), conversations become tokens
//! here and not in the engine (`template`, `tokenize`), and sequences run under our own control
//! (`run`, `logits`, `lifecycle`).

mod build;
mod choice;
mod error;
mod gguf;
mod lifecycle;
mod load;
mod logits;
mod run;
mod source;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use chat_template::PromptEncoder;
use mistralrs::{
    Constraint, CustomLogitsProcessor, NormalRequest, Request, RequestMessage, SamplingParams,
    StopTokens,
};
use tokio::sync::mpsc;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::generation::{Engine, EngineError, Message, ModelInfo, Sampling, Sequence};

pub use error::LoadError;
pub use load::load;
pub use source::{LoadOptions, ModelSource};

use choice::Choice;
use lifecycle::EngineThread;
use logits::{Control, TokenControl};

/// Log targets that stay at "warn" or above, whatever the filter says: the engine and its libraries
/// describe requests at lower levels.
pub const QUIET_LOG_TARGETS: [&str; 8] = [
    // At "warn" it complains of a missing GPU at each load on a CPU, and of each planned restart.
    "mistralrs_core=error",
    "mistralrs=warn",
    "mistralrs_quant=warn",
    "mistralrs_mcp=warn",
    "hf_hub=warn",
    "tokenizers=warn",
    "llguidance=warn",
    "toktrie=warn",
];

/// Room in a sequence's channel beyond its tokens, for the final responses.
const SPARE_RESPONSES: usize = 8;

/// A model loaded in mistral.rs.
pub struct MistralEngine {
    info: ModelInfo,
    encoder: PromptEncoder,
    thread: EngineThread,
    control: Control,
    next_request: AtomicUsize,
    tasks: TaskTracker,
}

#[async_trait]
impl Engine for MistralEngine {
    fn model(&self) -> &ModelInfo {
        &self.info
    }

    fn encode(&self, messages: &[Message]) -> Result<Vec<u32>, EngineError> {
        self.encoder
            .encode(messages)
            .map_err(|error| EngineError(error.to_string()))
    }

    async fn start(&self, prompt: Vec<u32>, sampling: &Sampling) -> Result<Sequence, EngineError> {
        let lease = self.thread.lease().await?;
        let stop = CancellationToken::new();
        let control = Arc::new(TokenControl::new(
            Arc::from(prompt.as_slice()),
            sampling,
            self.choice(&sampling.choice)?,
            self.control.clone(),
            stop.clone(),
        ));
        let room = sampling.max_tokens as usize + SPARE_RESPONSES;
        let (responses, incoming) = mpsc::channel(room);
        let (chunks, receiver) = mpsc::channel(room);
        let request = NormalRequest {
            messages: RequestMessage::CompletionTokens(prompt),
            sampling_params: sampling_params(sampling, self.control.closing),
            response: responses,
            return_logprobs: false,
            is_streaming: true,
            id: self.next_request.fetch_add(1, Ordering::Relaxed),
            constraint: Constraint::None,
            suffix: None,
            tools: None,
            tool_choice: None,
            logits_processors: Some(vec![Arc::clone(&control) as Arc<dyn CustomLogitsProcessor>]),
            return_raw_logits: false,
            web_search_options: None,
            model_id: None,
            truncate_sequence: false,
        };
        lease.send(Request::Normal(Box::new(request))).await?;
        self.tasks.spawn(run::forward(run::Forward {
            incoming,
            chunks,
            control,
            lease,
        }));
        Ok(Sequence {
            chunks: receiver,
            stop,
        })
    }
}

impl MistralEngine {
    fn choice(&self, options: &[String]) -> Result<Option<Choice>, EngineError> {
        let tokens = options.iter().map(|option| {
            let tokens = self.encoder.encode_reply(option);
            tokens.map_err(|error| EngineError(error.to_string()))
        });
        Ok(Choice::new(tokens.collect::<Result<_, _>>()?))
    }
}

/// Penalties, stop strings and ends are ours; the engine draws tokens.
fn sampling_params(sampling: &Sampling, closing: u32) -> SamplingParams {
    // With a nucleus mass of 1 the engine's sampler returns before it looks at min_p.
    let top_p = if sampling.min_p > 0.0 {
        f64::from(sampling.top_p).min(0.999_999)
    } else {
        f64::from(sampling.top_p)
    };
    SamplingParams {
        temperature: Some(f64::from(sampling.temperature)),
        top_k: sampling.top_k.map(|top_k| top_k as usize),
        top_p: Some(top_p),
        min_p: Some(f64::from(sampling.min_p)),
        stop_toks: Some(StopTokens::Ids(vec![closing])),
        // Never reached: the sequence is closed before.
        max_len: Some(sampling.max_tokens as usize + 2),
        ..SamplingParams::neutral()
    }
}
