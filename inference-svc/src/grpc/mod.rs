//! The gRPC edge of `inference.v1`: wire types are converted in `convert`, calls are answered in
//! `service`, deadlines are read in `deadline`. Nothing is decided here.

mod convert;
mod deadline;
mod service;

pub use service::{InferenceGrpc, LoadedModel};
