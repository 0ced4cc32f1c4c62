//! Helpers for tests against the running product: where it is, a visitor over HTTP, and a listing
//! of gRPC services through reflection. The tests themselves are in `tests/`.

pub mod grpc;
pub mod stack;
pub mod visitor;
