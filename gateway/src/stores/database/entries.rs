//! SQL of the entries of a conversation.

use sqlx::Row;

use super::{Database, EntryRow, unavailable};
use crate::domain::ports::StoreError;

type Result<T> = std::result::Result<T, StoreError>;

impl Database {
    /// Adds an entry at the end and gives its sequence number. `seal` makes the content for that number; the row of
    /// the session is locked meanwhile, so that no number is given twice.
    pub(in crate::stores) async fn append(
        &self,
        id: &str,
        at_ms: i64,
        seal: impl FnOnce(i64) -> Result<Vec<u8>>,
    ) -> Result<i64> {
        let mut transaction = self.pool.begin().await.map_err(unavailable)?;
        let row = sqlx::query(
            "UPDATE sessions SET last_sequence = last_sequence + 1 WHERE id = $1
             RETURNING last_sequence",
        )
        .bind(id)
        .fetch_optional(&mut *transaction)
        .await
        .map_err(unavailable)?
        .ok_or(StoreError::Gone)?;
        let sequence: i64 = row.try_get(0).map_err(unavailable)?;
        sqlx::query(
            "INSERT INTO entries (session_id, sequence, at_ms, sealed) VALUES ($1, $2, $3, $4)",
        )
        .bind(id)
        .bind(sequence)
        .bind(at_ms)
        .bind(seal(sequence)?)
        .execute(&mut *transaction)
        .await
        .map_err(unavailable)?;
        transaction.commit().await.map_err(unavailable)?;
        Ok(sequence)
    }

    /// Replaces the content of an entry that still exists.
    pub(in crate::stores) async fn replace(
        &self,
        id: &str,
        sequence: i64,
        sealed: Vec<u8>,
    ) -> Result<()> {
        sqlx::query("UPDATE entries SET sealed = $1 WHERE session_id = $2 AND sequence = $3")
            .bind(sealed)
            .bind(id)
            .bind(sequence)
            .execute(&self.pool)
            .await
            .map_err(unavailable)?;
        Ok(())
    }

    /// All entries of a session, oldest first.
    pub(in crate::stores) async fn entries(&self, id: &str) -> Result<Vec<EntryRow>> {
        let rows = sqlx::query(
            "SELECT sequence, sealed FROM entries WHERE session_id = $1 ORDER BY sequence",
        )
        .bind(id)
        .fetch_all(&self.pool)
        .await
        .map_err(unavailable)?;
        let read = |row: &sqlx::any::AnyRow| {
            Ok(EntryRow {
                sequence: row.try_get("sequence")?,
                sealed: row.try_get("sealed")?,
            })
        };
        rows.iter()
            .map(read)
            .collect::<std::result::Result<_, _>>()
            .map_err(unavailable)
    }

    /// Removes all entries of a session.
    pub(in crate::stores) async fn delete_entries(&self, id: &str) -> Result<()> {
        sqlx::query("DELETE FROM entries WHERE session_id = $1")
            .bind(id)
            .execute(&self.pool)
            .await
            .map_err(unavailable)?;
        Ok(())
    }
}
