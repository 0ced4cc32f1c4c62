//! The service that turns a conversation into a streamed reply. gRPC calls come in (`grpc`), are
//! admitted, timed and shaped (`generation`), and run on mistral.rs (`engine`). `app` wires them.

pub mod app;
pub mod config;
pub mod engine;
pub mod error;
pub mod generation;
pub mod grpc;
