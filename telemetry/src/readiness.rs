//! One latch per process: may this instance take traffic? Set by the service, read by probes.

use std::sync::Arc;

use tokio::sync::watch;

/// A shared flag that starts as "not ready".
#[derive(Debug, Clone)]
pub struct Readiness(Arc<watch::Sender<bool>>);

impl Default for Readiness {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }
}

impl Readiness {
    /// From now on this instance takes traffic.
    pub fn set_ready(&self) {
        self.0.send_replace(true);
    }

    /// From now on balancers should look elsewhere; work under way goes on.
    pub fn set_not_ready(&self) {
        self.0.send_replace(false);
    }

    /// Whether this instance takes traffic.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        *self.0.borrow()
    }

    /// Follows the changes.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<bool> {
        self.0.subscribe()
    }
}
