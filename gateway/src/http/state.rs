//! What every handler can reach. Built once by `app`.

use std::sync::Arc;

use telemetry::Readiness;
use time::OffsetDateTime;

use super::client_address::ClientAddress;
use crate::domain::{
    chat::turn::TurnRunner,
    content::Content,
    ports::{Store, TextClassifier, TextGenerator},
};

/// Shared by all handlers.
#[derive(Clone)]
pub struct AppState {
    /// Reviewed content.
    pub content: Arc<Content>,
    /// Sessions and conversations.
    pub store: Arc<dyn Store>,
    /// Labels texts.
    pub classifier: Arc<dyn TextClassifier>,
    /// Writes replies.
    pub generator: Arc<dyn TextGenerator>,
    /// Runs turns to their end, also when the browser leaves.
    pub turns: TurnRunner,
    /// Whether this instance takes traffic.
    pub readiness: Readiness,
    /// Finds out which client a request comes from.
    pub client_address: ClientAddress,
    /// See `Config::secure_cookies`.
    pub secure_cookies: bool,
}

/// Now, in milliseconds since the Unix epoch.
#[must_use]
pub fn now_ms() -> i64 {
    let now = OffsetDateTime::now_utc();
    now.unix_timestamp()
        .saturating_mul(1000)
        .saturating_add(i64::from(now.millisecond()))
}
