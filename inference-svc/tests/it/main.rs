//! The service over real gRPC on port 0: with a scripted engine where timing matters, and with tiny
//! models that the tests write themselves where the engine matters.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a helper that fails is a test that fails"
)]

mod admission;
mod command_line;
mod drain;
mod endings;
mod health;
mod models;
mod privacy;
mod prompts;
mod support;
