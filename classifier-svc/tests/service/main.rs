//! The service over real gRPC on a free port, with the tiny random model or with a gated one that
//! computes only when the test lets it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on should say where"
)]

mod calls;
mod lifecycle;
mod process;
mod queue;
mod support;
mod tls;
