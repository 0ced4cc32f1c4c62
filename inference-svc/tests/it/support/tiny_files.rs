//! Writes a tiny model as a GGUF file, or as a folder of Hugging Face files, with or without a LoRA
//! adapter beside it.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
};

use safetensors::tensor::{Dtype, TensorView};
use serde_json::json;

use super::tiny::{
    CHATML, CONTEXT, END, END_ID, HEAD_WIDTH, HEADS, INNER, KEY_VALUE_HEADS, LAYERS, START, Script,
    Tensor, WIDTH, merges, vocabulary, weights,
};

/// A folder of its own below the build directory.
pub(crate) fn folder(name: &str) -> PathBuf {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    let path = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("{name}-{}-{next}", std::process::id()));
    let _was_not_there = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

/// A GGUF file with F32 weights.
pub(crate) fn gguf(script: &Script) -> PathBuf {
    gguf_with_template(script, CHATML)
}

pub(crate) fn gguf_with_template(script: &Script, template: &str) -> PathBuf {
    let path = folder("gguf").join("tiny.gguf");
    let tensors: Vec<(String, Tensor)> = weights(script)
        .into_iter()
        .map(|(name, tensor)| (gguf_name(&name), tensor))
        .collect();
    let entries = metadata(template);
    let mut bytes = b"GGUF".to_vec();
    bytes.extend(3_u32.to_le_bytes());
    bytes.extend((tensors.len() as u64).to_le_bytes());
    bytes.extend((entries.len() as u64).to_le_bytes());
    for (key, value) in entries {
        text(&mut bytes, key);
        value.write(&mut bytes);
    }
    let mut offset = 0_u64;
    for (name, (shape, values)) in &tensors {
        text(&mut bytes, name);
        bytes.extend(u32::try_from(shape.len()).unwrap().to_le_bytes());
        // GGUF lists the fastest dimension first.
        for &size in shape.iter().rev() {
            bytes.extend((size as u64).to_le_bytes());
        }
        bytes.extend(0_u32.to_le_bytes());
        bytes.extend(offset.to_le_bytes());
        offset += (values.len() as u64 * 4).next_multiple_of(32);
    }
    for (_, (_, values)) in &tensors {
        bytes.resize(bytes.len().next_multiple_of(32), 0);
        bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    }
    fs::write(&path, bytes).unwrap();
    path
}

enum Value {
    Number(u32),
    Float(f32),
    Text(String),
    Texts(Vec<String>),
    Numbers(Vec<i32>),
}

impl Value {
    fn write(&self, bytes: &mut Vec<u8>) {
        let array = |bytes: &mut Vec<u8>, element: u32, length: usize| {
            bytes.extend(9_u32.to_le_bytes());
            bytes.extend(element.to_le_bytes());
            bytes.extend((length as u64).to_le_bytes());
        };
        match self {
            Self::Number(number) => {
                bytes.extend(4_u32.to_le_bytes());
                bytes.extend(number.to_le_bytes());
            }
            Self::Float(number) => {
                bytes.extend(6_u32.to_le_bytes());
                bytes.extend(number.to_le_bytes());
            }
            Self::Text(value) => {
                bytes.extend(8_u32.to_le_bytes());
                text(bytes, value);
            }
            Self::Texts(values) => {
                array(bytes, 8, values.len());
                values.iter().for_each(|value| text(bytes, value));
            }
            Self::Numbers(values) => {
                array(bytes, 5, values.len());
                values
                    .iter()
                    .for_each(|value| bytes.extend(value.to_le_bytes()));
            }
        }
    }
}

fn text(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend((text.len() as u64).to_le_bytes());
    bytes.extend(text.as_bytes());
}

fn metadata(template: &str) -> Vec<(&'static str, Value)> {
    let number = |value: usize| Value::Number(u32::try_from(value).unwrap());
    let tokens = vocabulary();
    let kinds = (0..tokens.len())
        .map(|id| if id < 4 { 3 } else { 1 })
        .collect();
    vec![
        ("general.architecture", Value::Text("llama".into())),
        ("llama.block_count", number(LAYERS)),
        ("llama.context_length", Value::Number(CONTEXT)),
        ("llama.embedding_length", number(WIDTH)),
        ("llama.feed_forward_length", number(INNER)),
        ("llama.attention.head_count", number(HEADS)),
        ("llama.attention.head_count_kv", number(KEY_VALUE_HEADS)),
        ("llama.rope.dimension_count", number(HEAD_WIDTH)),
        ("llama.rope.freq_base", Value::Float(10_000.0)),
        ("llama.attention.layer_norm_rms_epsilon", Value::Float(1e-5)),
        ("tokenizer.ggml.model", Value::Text("gpt2".into())),
        ("tokenizer.ggml.pre", Value::Text("gpt-2".into())),
        ("tokenizer.ggml.tokens", Value::Texts(tokens)),
        ("tokenizer.ggml.token_type", Value::Numbers(kinds)),
        ("tokenizer.ggml.merges", Value::Texts(merges())),
        ("tokenizer.ggml.bos_token_id", Value::Number(0)),
        ("tokenizer.ggml.eos_token_id", Value::Number(END_ID)),
        ("tokenizer.chat_template", Value::Text(template.into())),
    ]
}

