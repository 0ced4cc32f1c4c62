//! Both ends of mutual TLS over real sockets, with certificates made on the spot.
//!
//! The server is gRPC health, served as our services serve; the caller connects as the gateway does.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on should say where"
)]

mod files;
mod handshake;
mod support;
