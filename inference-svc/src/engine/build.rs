//! Puts an engine together from a loaded pipeline: its thread, the chat template and tokenizer taken
//! out of it, and the tokens that steer a sequence.

use std::{
    num::NonZeroUsize,
    sync::{Arc, atomic::AtomicUsize},
};

use chat_template::{NamedTokens, PromptEncoder, Template};
use mistralrs::{
    Device,
    core::{
        ChatTemplate, DefaultSchedulerMethod, MistralRs, MistralRsBuilder, Pipeline,
        SchedulerConfig,
    },
};
use tokio::sync::Mutex;
use tokio_util::task::TaskTracker;

use super::{
    LoadError, LoadOptions, MistralEngine, gguf::GgufHeader, lifecycle::EngineThread,
    logits::Control,
};
use crate::generation::ModelInfo;

/// A model as the loaders of mistral.rs give it.
pub(super) type LoadedPipeline = Arc<Mutex<dyn Pipeline + Send + Sync>>;

/// What a header or a config.json says about the model.
pub(super) struct Description {
    pub(super) architecture: String,
    pub(super) quantization: String,
    pub(super) pre_tokenizer: Option<String>,
}

impl From<GgufHeader> for Description {
    fn from(header: GgufHeader) -> Self {
        Self {
            architecture: header.architecture,
            quantization: header.quantization,
            pre_tokenizer: header.pre_tokenizer,
        }
    }
}

/// Starts the engine's thread on a loaded pipeline and puts our own parts around it.
///
/// # Errors
/// The model cannot hold a conversation.
pub(super) async fn engine(
    options: &LoadOptions,
    pipeline: &LoadedPipeline,
    description: Description,
    device: &Device,
) -> Result<MistralEngine, LoadError> {
    let parts = Parts::take(pipeline).await?;
    let runner = start_engine(options, pipeline, device).await;
    assemble(options, &parts, description, runner, device)
}

async fn start_engine(
    options: &LoadOptions,
    pipeline: &LoadedPipeline,
    device: &Device,
) -> Arc<MistralRs> {
    let cache = pipeline.lock().await.get_metadata().cache_config.clone();
    let scheduler = match cache {
        Some(config) if !device.is_cpu() => SchedulerConfig::PagedAttentionMeta {
            max_num_seqs: options.max_running.get(),
            config,
        },
        _ => SchedulerConfig::DefaultScheduler {
            method: DefaultSchedulerMethod::Fixed(options.max_running),
        },
    };
    MistralRsBuilder::new(
        Arc::clone(pipeline) as Arc<Mutex<dyn Pipeline>>,
        scheduler,
        false,
        None,
    )
    .with_no_prefix_cache(options.prefix_cache_sequences == 0)
    .with_prefix_cache_n(options.prefix_cache_sequences)
    // Each sequence is closed by us, see `logits`.
    .with_disable_eos_stop(true)
    .build()
    .await
}

fn assemble(
    options: &LoadOptions,
    parts: &Parts,
    description: Description,
    runner: Arc<MistralRs>,
    device: &Device,
) -> Result<MistralEngine, LoadError> {
    let source = template_source(&parts.chat_template).ok_or(LoadError::NoChat("chat template"))?;
    let tokens = NamedTokens {
        bos: parts.chat_template.bos_tok(),
        eos: parts.chat_template.eos_tok(),
        unk: parts.chat_template.unk_tok(),
    };
    let template = Template::new(&source, tokens).map_err(LoadError::engine)?;
    let encoder = PromptEncoder::new(
        template,
        &parts.tokenizer,
        description.pre_tokenizer.as_deref(),
    )
    .map_err(LoadError::engine)?;
    let model_limit = u32::try_from(parts.max_tokens).unwrap_or(u32::MAX);
    let context_length = options
        .context_length
        .unwrap_or(model_limit)
        .min(model_limit);
    let empty_after = NonZeroUsize::new(options.prefix_cache_sequences)
        .filter(|_| device.is_cpu())
        .map(NonZeroUsize::get);
    let thread = EngineThread::new(runner, empty_after).map_err(LoadError::engine)?;
    Ok(MistralEngine {
        info: ModelInfo {
            name: options
                .model_name
                .clone()
                .unwrap_or_else(|| options.model.name()),
            architecture: description.architecture,
            quantization: description.quantization,
            context_length,
            device: if device.is_cpu() { "cpu" } else { "cuda" },
        },
        control: control(parts, &encoder)?,
        encoder,
        thread,
        next_request: AtomicUsize::new(1),
        tasks: TaskTracker::new(),
    })
}

/// What is taken out of a pipeline before the engine owns it.
struct Parts {
    tokenizer: Arc<tokenizers::Tokenizer>,
    chat_template: Arc<ChatTemplate>,
    max_tokens: usize,
    end_of_turn: Arc<[u32]>,
}

impl Parts {
    async fn take(pipeline: &LoadedPipeline) -> Result<Self, LoadError> {
        let pipeline = pipeline.lock().await;
        let metadata = pipeline.get_metadata();
        Ok(Self {
            tokenizer: pipeline.tokenizer().ok_or(LoadError::NoChat("tokenizer"))?,
            chat_template: pipeline
                .get_chat_template()
                .ok_or(LoadError::NoChat("chat template"))?,
            max_tokens: metadata.max_seq_len,
            end_of_turn: metadata.eos_tok.clone().into(),
        })
    }
}

/// The beginning-of-sequence token can close a sequence where it stands at the beginning of prompts
/// only; otherwise any control token that no conversation holds will do, and when there is none, the
/// end of the turn itself.
fn control(parts: &Parts, encoder: &PromptEncoder) -> Result<Control, LoadError> {
    let end_of_turn = Arc::clone(&parts.end_of_turn);
    let last_resort = *end_of_turn
        .first()
        .ok_or(LoadError::NoChat("end-of-turn token"))?;
    let exempt: Arc<[u32]> = encoder
        .control_ids()
        .chain(end_of_turn.iter().copied())
        .collect();
    let free = |id: &u32| !end_of_turn.contains(id) && !encoder.stands_in_turns(*id);
    let beginning = parts
        .chat_template
        .bos_tok()
        .and_then(|token| parts.tokenizer.token_to_id(&token));
    let closing = beginning
        .filter(|id| free(id))
        .or_else(|| exempt.iter().copied().filter(|id| free(id)).min())
        .unwrap_or(last_resort);
    Ok(Control {
        end_of_turn,
        closing,
        exempt,
    })
}

/// A tokenizer_config.json may hold several templates by name; the default one is for conversations.
fn template_source(chat_template: &ChatTemplate) -> Option<String> {
    let template = &chat_template.chat_template.as_ref()?.0;
    if let Some(text) = template.as_ref().left() {
        return Some(text.clone());
    }
    let named = template.as_ref().right()?;
    named
        .iter()
        .find(|entry| entry.get("name").is_some_and(|name| name == "default"))
        .and_then(|entry| entry.get("template"))
        .or_else(|| named.iter().find_map(|entry| entry.get("default")))
        .cloned()
}
