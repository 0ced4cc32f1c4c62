//! One tiny random llama in both forms: a Hugging Face folder, and a GGUF file with its reordered rows.

use std::{collections::HashMap, fs, path::Path};

use candle_core::{
    Device, Tensor,
    quantized::{
        GgmlDType, QTensor,
        gguf_file::{self, Value},
    },
    safetensors,
};
use rand::{Rng, SeedableRng, rngs::StdRng};
use serde_json::json;
use trainer::language_model::load::gguf_name;

pub(crate) const HIDDEN: usize = 32;
pub(crate) const LAYERS: usize = 2;
pub(crate) const HEADS: usize = 4;
pub(crate) const KV_HEADS: usize = 2;
pub(crate) const INTERMEDIATE: usize = 64;
pub(crate) const VOCABULARY: usize = 50;
const HEAD_WIDTH: usize = HIDDEN / HEADS;

type Weights = HashMap<String, Tensor>;

/// Weights under Hugging Face's names.
pub(crate) fn weights() -> Weights {
    let mut random = StdRng::seed_from_u64(5);
    let mut tensor = |shape: &[usize], middle: f32| {
        let count = shape.iter().product();
        let values: Vec<f32> = (0..count)
            .map(|_| middle + random.random_range(-0.3..0.3))
            .collect();
        Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
    };
    let kv = KV_HEADS * HEAD_WIDTH;
    let mut weights = Weights::new();
    weights.insert(
        "model.embed_tokens.weight".into(),
        tensor(&[VOCABULARY, HIDDEN], 0.0),
    );
    weights.insert("model.norm.weight".into(), tensor(&[HIDDEN], 1.0));
    for layer in 0..LAYERS {
        let shapes: [(&str, Vec<usize>, f32); 9] = [
            ("input_layernorm", vec![HIDDEN], 1.0),
            ("post_attention_layernorm", vec![HIDDEN], 1.0),
            ("self_attn.q_proj", vec![HIDDEN, HIDDEN], 0.0),
            ("self_attn.k_proj", vec![kv, HIDDEN], 0.0),
            ("self_attn.v_proj", vec![kv, HIDDEN], 0.0),
            ("self_attn.o_proj", vec![HIDDEN, HIDDEN], 0.0),
            ("mlp.gate_proj", vec![INTERMEDIATE, HIDDEN], 0.0),
            ("mlp.up_proj", vec![INTERMEDIATE, HIDDEN], 0.0),
            ("mlp.down_proj", vec![HIDDEN, INTERMEDIATE], 0.0),
        ];
        for (name, shape, middle) in shapes {
            weights.insert(
                format!("model.layers.{layer}.{name}.weight"),
                tensor(&shape, middle),
            );
        }
    }
    weights
}

/// Writes config.json and model.safetensors.
pub(crate) fn write_folder(folder: &Path) {
    safetensors::save(&weights(), folder.join("model.safetensors")).unwrap();
    let config = json!({
        "architectures": ["LlamaForCausalLM"], "hidden_size": HIDDEN, "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS, "num_key_value_heads": KV_HEADS,
        "intermediate_size": INTERMEDIATE, "vocab_size": VOCABULARY,
        "max_position_embeddings": 64, "rms_norm_eps": 1e-5, "rope_theta": 10000.0
    });
    fs::write(folder.join("config.json"), config.to_string()).unwrap();
}

/// Writes the same model as a GGUF file of 32-bit numbers.
pub(crate) fn write_gguf(path: &Path) {
    let number = |value: usize| Value::U32(u32::try_from(value).unwrap());
    let metadata = [
        ("general.architecture", Value::String("llama".into())),
        ("llama.embedding_length", number(HIDDEN)),
        ("llama.block_count", number(LAYERS)),
        ("llama.attention.head_count", number(HEADS)),
        ("llama.attention.head_count_kv", number(KV_HEADS)),
        ("llama.attention.layer_norm_rms_epsilon", Value::F32(1e-5)),
        ("llama.feed_forward_length", number(INTERMEDIATE)),
        ("llama.context_length", number(64)),
        ("llama.rope.freq_base", Value::F32(10000.0)),
        ("llama.rope.dimension_count", number(HEAD_WIDTH)),
    ];
    let tensors: Vec<(String, QTensor)> = weights()
        .iter()
        .map(|(name, tensor)| {
            let heads = if name.contains("q_proj") {
                Some(HEADS)
            } else {
                name.contains("k_proj").then_some(KV_HEADS)
            };
            let tensor = match heads {
                Some(heads) => neighbours(tensor, heads),
                None => tensor.clone(),
            };
            let stored = QTensor::quantize(&tensor, GgmlDType::F32).unwrap();
            (gguf_name(name).unwrap(), stored)
        })
        .collect();
    let metadata: Vec<_> = metadata.iter().map(|(key, value)| (*key, value)).collect();
    let tensors: Vec<_> = tensors
        .iter()
        .map(|(name, tensor)| (name.as_str(), tensor))
        .collect();
    let mut file = fs::File::create(path).unwrap();
    gguf_file::write(&mut file, &metadata, &tensors).unwrap();
}

/// llama.cpp's reordering: the two halves of each head are woven into each other.
fn neighbours(weight: &Tensor, heads: usize) -> Tensor {
    let (rows, columns) = weight.dims2().unwrap();
    weight
        .reshape((heads, 2, rows / heads / 2, columns))
        .unwrap()
        .transpose(1, 2)
        .unwrap()
        .contiguous()
        .unwrap()
        .reshape((rows, columns))
        .unwrap()
}
