//! SQL of both databases: SQLite embedded in one file, PostgreSQL for several gateways. Comes in and goes out: rows
//! whose content is sealed. The statements are the same for both; only the way to connect differs.

mod connect;
mod entries;
mod sessions;

use sqlx::AnyPool;

use crate::domain::ports::StoreError;

/// A session as it is stored.
pub(super) struct SessionRow {
    pub(super) id: String,
    pub(super) created_ms: i64,
    pub(super) expires_ms: i64,
    pub(super) safety: i64,
    pub(super) revision: i64,
    pub(super) sealed: Vec<u8>,
}

/// A way into a session.
pub(super) struct KeyRow {
    pub(super) lookup: Vec<u8>,
    pub(super) wrapped_key: Vec<u8>,
    pub(super) created_ms: i64,
}

/// An entry of a conversation.
pub(super) struct EntryRow {
    pub(super) sequence: i64,
    pub(super) sealed: Vec<u8>,
}

/// Which database it is, for the few things that differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Sqlite,
    Postgres,
}

/// The database behind the store.
#[derive(Clone)]
pub(super) struct Database {
    pool: AnyPool,
    kind: Kind,
}

impl Database {
    /// Whether it answers.
    pub(super) async fn is_ready(&self) -> bool {
        sqlx::query("SELECT 1").execute(&self.pool).await.is_ok()
    }

    /// Writes what is left in the log to the file and closes it.
    pub(super) async fn close(&self) {
        self.pool.close().await;
    }
}

fn unavailable(error: sqlx::Error) -> StoreError {
    StoreError::Unavailable(Box::new(error))
}
