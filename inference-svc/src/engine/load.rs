//! Loads a model through mistral.rs's loaders: the weights, the tokenizer, the chat template, and the
//! engine thread that will run it. Everything that can be checked before is, so that what goes wrong
//! is one clear line.

use std::{
    num::NonZeroUsize,
    path::Path,
    sync::{Arc, atomic::AtomicUsize},
};

use mistralrs::{
    AutoDeviceMapParams, Device, DeviceMapSetting, TokenSource,
    core::{
        AdapterPaths, ChatTemplate, DefaultSchedulerMethod, GGUFLoaderBuilder, GGUFSpecificConfig,
        Loader, LocalModelPaths, LoraAdapterPaths, MemoryGpuConfig, MistralRs, MistralRsBuilder,
        ModelDType, ModelPaths, NormalLoaderBuilder, NormalSpecificConfig, PagedAttentionConfig,
        PagedCacheType, Pipeline, SchedulerConfig,
    },
    parse_isq_value,
};
use tokio::sync::Mutex;
use tokio_util::task::TaskTracker;

use super::{
    LoadError, LoadOptions, MistralEngine, ModelSource,
    gguf::{GgufHeader, read_header},
    lifecycle::EngineThread,
    logits::Control,
    source::{check_folder, is_hub_id, weights},
    template::{NamedTokens, Template},
    tokenize::PromptEncoder,
};
use crate::generation::ModelInfo;

type LoadedPipeline = Arc<Mutex<dyn Pipeline + Send + Sync>>;

/// Loads a model and starts its engine. Blocks a thread of its own while reading weights.
///
/// # Errors
/// See [`LoadError`].
pub async fn load(options: LoadOptions) -> Result<MistralEngine, LoadError> {
    let device = device()?;
    let weights_options = options.clone();
    let weights_device = device.clone();
    let loaded = tokio::task::spawn_blocking(move || load_weights(&weights_options, &weights_device)).await;
    // The engine panics on some malformed files.
    let (pipeline, header) =
        loaded.map_err(|_| LoadError::Engine("a file of the model is malformed".to_owned()))??;
    let parts = Parts::take(&pipeline).await?;
    let runner = start_engine(&options, &pipeline, &device).await;
    build(&options, parts, header, runner, &device)
}

fn device() -> Result<Device, LoadError> {
    if cfg!(feature = "cuda") {
        Device::new_cuda(0).map_err(LoadError::engine)
    } else {
        Ok(Device::Cpu)
    }
}

