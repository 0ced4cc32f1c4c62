//! The gateway over HTTP, with real gRPC peers that follow a script. One binary; the files mirror
//! the calls.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failure in a test should stop it where it is"
)]

mod canary;
mod chat;
mod crisis;
mod faults;
mod hardening;
mod journey;
mod limits;
mod peers;
#[path = "../common/postgres.rs"]
mod postgres;
mod process;
mod recovery;
mod safety_plan;
mod second_opinion;
mod sessions;
mod support;
mod tls;
