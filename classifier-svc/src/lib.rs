//! The classifier service: texts come in over gRPC, labels with probabilities go out. Requests wait
//! in one bounded queue, are gathered into micro-batches and computed by one worker thread that
//! owns the model. Heads and labels are whatever the model folder declares.

pub mod app;
pub mod classify;
pub mod config;
pub mod error;
pub mod grpc;