/// What a header or a config.json says about the model.
#[derive(Default)]
struct Description {
    architecture: String,
    quantization: String,
    pre_tokenizer: Option<String>,
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

fn load_weights(options: &LoadOptions, device: &Device) -> Result<(LoadedPipeline, Description), LoadError> {
    match &options.model {
        ModelSource::Gguf(path) => load_gguf(path, options, device),
        ModelSource::Folder(path) => {
            check_folder(path)?;
            load_safetensors(&path.to_string_lossy(), Some(path), options, device)
        }
        ModelSource::Hub(id) => load_safetensors(id, None, options, device),
        ModelSource::Nothing(path) => Err(LoadError::NotFound(path.clone())),
    }
}

fn load_gguf(
    path: &Path,
    options: &LoadOptions,
    device: &Device,
) -> Result<(LoadedPipeline, Description), LoadError> {
    if options.adapter.is_some() {
        return Err(LoadError::NotWithGguf("--adapter"));
    }
    if options.isq.is_some() {
        return Err(LoadError::NotWithGguf("--isq"));
    }
    let header = read_header(path)?;
    let path = std::path::absolute(path).map_err(LoadError::engine)?;
    let folder = path.parent().unwrap_or(Path::new("/"));
    let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    // The conversion of the tokenizer inside a GGUF file is an approximation for some models; the
    // original is used where it lies beside the file.
    let original = ["tokenizer.json", "tokenizer_config.json"]
        .iter()
        .all(|name| folder.join(name).is_file());
    let loader = GGUFLoaderBuilder::new(
        None,
        original.then(|| folder.to_string_lossy().into_owned()),
        folder.to_string_lossy().into_owned(),
        vec![file],
        GGUFSpecificConfig::default(),
        false,
        None,
    )
    .build();
    let pipeline = load_with(loader.as_ref(), None, options, device)?;
    let mut description = Description::from(header);
    if original {
        description.pre_tokenizer = None;
    }
    Ok((pipeline, description))
}

fn load_safetensors(
    model: &str,
    folder: Option<&Path>,
    options: &LoadOptions,
    device: &Device,
) -> Result<(LoadedPipeline, Description), LoadError> {
    let mut builder = NormalLoaderBuilder::new(
        NormalSpecificConfig::default(),
        None,
        None,
        Some(model.to_owned()),
        false,
        None,
    );
    let mut local_adapter = None;
    if let Some(adapter) = &options.adapter {
        let adapter_folder = Path::new(adapter);
        if adapter_folder.is_dir() {
            local_adapter = Some(adapter_paths(adapter_folder)?);
        } else if !is_hub_id(adapter) {
            return Err(LoadError::Adapter(adapter_folder.to_owned()));
        }
        builder = builder.with_lora(vec![adapter.clone()]);
    }
    let loader = builder.build(None).map_err(LoadError::engine)?;
    let paths = match (folder, local_adapter) {
        (Some(folder), Some(adapter)) => Some(local_paths(folder, adapter)?),
        (None, Some(_)) => return Err(LoadError::Engine(
            "a local adapter needs a local model: download the model first".to_owned(),
        )),
        _ => None,
    };
    let pipeline = load_with(loader.as_ref(), paths, options, device)?;
    let quantization = match &options.isq {
        Some(isq) => isq.to_uppercase(),
        None if device.is_cpu() => "F32".to_owned(),
        None => "BF16".to_owned(),
    };
    let description = Description {
        architecture: folder.map_or_else(|| "unknown".to_owned(), architecture),
        quantization,
        pre_tokenizer: None,
    };
    Ok((pipeline, description))
}

fn load_with(
    loader: &dyn Loader,
    paths: Option<Box<dyn ModelPaths>>,
    options: &LoadOptions,
    device: &Device,
) -> Result<LoadedPipeline, LoadError> {
    let isq = match &options.isq {
        Some(text) => Some(parse_isq_value(text, Some(device)).map_err(|_| LoadError::Isq(text.clone()))?),
        None => None,
    };
    // "Auto" would be F16 on a CPU, which is slower there than F32.
    let dtype = if device.is_cpu() { ModelDType::F32 } else { ModelDType::Auto };
    let (mapping, paged) = memory(options, device)?;
    match paths {
        Some(paths) => loader.load_model_from_path(&paths, &dtype, device, true, mapping, isq, paged),
        None => loader.load_model_from_hf(None, TokenSource::CacheToken, &dtype, device, true, mapping, isq, paged),
    }
    .map_err(LoadError::engine)
}

/// There is no paged attention on a CPU, and nothing to map.
fn memory(
    options: &LoadOptions,
    device: &Device,
) -> Result<(DeviceMapSetting, Option<PagedAttentionConfig>), LoadError> {
    if device.is_cpu() {
        return Ok((DeviceMapSetting::dummy(), None));
    }
    let mut sizes = AutoDeviceMapParams::default_text();
    if let AutoDeviceMapParams::Text { max_seq_len, max_batch_size } = &mut sizes {
        *max_batch_size = options.max_running.get();
        if let Some(context_length) = options.context_length {
            *max_seq_len = context_length as usize;
        }
    }
    let pool = match options.paged_kv_mib {
        Some(mib) => MemoryGpuConfig::MbAmount(mib),
        None => MemoryGpuConfig::Utilization(0.9),
    };
    let paged = PagedAttentionConfig::new(None, pool, PagedCacheType::Auto).map_err(LoadError::engine)?;
    Ok((DeviceMapSetting::Auto(sizes), Some(paged)))
}

fn adapter_paths(folder: &Path) -> Result<AdapterPaths, LoadError> {
    let config = folder.join("adapter_config.json");
    let adapter_path = folder.join("adapter_model.safetensors");
    if !config.is_file() || !adapter_path.is_file() {
        return Err(LoadError::Adapter(folder.to_owned()));
    }
    let text = std::fs::read_to_string(&config).map_err(|source| LoadError::Read {
        path: config.clone(),
        source,
    })?;
    let lora_config = serde_json::from_str(&text)
        .map_err(|error| LoadError::engine(format!("{}: {error}", config.display())))?;
    Ok(AdapterPaths::Lora(vec![LoraAdapterPaths {
        lora_config,
        adapter_path,
    }]))
}

/// The engine's own search for adapters asks the hub even for a local folder, so with a local adapter
/// every path is named here.
fn local_paths(folder: &Path, adapter_paths: AdapterPaths) -> Result<Box<dyn ModelPaths>, LoadError> {
    let optional = |name: &str| Some(folder.join(name)).filter(|path| path.is_file());
    Ok(Box::new(LocalModelPaths {
        tokenizer_filename: folder.join("tokenizer.json"),
        config_filename: folder.join("config.json"),
        template_filename: optional("chat_template.jinja").or_else(|| optional("tokenizer_config.json")),
        filenames: weights(folder)?,
        adapter_paths,
        gen_conf: optional("generation_config.json"),
        preprocessor_config: None,
        processor_config: None,
        chat_template_json_filename: optional("chat_template.json"),
    }))
}

/// `model_type` of a config.json.
fn architecture(folder: &Path) -> String {
    std::fs::read(folder.join("config.json"))
        .ok()
        .and_then(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).ok())
        .and_then(|config| config["model_type"].as_str().map(str::to_owned))
        .unwrap_or_else(|| "unknown".to_owned())
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
            chat_template: pipeline.get_chat_template().ok_or(LoadError::NoChat("chat template"))?,
            max_tokens: metadata.max_seq_len,
            end_of_turn: metadata.eos_tok.clone().into(),
        })
    }
}

