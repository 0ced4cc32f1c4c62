//! What opens a session, and the key of its records. A secret comes from a cookie or from a recovery phrase and is
//! never kept; the data key lives in memory while a request is answered. Both are wiped when they are dropped.

use std::{fmt, sync::Arc};

use rand::RngCore;
use uuid::Uuid;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::SessionId;

/// Bytes of a secret and of a data key: 256 bits.
pub const SECRET_BYTES: usize = 32;

/// A secret that only the person has.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct SessionSecret([u8; SECRET_BYTES]);

impl SessionSecret {
    /// A fresh one from the operating system's generator.
    #[must_use]
    pub fn generate() -> Self {
        Self(random_bytes())
    }

    /// A secret that a person brought.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; SECRET_BYTES]) -> Self {
        Self(bytes)
    }

    /// The bytes, for the cookie and for deriving keys.
    #[must_use]
    pub const fn expose(&self) -> &[u8; SECRET_BYTES] {
        &self.0
    }
}

impl fmt::Debug for SessionSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SessionSecret(redacted)")
    }
}

/// The key that seals the records of one session.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct DataKey([u8; SECRET_BYTES]);

impl DataKey {
    /// A key that was unwrapped.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; SECRET_BYTES]) -> Self {
        Self(bytes)
    }

    /// The bytes, for sealing and wrapping.
    #[must_use]
    pub const fn expose(&self) -> &[u8; SECRET_BYTES] {
        &self.0
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("DataKey(redacted)")
    }
}

/// A session that was opened: which one, and the key of its records.
#[derive(Debug, Clone)]
pub struct SessionAccess {
    /// Public identifier.
    pub id: SessionId,
    /// Key of the records.
    pub key: Arc<DataKey>,
}

impl SessionAccess {
    /// A new session's identifier and key.
    #[must_use]
    pub fn generate() -> Self {
        Self {
            id: Uuid::new_v4(),
            key: Arc::new(DataKey(random_bytes())),
        }
    }
}

fn random_bytes() -> [u8; SECRET_BYTES] {
    let mut bytes = [0; SECRET_BYTES];
    rand::rng().fill_bytes(&mut bytes);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_shows_itself() {
        let secret = SessionSecret::from_bytes([0xab; SECRET_BYTES]);
        let access = SessionAccess {
            id: Uuid::nil(),
            key: Arc::new(DataKey::from_bytes([0xab; SECRET_BYTES])),
        };
        let shown = format!("{secret:?} {access:?}");
        assert!(!shown.contains("171") && !shown.contains("ab, "), "{shown}");
    }
}
