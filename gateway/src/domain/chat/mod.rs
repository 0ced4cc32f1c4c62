//! The conversation: what counts as a message, the prompt, and the turn pipeline that everything
//! else serves.

pub mod admission;
mod conversation;
pub mod events;
pub mod message;
mod pause;
pub mod prompt;
pub(crate) mod reply;
mod reviewed;
mod runner;
pub(crate) mod sink;
pub mod turn;