async fn start_engine(options: &LoadOptions, pipeline: &LoadedPipeline, device: &Device) -> Arc<MistralRs> {
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
    MistralRsBuilder::new(Arc::clone(pipeline) as Arc<Mutex<dyn Pipeline>>, scheduler, false, None)
        .with_no_prefix_cache(options.prefix_cache_sequences == 0)
        .with_prefix_cache_n(options.prefix_cache_sequences)
        // Each sequence is closed by us, see `logits`.
        .with_disable_eos_stop(true)
        .build()
        .await
}

fn build(
    options: &LoadOptions,
    parts: Parts,
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
    let encoder = PromptEncoder::new(template, &parts.tokenizer, description.pre_tokenizer.as_deref())
        .map_err(LoadError::engine)?;
    let model_limit = u32::try_from(parts.max_tokens).unwrap_or(u32::MAX);
    let context_length = options.context_length.unwrap_or(model_limit).min(model_limit);
    let empty_after = NonZeroUsize::new(options.prefix_cache_sequences)
        .filter(|_| device.is_cpu())
        .map(NonZeroUsize::get);
    let thread = EngineThread::new(runner, empty_after).map_err(LoadError::engine)?;
    Ok(MistralEngine {
        info: ModelInfo {
            name: options.model_name.clone().unwrap_or_else(|| options.model.name()),
            architecture: description.architecture,
            quantization: description.quantization,
            context_length,
            device: if device.is_cpu() { "cpu" } else { "cuda" },
        },
        control: control(&parts, &encoder)?,
        encoder,
        thread,
        next_request: AtomicUsize::new(1),
        tasks: TaskTracker::new(),
    })
}

/// The beginning-of-sequence token can close a sequence where it stands at the beginning of prompts
/// only; otherwise any control token that no conversation holds will do, and when there is none, the
/// end of the turn itself.
fn control(parts: &Parts, encoder: &PromptEncoder) -> Result<Control, LoadError> {
    let end_of_turn = Arc::clone(&parts.end_of_turn);
    let last_resort = *end_of_turn.first().ok_or(LoadError::NoChat("end-of-turn token"))?;
    let exempt: Arc<[u32]> = encoder.control_ids().collect();
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
