//! SQL of sessions and of the ways into them.

use sqlx::Row;

use super::{Database, KeyRow, SessionRow, unavailable};
use crate::domain::ports::StoreError;

type Result<T> = std::result::Result<T, StoreError>;

const INSERT_KEY: &str = "INSERT INTO session_keys (lookup, session_id, wrapped_key, created_ms) VALUES ($1, $2, $3, $4)";

impl Database {
    /// Adds a session with its first way in.
    pub(in crate::stores) async fn create(&self, session: &SessionRow, key: &KeyRow) -> Result<()> {
        let mut transaction = self.pool.begin().await.map_err(unavailable)?;
        sqlx::query(
            "INSERT INTO sessions (id, created_ms, expires_ms, safety, revision, last_sequence, sealed)
             VALUES ($1, $2, $3, $4, $5, 0, $6)",
        )
        .bind(&session.id)
        .bind(session.created_ms)
        .bind(session.expires_ms)
        .bind(session.safety)
        .bind(session.revision)
        .bind(&session.sealed)
        .execute(&mut *transaction)
        .await
        .map_err(unavailable)?;
        sqlx::query(INSERT_KEY)
            .bind(&key.lookup)
            .bind(&session.id)
            .bind(&key.wrapped_key)
            .bind(key.created_ms)
            .execute(&mut *transaction)
            .await
            .map_err(unavailable)?;
        transaction.commit().await.map_err(unavailable)
    }

    /// The session behind a way in, with its wrapped key, unless it expired before `now_ms`.
    pub(in crate::stores) async fn session_by_lookup(
        &self,
        lookup: &[u8],
        now_ms: i64,
    ) -> Result<Option<(SessionRow, Vec<u8>)>> {
        let found = sqlx::query(
            "SELECT s.id, s.created_ms, s.expires_ms, s.safety, s.revision, s.sealed, k.wrapped_key
             FROM session_keys k JOIN sessions s ON s.id = k.session_id
             WHERE k.lookup = $1 AND s.expires_ms > $2",
        )
        .bind(lookup.to_vec())
        .bind(now_ms)
        .fetch_optional(&self.pool)
        .await
        .map_err(unavailable)?;
        let Some(row) = found else { return Ok(None) };
        let wrapped = row.try_get("wrapped_key").map_err(unavailable)?;
        Ok(Some((session_row(&row)?, wrapped)))
    }

    /// The session with this identifier.
    pub(in crate::stores) async fn session(&self, id: &str) -> Result<Option<SessionRow>> {
        let found = sqlx::query(
            "SELECT id, created_ms, expires_ms, safety, revision, sealed FROM sessions WHERE id = $1",
        )
        .bind(id)
        .fetch_optional(&self.pool)
        .await
        .map_err(unavailable)?;
        found.as_ref().map(session_row).transpose()
    }

    /// Puts a sealed record in the place of revision `from`; false when another writer was faster.
    pub(in crate::stores) async fn replace_sealed(
        &self,
        id: &str,
        from: i64,
        sealed: &[u8],
    ) -> Result<bool> {
        let done = sqlx::query(
            "UPDATE sessions SET sealed = $1, revision = revision + 1 WHERE id = $2 AND revision = $3",
        )
        .bind(sealed.to_vec())
        .bind(id)
        .bind(from)
        .execute(&self.pool)
        .await
        .map_err(unavailable)?;
        Ok(done.rows_affected() == 1)
    }

    /// Adds a way into a session.
    pub(in crate::stores) async fn add_key(&self, id: &str, key: &KeyRow) -> Result<()> {
        sqlx::query(INSERT_KEY)
            .bind(&key.lookup)
            .bind(id)
            .bind(&key.wrapped_key)
            .bind(key.created_ms)
            .execute(&self.pool)
            .await
            .map_err(unavailable)?;
        Ok(())
    }

    /// Closes a way into a session.
    pub(in crate::stores) async fn remove_key(&self, id: &str, lookup: &[u8]) -> Result<()> {
        sqlx::query("DELETE FROM session_keys WHERE session_id = $1 AND lookup = $2")
            .bind(id)
            .bind(lookup.to_vec())
            .execute(&self.pool)
            .await
            .map_err(unavailable)?;
        Ok(())
    }

    /// Moves the expiry, never backwards.
    pub(in crate::stores) async fn extend(&self, id: &str, expires_ms: i64) -> Result<()> {
        sqlx::query("UPDATE sessions SET expires_ms = $1 WHERE id = $2 AND expires_ms < $1")
            .bind(expires_ms)
            .bind(id)
            .execute(&self.pool)
            .await
            .map_err(unavailable)?;
        Ok(())
    }

    /// Raises the safety state, never lowers it.
    pub(in crate::stores) async fn raise_safety(&self, id: &str, state: i64) -> Result<()> {
        sqlx::query("UPDATE sessions SET safety = $1 WHERE id = $2 AND safety < $1")
            .bind(state)
            .bind(id)
            .execute(&self.pool)
            .await
            .map_err(unavailable)?;
        Ok(())
    }

    /// Sets the safety state to `to` when it is still `from`.
    pub(in crate::stores) async fn settle_safety(
        &self,
        id: &str,
        from: i64,
        to: i64,
    ) -> Result<()> {
        sqlx::query("UPDATE sessions SET safety = $1 WHERE id = $2 AND safety = $3")
            .bind(to)
            .bind(id)
            .bind(from)
            .execute(&self.pool)
            .await
            .map_err(unavailable)?;
        Ok(())
    }

    /// Removes a session; its entries and keys go with it.
    pub(in crate::stores) async fn delete(&self, id: &str) -> Result<()> {
        sqlx::query("DELETE FROM sessions WHERE id = $1")
            .bind(id)
            .execute(&self.pool)
            .await
            .map_err(unavailable)?;
        Ok(())
    }

    /// Removes at most `limit` sessions that expired before `now_ms`, oldest first; gives their number.
    pub(in crate::stores) async fn delete_expired(&self, now_ms: i64, limit: i64) -> Result<u64> {
        let done = sqlx::query(
            "DELETE FROM sessions WHERE id IN
             (SELECT id FROM sessions WHERE expires_ms <= $1 ORDER BY expires_ms LIMIT $2)",
        )
        .bind(now_ms)
        .bind(limit)
        .execute(&self.pool)
        .await
        .map_err(unavailable)?;
        Ok(done.rows_affected())
    }
}

fn session_row(row: &sqlx::any::AnyRow) -> Result<SessionRow> {
    let read = || {
        Ok(SessionRow {
            id: row.try_get("id")?,
            created_ms: row.try_get("created_ms")?,
            expires_ms: row.try_get("expires_ms")?,
            safety: row.try_get("safety")?,
            revision: row.try_get("revision")?,
            sealed: row.try_get("sealed")?,
        })
    };
    read().map_err(unavailable)
}
