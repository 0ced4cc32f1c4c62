//! What every service does the same way: logs and traces, metrics, W3C context propagation, the
//! admin port, readiness and shutdown. Names, counts and durations pass through here; the words of
//! a person never do.

pub mod admin;
pub mod exit;
mod init;
pub mod privacy;
pub mod propagation;
mod readiness;
mod request;
pub mod shutdown;

pub use init::{InitError, LogFormat, MetricsHandle, TelemetryArgs, TelemetryGuard, init};
pub use readiness::Readiness;
