//! Supervised and preference training of an adapter: pairs and conversations in; an adapter in PEFT's
//! format, a log of every figure and a report out.

pub mod checkpoint;
pub mod dpo;
pub mod examples;
pub mod frames;
pub mod log;
pub mod loss;
pub mod report;
pub mod run;
pub mod setup;
pub mod sft;
pub mod tensorboard;
