//! The gRPC peers. Each file implements one trait of `domain::ports`; gRPC types end here.

pub mod classifier;
mod convert;
pub mod inference;

use std::time::Duration;

use peer_tls::{PeerTlsArgs, PeerTlsError, secure_endpoint};
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

/// Why a peer cannot be called as configured.
#[derive(Debug, thiserror::Error)]
pub enum ChannelError {
    /// The address is not a URL.
    #[error("--inference-url and --classifier-url must be URLs: {0}")]
    Url(#[from] tonic::transport::Error),
    /// The files of mutual TLS cannot be used, or the address contradicts them.
    #[error(transparent)]
    Tls(#[from] PeerTlsError),
}

/// A channel in plain HTTP/2, otherwise as [`secure_channel`].
///
/// # Errors
/// The address is not a URL, or it is `https://`.
pub fn channel(url: &str) -> Result<Channel, ChannelError> {
    secure_channel(url, &PeerTlsArgs::default())
}

/// A channel to a peer, over mutual TLS when there are settings for it. Connects on first use and
/// again whenever the connection is lost, so that the gateway starts and runs while a peer is down.
///
/// # Errors
/// The address is not a URL, a file cannot be used, or one asks for TLS and the other does not.
pub fn secure_channel(url: &str, tls: &PeerTlsArgs) -> Result<Channel, ChannelError> {
    let endpoint = Endpoint::from_shared(url.to_owned())?
        .connect_timeout(CONNECT_TIMEOUT)
        .http2_keep_alive_interval(KEEP_ALIVE)
        .keep_alive_while_idle(true)
        .tcp_nodelay(true);
    Ok(secure_endpoint(endpoint, tls.client_config()?.as_ref())?.connect_lazy())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_address_that_asks_for_tls_needs_a_certificate() {
        assert!(channel("http://127.0.0.1:50051").is_ok());
        let error = channel("https://127.0.0.1:50051").unwrap_err();
        assert!(error.to_string().contains("--peer-tls-ca"), "{error}");
    }

    #[test]
    fn what_is_not_a_url_is_named_as_such() {
        let error = channel("not a url").unwrap_err();
        assert!(matches!(error, ChannelError::Url(_)), "{error}");
    }
}
