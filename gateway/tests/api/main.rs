//! The gateway over HTTP, with real gRPC peers that follow a script. One binary; the files mirror
//! the calls.

mod chat;
mod crisis;
mod hardening;
mod journey;
mod peers;
mod sessions;
mod support;
