//! The gateway over HTTP, with real gRPC peers that follow a script. One binary; the files mirror
//! the calls.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failure in a test should stop it where it is"
)]

mod chat;
mod crisis;
mod hardening;
mod journey;
mod peers;
mod safety_plan;
mod second_opinion;
mod sessions;
mod support;
