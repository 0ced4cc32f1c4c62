//! Loads a model through mistral.rs's loaders: the weights, the tokenizer, the chat template, and the
//! engine thread that will run it. Everything that can be checked before is, so that what goes wrong
//! is one clear line.

use std::path::Path;

use mistralrs::{
    AutoDeviceMapParams, Device, DeviceMapSetting, TokenSource,
    core::{
        AdapterPaths, GGUFLoaderBuilder, GGUFSpecificConfig, Loader, LocalModelPaths,
        LoraAdapterPaths, MemoryGpuConfig, ModelDType, ModelPaths, NormalLoaderBuilder,
        NormalSpecificConfig, PagedAttentionConfig, PagedCacheType,
    },
    parse_isq_value,
};

use super::{
    LoadError, LoadOptions, MistralEngine, ModelSource,
    build::{self, Description, LoadedPipeline},
    gguf::read_header,
    source::{check_folder, is_hub_id, weights},
};

/// Loads a model and starts its engine. Blocks a thread of its own while reading weights.
///
/// # Errors
/// See [`LoadError`].
pub async fn load(options: LoadOptions) -> Result<MistralEngine, LoadError> {
    let device = device()?;
    let weights_options = options.clone();
    let weights_device = device.clone();
    let loaded =
        tokio::task::spawn_blocking(move || load_weights(&weights_options, &weights_device)).await;
    // The engine panics on some malformed files.
    let (pipeline, description) =
        loaded.map_err(|_| LoadError::Engine("a file of the model is malformed".to_owned()))??;
    build::engine(&options, &pipeline, description, &device).await
}

fn device() -> Result<Device, LoadError> {
    if cfg!(feature = "cuda") {
        Device::new_cuda(0).map_err(LoadError::engine)
    } else {
        Ok(Device::Cpu)
    }
}

fn load_weights(
    options: &LoadOptions,
    device: &Device,
) -> Result<(LoadedPipeline, Description), LoadError> {
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
    let file = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
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
        (None, Some(_)) => {
            return Err(LoadError::Engine(
                "a local adapter needs a local model: download the model first".to_owned(),
            ));
        }
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
        Some(text) => {
            Some(parse_isq_value(text, Some(device)).map_err(|_| LoadError::Isq(text.clone()))?)
        }
        None => None,
    };
    // "Auto" would be F16 on a CPU, which is slower there than F32.
    let dtype = if device.is_cpu() {
        ModelDType::F32
    } else {
        ModelDType::Auto
    };
    let (mapping, paged) = memory(options, device)?;
    match paths {
        Some(paths) => {
            loader.load_model_from_path(&paths, &dtype, device, true, mapping, isq, paged)
        }
        None => loader.load_model_from_hf(
            None,
            TokenSource::CacheToken,
            &dtype,
            device,
            true,
            mapping,
            isq,
            paged,
        ),
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
    if let AutoDeviceMapParams::Text {
        max_seq_len,
        max_batch_size,
    } = &mut sizes
    {
        *max_batch_size = options.max_running.get();
        if let Some(context_length) = options.context_length {
            *max_seq_len = context_length as usize;
        }
    }
    let pool = match options.paged_kv_mib {
        Some(mib) => MemoryGpuConfig::MbAmount(mib),
        None => MemoryGpuConfig::Utilization(0.9),
    };
    let paged =
        PagedAttentionConfig::new(None, pool, PagedCacheType::Auto).map_err(LoadError::engine)?;
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
fn local_paths(
    folder: &Path,
    adapter_paths: AdapterPaths,
) -> Result<Box<dyn ModelPaths>, LoadError> {
    let optional = |name: &str| Some(folder.join(name)).filter(|path| path.is_file());
    Ok(Box::new(LocalModelPaths {
        tokenizer_filename: folder.join("tokenizer.json"),
        config_filename: folder.join("config.json"),
        template_filename: optional("chat_template.jinja")
            .or_else(|| optional("tokenizer_config.json")),
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
