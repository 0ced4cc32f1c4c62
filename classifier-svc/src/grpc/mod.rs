//! The gRPC edge: parse, call the domain, convert. Wire types are converted in `convert`, calls are
//! answered in `service`. Nothing is decided here.

mod convert;
mod deadline;
mod service;

pub use self::service::{ClassifierGrpc, LoadedClassifier};
