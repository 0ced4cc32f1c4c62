//! The jobs of the trainer on tiny models and a handful of texts.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on should say where"
)]

mod compare;
mod convert_encoder;
mod dataset;
mod dpo_formula;
mod eda;
mod language_model;
mod prepare;
mod reference;
mod requantize;
mod resume;
mod tiny_llama;
mod training;
