//! The jobs of the trainer on tiny models and a handful of texts.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on should say where"
)]

mod convert_encoder;
mod dataset;
mod requantize;
mod training;
