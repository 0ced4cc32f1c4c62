//! What the gateway decides: who may begin, what an answer sheet means, which words are a crisis,
//! what the model is asked and which of its words reach a person. Pure rules over plain values; the
//! outside is reached through the traits in `ports`.

pub mod assessment;
pub mod chat;
pub mod content;
pub mod export;
pub mod guardrails;
pub mod ports;
pub mod questionnaire;
pub mod safety_plan;
pub mod session;
