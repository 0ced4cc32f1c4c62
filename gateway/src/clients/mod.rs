//! The gRPC peers. Each file implements one trait of `domain::ports`; gRPC types end here.

pub mod classifier;
mod convert;
pub mod inference;

use std::time::Duration;

use telemetry::propagation::TraceInjector;
use tonic::{
    service::interceptor::InterceptedService,
    transport::{Channel, Endpoint},
};

/// How long connecting may take before a call fails.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How often an idle connection is checked, so that a peer that vanished is noticed.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// A channel that carries the trace context.
type TracedChannel = InterceptedService<Channel, TraceInjector>;

/// A channel to a peer. Connects on first use and again whenever the connection is lost, so that
/// the gateway starts and runs while a peer is down.
///
/// # Errors
/// The address is not a URL.
pub fn channel(url: &str) -> Result<Channel, tonic::transport::Error> {
    Ok(Endpoint::from_shared(url.to_owned())?
        .connect_timeout(CONNECT_TIMEOUT)
        .http2_keep_alive_interval(KEEP_ALIVE)
        .keep_alive_while_idle(true)
        .tcp_nodelay(true)
        .connect_lazy())
}
