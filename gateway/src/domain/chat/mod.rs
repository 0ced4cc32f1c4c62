//! The conversation: what counts as a message, the prompt, and the turn pipeline that everything
//! else serves.

mod conversation;
pub mod events;
pub mod message;
pub mod prompt;
pub(crate) mod reply;
mod reviewed;
mod runner;
pub(crate) mod sink;
pub mod turn;