fn gguf_name(name: &str) -> String {
    let mut name = name
        .replace("model.layers.", "blk.")
        .replace("post_attention_layernorm", "ffn_norm")
        .replace("input_layernorm", "attn_norm")
        .replace("model.embed_tokens", "token_embd")
        .replace("model.norm", "output_norm")
        .replace("lm_head", "output");
    for part in ["q", "k", "v"] {
        name = name.replace(&format!("self_attn.{part}_proj"), &format!("attn_{part}"));
    }
    for part in ["gate", "up", "down"] {
        name = name.replace(&format!("mlp.{part}_proj"), &format!("ffn_{part}"));
    }
    name.replace("self_attn.o_proj", "attn_output")
}

/// A folder with config.json, tokenizer.json, tokenizer_config.json and model.safetensors.
pub(crate) fn safetensors(script: &Script) -> PathBuf {
    let path = folder("safetensors");
    let config = json!({
        "architectures": ["MistralForCausalLM"], "model_type": "mistral",
        "vocab_size": vocabulary().len(), "hidden_size": WIDTH, "intermediate_size": INNER,
        "num_hidden_layers": LAYERS, "num_attention_heads": HEADS,
        "num_key_value_heads": KEY_VALUE_HEADS, "hidden_act": "silu", "rms_norm_eps": 1e-5,
        "max_position_embeddings": CONTEXT, "rope_theta": 10000.0, "sliding_window": null,
        "tie_word_embeddings": false, "torch_dtype": "float32"
    });
    fs::write(path.join("config.json"), config.to_string()).unwrap();
    fs::write(path.join("tokenizer.json"), tokenizer().to_string()).unwrap();
    let tokenizer_config = json!({
        "bos_token": "<s>", "eos_token": END, "chat_template": CHATML,
        "tokenizer_class": "PreTrainedTokenizerFast"
    });
    fs::write(
        path.join("tokenizer_config.json"),
        tokenizer_config.to_string(),
    )
    .unwrap();
    write_tensors(&path.join("model.safetensors"), &weights(script));
    path
}

fn tokenizer() -> serde_json::Value {
    let tokens = vocabulary();
    let vocab: serde_json::Map<String, serde_json::Value> = tokens
        .iter()
        .enumerate()
        .map(|(id, token)| (token.clone(), json!(id)))
        .collect();
    let special = |id: usize, content: &str| {
        json!({"id": id, "content": content, "single_word": false, "lstrip": false,
               "rstrip": false, "normalized": false, "special": true})
    };
    let byte_level = json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true});
    json!({
        "version": "1.0", "truncation": null, "padding": null,
        "added_tokens": [special(0, "<s>"), special(1, "</s>"), special(2, START), special(3, END)],
        "normalizer": null, "pre_tokenizer": byte_level, "post_processor": null,
        "decoder": byte_level,
        "model": {"type": "BPE", "dropout": null, "unk_token": null,
                  "continuing_subword_prefix": null, "end_of_word_suffix": null, "fuse_unk": false,
                  "byte_fallback": false, "ignore_merges": false, "vocab": vocab,
                  "merges": merges()}
    })
}

/// A PEFT folder with an adapter on the down projections; at strength 0 it adds nothing.
pub(crate) fn adapter(strength: f32) -> PathBuf {
    let path = folder("adapter");
    let config = json!({"r": 4, "lora_alpha": 8, "target_modules": ["down_proj"],
                        "peft_type": "LORA", "lora_dropout": 0.0, "bias": "none"});
    fs::write(path.join("adapter_config.json"), config.to_string()).unwrap();
    let mut tensors = HashMap::new();
    for layer in 0..LAYERS {
        let name = format!("base_model.model.model.layers.{layer}.mlp.down_proj");
        let down = (0..WIDTH * 4)
            .map(|index| if index % 7 == 0 { strength } else { 0.0 })
            .collect();
        tensors.insert(
            format!("{name}.lora_A.weight"),
            (vec![4, INNER], vec![1.0; 4 * INNER]),
        );
        tensors.insert(format!("{name}.lora_B.weight"), (vec![WIDTH, 4], down));
    }
    write_tensors(&path.join("adapter_model.safetensors"), &tensors);
    path
}

fn write_tensors(path: &Path, tensors: &HashMap<String, Tensor>) {
    let bytes: Vec<(&String, &Vec<usize>, Vec<u8>)> = tensors
        .iter()
        .map(|(name, (shape, values))| {
            (
                name,
                shape,
                values
                    .iter()
                    .flat_map(|value| value.to_le_bytes())
                    .collect(),
            )
        })
        .collect();
    let views = bytes.iter().map(|(name, shape, bytes)| {
        (
            *name,
            TensorView::new(Dtype::F32, (*shape).clone(), bytes).unwrap(),
        )
    });
    safetensors::serialize_to_file(views, None, path).unwrap();
}
