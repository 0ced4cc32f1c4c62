//! SQL of the conversation and of feedback.

use sqlx::SqlitePool;

use super::{
    rows::{self, MessageRow},
    unavailable,
};
use crate::domain::{
    ports::StoreError,
    session::{MessageUpdate, NewMessage, SessionId, StoredMessage, TurnFeedback},
};

pub(super) async fn append(
    pool: &SqlitePool,
    id: SessionId,
    message: &NewMessage,
) -> Result<i64, StoreError> {
    let done = sqlx::query(
        "INSERT INTO messages (session_id, turn_id, variant_id, author, text, completeness, route,
             card, at_ms)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(id.to_string())
    .bind(message.turn_id.to_string())
    .bind(message.variant_id.map(|id| id.to_string()))
    .bind(rows::author_code(message.author))
    .bind(&message.text)
    .bind(rows::completeness_code(message.completeness))
    .bind(&message.route)
    .bind(message.card)
    .bind(message.at_ms)
    .execute(pool)
    .await
    .map_err(unavailable)?;
    Ok(done.last_insert_rowid())
}

pub(super) async fn update(
    pool: &SqlitePool,
    row: i64,
    update: &MessageUpdate,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE messages SET text = ?, completeness = ? WHERE row_id = ?")
        .bind(&update.text)
        .bind(rows::completeness_code(update.completeness))
        .bind(row)
        .execute(pool)
        .await
        .map_err(unavailable)?;
    Ok(())
}

pub(super) async fn conversation(
    pool: &SqlitePool,
    id: SessionId,
) -> Result<Vec<StoredMessage>, StoreError> {
    let found = sqlx::query_as::<_, MessageRow>(
        "SELECT turn_id, variant_id, author, text, completeness, route, card, at_ms
         FROM messages WHERE session_id = ? ORDER BY row_id",
    )
    .bind(id.to_string())
    .fetch_all(pool)
    .await
    .map_err(unavailable)?;
    found.into_iter().map(StoredMessage::try_from).collect()
}

pub(super) async fn delete(pool: &SqlitePool, id: SessionId) -> Result<(), StoreError> {
    let mut transaction = pool.begin().await.map_err(unavailable)?;
    for statement in [
        "DELETE FROM messages WHERE session_id = ?",
        "DELETE FROM feedback WHERE session_id = ?",
    ] {
        sqlx::query(statement)
            .bind(id.to_string())
            .execute(&mut *transaction)
            .await
            .map_err(unavailable)?;
    }
    transaction.commit().await.map_err(unavailable)
}

pub(super) async fn save_feedback(
    pool: &SqlitePool,
    id: SessionId,
    feedback: &TurnFeedback,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "INSERT INTO feedback (session_id, turn_id, helpful, preferred)
         SELECT session_id, turn_id, ?3, ?4 FROM messages
         WHERE session_id = ?1 AND turn_id = ?2 LIMIT 1
         ON CONFLICT (session_id, turn_id)
         DO UPDATE SET helpful = excluded.helpful, preferred = excluded.preferred",
    )
    .bind(id.to_string())
    .bind(feedback.turn_id.to_string())
    .bind(feedback.helpful)
    .bind(feedback.preferred.map(|id| id.to_string()))
    .execute(pool)
    .await
    .map_err(unavailable)?;
    Ok(done.rows_affected() > 0)
}
