//! Whose request is this, for rate limits only: the address of the connection, or what a trusted
//! proxy says it is. It is never logged and never stored.

use std::net::{IpAddr, SocketAddr};

use axum::{extract::ConnectInfo, http::Request};
use tower_governor::{GovernorError, key_extractor::KeyExtractor};

/// Finds the key of the rate limit.
#[derive(Debug, Clone)]
pub struct ClientAddress {
    header: Option<String>,
}

impl ClientAddress {
    /// `header` is set by a proxy in front; its last entry counts, because a client can write the
    /// earlier ones itself.
    #[must_use]
    pub const fn new(header: Option<String>) -> Self {
        Self { header }
    }
}

impl KeyExtractor for ClientAddress {
    type Key = IpAddr;

    fn extract<T>(&self, request: &Request<T>) -> Result<IpAddr, GovernorError> {
        let from_proxy = self
            .header
            .as_ref()
            .and_then(|name| request.headers().get(name))
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.rsplit(',').next())
            .and_then(|value| value.trim().parse().ok());
        let from_connection = || {
            request
                .extensions()
                .get::<ConnectInfo<SocketAddr>>()
                .map(|info| info.0.ip())
        };
        from_proxy
            .or_else(from_connection)
            .ok_or(GovernorError::UnableToExtractKey)
    }
}
