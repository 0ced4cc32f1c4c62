//! Whose request is this, for rate limits only: the address of the connection, or what a trusted
//! proxy says it is. Only a keyed hash of it stays in memory; it is never logged and never stored.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::{
    extract::ConnectInfo,
    http::{Extensions, HeaderMap, Request},
};
use tower_governor::{GovernorError, key_extractor::KeyExtractor};

use crate::domain::chat::admission::ClientKey;

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

    /// Who it is, for limits. Requests without an address are one client.
    #[must_use]
    pub fn key(&self, headers: &HeaderMap, extensions: &Extensions) -> ClientKey {
        ClientKey::of(self.find(headers, extensions))
    }

    /// The address that a request comes from, as far as it tells clients apart.
    fn find(&self, headers: &HeaderMap, extensions: &Extensions) -> Option<IpAddr> {
        let from_proxy = self
            .header
            .as_ref()
            .and_then(|name| headers.get(name))
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.rsplit(',').next())
            .and_then(|value| value.trim().parse().ok());
        let from_connection = || {
            extensions
                .get::<ConnectInfo<SocketAddr>>()
                .map(|info| info.0.ip())
        };
        from_proxy.or_else(from_connection).map(network)
    }
}

impl KeyExtractor for ClientAddress {
    type Key = ClientKey;

    fn extract<T>(&self, request: &Request<T>) -> Result<ClientKey, GovernorError> {
        Ok(self.key(request.headers(), request.extensions()))
    }
}

/// One subscriber has a whole /64 of IPv6 addresses (RFC 6177), so that is what counts.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_one_subscriber_are_one_client() {
        let network = |text: &str| network(text.parse().unwrap()).to_string();
        assert_eq!(network("2001:db8:1:2:aaaa::1"), network("2001:db8:1:2::9"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_eq!(network("::ffff:192.0.2.1"), "192.0.2.1");
    }
}
