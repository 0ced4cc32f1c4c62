//! The embedded database: one file, write-ahead log, foreign keys, deleted content overwritten.
//! Implements `Store`; rows are turned into domain records in `rows`.

mod messages;
mod rows;
mod sessions;

use std::{str::FromStr, time::Duration};

use async_trait::async_trait;
use sqlx::{
    SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use crate::domain::{
    ports::{Store, StoreError},
    safety_plan::PlanTexts,
    session::{MessageUpdate, NewMessage, SessionId, SessionRecord, StoredMessage, TurnFeedback},
};

/// How long a caller waits for a connection or a lock before it is told that the database is busy.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
const MAXIMUM_CONNECTIONS: u32 = 8;

/// The embedded store.
#[derive(Clone)]
pub struct SqliteStore {
    pool: SqlitePool,
}

fn unavailable(error: sqlx::Error) -> StoreError {
    StoreError::Unavailable(Box::new(error))
}

impl SqliteStore {
    /// Opens the database at a `sqlite:` URL, makes the file if there is none, and brings the
    /// schema up to date.
    ///
    /// # Errors
    /// The URL is malformed, the file cannot be opened, or a migration fails.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::from_str(url)
            .map_err(unavailable)?
            .create_if_missing(true)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(BUSY_TIMEOUT)
            .pragma("secure_delete", "ON");
        let in_memory = url.contains(":memory:");
        let pool = SqlitePoolOptions::new()
            .max_connections(if in_memory { 1 } else { MAXIMUM_CONNECTIONS })
            .acquire_timeout(BUSY_TIMEOUT)
            .idle_timeout(if in_memory {
                None
            } else {
                Some(Duration::from_secs(600))
            })
            .connect_with(options)
            .await
            .map_err(unavailable)?;
        sqlx::migrate!("migrations/sqlite")
            .run(&pool)
            .await
            .map_err(|error| StoreError::Unavailable(Box::new(error)))?;
        Ok(Self { pool })
    }

    /// Writes what is left in the log to the file and closes it.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn create_session(&self, session: &SessionRecord) -> Result<(), StoreError> {
        sessions::create(&self.pool, session).await
    }

    async fn session_by_token(
        &self,
        token_hash: &[u8; 32],
        now_ms: i64,
    ) -> Result<Option<SessionRecord>, StoreError> {
        sessions::by_token(&self.pool, token_hash, now_ms).await
    }

    async fn update_session(&self, session: &SessionRecord) -> Result<(), StoreError> {
        sessions::update(&self.pool, session).await
    }

    async fn save_safety_plan(&self, id: SessionId, plan: &PlanTexts) -> Result<(), StoreError> {
        sessions::save_safety_plan(&self.pool, id, plan).await
    }

    async fn raise_safety(&self, id: SessionId, state: i64, cards: i64) -> Result<(), StoreError> {
        sessions::raise_safety(&self.pool, id, state, cards).await
    }

    async fn settle_safety(&self, id: SessionId, from: i64, to: i64) -> Result<(), StoreError> {
        sessions::settle_safety(&self.pool, id, from, to).await
    }

    async fn delete_session(&self, id: SessionId) -> Result<(), StoreError> {
        sessions::delete(&self.pool, id).await
    }

    async fn append_message(&self, id: SessionId, message: &NewMessage) -> Result<i64, StoreError> {
        messages::append(&self.pool, id, message).await
    }

    async fn update_message(&self, row: i64, update: &MessageUpdate) -> Result<(), StoreError> {
        messages::update(&self.pool, row, update).await
    }

    async fn conversation(&self, id: SessionId) -> Result<Vec<StoredMessage>, StoreError> {
        messages::conversation(&self.pool, id).await
    }

    async fn delete_conversation(&self, id: SessionId) -> Result<(), StoreError> {
        messages::delete(&self.pool, id).await
    }

    async fn save_feedback(
        &self,
        id: SessionId,
        feedback: &TurnFeedback,
    ) -> Result<bool, StoreError> {
        messages::save_feedback(&self.pool, id, feedback).await
    }

    async fn sweep(&self, now_ms: i64) -> Result<u64, StoreError> {
        sessions::sweep(&self.pool, now_ms).await
    }

    async fn is_ready(&self) -> bool {
        sqlx::query("SELECT 1").execute(&self.pool).await.is_ok()
    }
}
