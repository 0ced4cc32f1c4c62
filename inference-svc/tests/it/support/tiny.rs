//! A tiny model of Mistral's shape (grouped-query attention, SwiGLU, RMS norm, rotary positions) whose
//! weights make it recite a script: each token's embedding is one axis, and the output row of its
//! successor looks at that axis. Small random weights everywhere else are noise that it rides over.

use std::collections::HashMap;

use rand::{Rng, SeedableRng, rngs::StdRng};

pub(crate) const WIDTH: usize = 320;
pub(crate) const HEADS: usize = 10;
pub(crate) const KEY_VALUE_HEADS: usize = 2;
pub(crate) const HEAD_WIDTH: usize = WIDTH / HEADS;
pub(crate) const INNER: usize = 64;
pub(crate) const LAYERS: usize = 2;
pub(crate) const CONTEXT: u32 = 512;

pub(crate) const START: &str = "<|im_start|>";
pub(crate) const END: &str = "<|im_end|>";
pub(crate) const END_ID: u32 = 3;
const FIRST_BYTE_ID: u32 = 4;

/// ChatML without a default system prompt; the reply begins after "assistant\n".
pub(crate) const CHATML: &str = "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

/// A matrix in row-major order: shape and values.
pub(crate) type Tensor = (Vec<usize>, Vec<f32>);

/// What the model says after a newline.
pub(crate) enum Script {
    /// These bytes, then the end of the turn. No byte may come twice.
    Says(Vec<u8>),
    /// These bytes over and over.
    Repeats(&'static str),
}

impl Script {
    pub(crate) fn says(text: &str) -> Self {
        Self::Says(text.bytes().collect())
    }
}

/// The vocabulary: special tokens, one token for each byte, one merge.
pub(crate) fn vocabulary() -> Vec<String> {
    let mut tokens: Vec<String> = ["<s>", "</s>", START, END].map(str::to_owned).into();
    tokens.extend((0..=255).map(|byte| byte_character(byte).to_string()));
    tokens.push("he".into());
    tokens
}

pub(crate) fn merges() -> Vec<String> {
    vec!["h e".into()]
}

fn id_of(byte: u8) -> usize {
    (FIRST_BYTE_ID + u32::from(byte)) as usize
}

/// GPT-2's printable stand-in for a byte.
fn byte_character(byte: u8) -> char {
    let printable = |byte: u8| matches!(byte, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF);
    if printable(byte) {
        return char::from(byte);
    }
    let position = (0..byte).filter(|&other| !printable(other)).count();
    char::from_u32(256 + u32::try_from(position).unwrap()).unwrap()
}

/// Weights under their Hugging Face names.
pub(crate) fn weights(script: &Script) -> HashMap<String, Tensor> {
    let mut random = StdRng::seed_from_u64(7);
    let mut noise = |rows: usize, columns: usize| -> Tensor {
        let values = (0..rows * columns)
            .map(|_| random.random_range(-0.01..0.01))
            .collect();
        (vec![rows, columns], values)
    };
    let ones = || -> Tensor { (vec![WIDTH], vec![1.0; WIDTH]) };
    let mut tensors = HashMap::new();
    for layer in 0..LAYERS {
        let mut put = |name: &str, tensor| {
            tensors.insert(format!("model.layers.{layer}.{name}.weight"), tensor);
        };
        let narrow = KEY_VALUE_HEADS * HEAD_WIDTH;
        put("input_layernorm", ones());
        put("self_attn.q_proj", noise(WIDTH, WIDTH));
        put("self_attn.k_proj", noise(narrow, WIDTH));
        put("self_attn.v_proj", noise(narrow, WIDTH));
        put("self_attn.o_proj", noise(WIDTH, WIDTH));
        put("post_attention_layernorm", ones());
        put("mlp.gate_proj", noise(INNER, WIDTH));
        put("mlp.up_proj", noise(INNER, WIDTH));
        put("mlp.down_proj", noise(WIDTH, INNER));
    }
    let rows = vocabulary().len();
    let mut embedding = vec![0.0; rows * WIDTH];
    for id in 0..rows {
        embedding[id * WIDTH + id] = 1.0;
    }
    tensors.insert(
        "model.embed_tokens.weight".into(),
        (vec![rows, WIDTH], embedding),
    );
    tensors.insert("model.norm.weight".into(), ones());
    tensors.insert(
        "lm_head.weight".into(),
        (vec![rows, WIDTH], successors(script, rows)),
    );
    tensors
}

/// The output matrix: row `next` looks at the axis of the token before it.
fn successors(script: &Script, rows: usize) -> Vec<f32> {
    let (bytes, after_last): (&[u8], usize) = match script {
        Script::Says(bytes) => (bytes, END_ID as usize),
        Script::Repeats(text) => (text.as_bytes(), id_of(text.as_bytes()[0])),
    };
    let ids: Vec<usize> = bytes.iter().map(|&byte| id_of(byte)).collect();
    let mut chain = vec![(id_of(b'\n'), ids[0])];
    chain.extend(ids.windows(2).map(|pair| (pair[0], pair[1])));
    chain.push((ids[ids.len() - 1], after_last));
    let mut output = vec![0.0; rows * WIDTH];
    for (token, next) in chain {
        output[next * WIDTH + token] = 1.0;
    }
    output
}
