//! The DistilBERT encoder with its classification heads, on the CPU. In: a model folder and texts.
//! Out: probabilities for each label of each head, or the pooled embeddings that heads are trained
//! on. Used by the service that classifies and by the trainer, so the two cannot drift apart.
//!
//! Texts of a batch are laid one after the other ("packed"), never padded: a linear layer sees
//! `[tokens, dim]`, attention looks at one text at a time. So a text costs its own length only, and
//! its result does not depend on its neighbours.

mod attention;
mod config;
mod encoder;
mod error;
mod head;
mod kernels;
mod layer;
mod model;
mod ops;
mod packed;
mod product;
#[cfg(feature = "testing")]
pub mod testing;
mod tile;
mod tokens;
mod weights;

pub use crate::{
    config::{Activation, Pooling},
    encoder::{Classification, Encoder, HeadScores, LabelScore, set_threads},
    error::EncoderError,
    head::Head,
    tokens::Tokens,
};
