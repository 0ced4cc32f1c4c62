//! The safety pipeline: what a person writes is read by rules and by the classifier, one function
//! decides what follows, and what the model writes passes a gate sentence by sentence. Nothing here
//! waits for anything, so all of it works when every other service is down.

pub mod alternatives;
pub mod before;
pub mod concern;
mod contacts;
#[cfg(test)]
mod corpus;
pub mod crisis;
pub mod decide;
mod decode;
mod disguise;
pub mod guard;
pub mod input;
pub mod lexicon;
pub mod normalise;
pub mod output;
pub mod replies;
pub mod route;
pub mod rules;
mod sayings;
pub mod sentences;

pub use self::route::SafetyState;
