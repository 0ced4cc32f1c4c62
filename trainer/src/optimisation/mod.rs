//! How weights change: gradients that add up over examples, AdamW, the learning rate.

pub mod adamw;
pub mod gradients;
pub mod workers;

pub use self::{
    adamw::{AdamW, AdamWSettings, cosine_with_warmup},
    gradients::Gradients,
    workers::Workers,
};
