//! A llama-shaped language model that can be trained through LoRA adapters, on the CPU or a GPU. In: a
//! GGUF file or a Hugging Face folder, and token ids. Out: log-probabilities with a graph back to the
//! adapter. The computation is checked against the engine that serves the model.

pub mod adapter;
pub mod backward;
pub mod chat;
pub mod config;
mod layer;
pub mod load;
pub mod model;
pub mod peft;

pub use self::{
    adapter::{Adapter, AdapterConfig, Module},
    backward::Pass,
    chat::Chat,
    config::{ModelConfig, RopeLayout},
    load::Precision,
    model::{LanguageModel, ReplyScores},
};
