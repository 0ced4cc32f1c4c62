//! SQL of the sessions table.

use sqlx::SqlitePool;

use super::{
    rows::{self, SessionRow},
    unavailable,
};
use crate::domain::{
    ports::StoreError,
    safety_plan::PlanTexts,
    session::{SessionId, SessionRecord},
};

pub(super) async fn create(pool: &SqlitePool, session: &SessionRecord) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO sessions (id, token_hash, name, age_band, country, locale, retention,
             created_ms, expires_ms, questionnaire_version, answers, safety, cards)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(session.id.to_string())
    .bind(session.token_hash.as_slice())
    .bind(&session.name)
    .bind(rows::age_band_code(session.age_band))
    .bind(&session.country)
    .bind(&session.locale)
    .bind(rows::retention_code(session.retention))
    .bind(session.created_ms)
    .bind(session.expires_ms)
    .bind(&session.questionnaire_version)
    .bind(rows::answers_text(&session.answers))
    .bind(session.safety)
    .bind(session.cards)
    .execute(pool)
    .await
    .map_err(unavailable)?;
    Ok(())
}

pub(super) async fn by_token(
    pool: &SqlitePool,
    token_hash: &[u8; 32],
    now_ms: i64,
) -> Result<Option<SessionRecord>, StoreError> {
    sqlx::query_as::<_, SessionRow>(
        "SELECT * FROM sessions WHERE token_hash = ? AND expires_ms > ?",
    )
    .bind(token_hash.as_slice())
    .bind(now_ms)
    .fetch_optional(pool)
    .await
    .map_err(unavailable)?
    .map(SessionRecord::try_from)
    .transpose()
}

pub(super) async fn update(pool: &SqlitePool, session: &SessionRecord) -> Result<(), StoreError> {
    let (topic, severity) = session.assessment.clone().unzip();
    sqlx::query(
        "UPDATE sessions SET expires_ms = ?, questionnaire_version = ?, answers = ?, topic = ?,
             severity = ?
         WHERE id = ?",
    )
    .bind(session.expires_ms)
    .bind(&session.questionnaire_version)
    .bind(rows::answers_text(&session.answers))
    .bind(topic)
    .bind(severity)
    .bind(session.id.to_string())
    .execute(pool)
    .await
    .map_err(unavailable)?;
    Ok(())
}

pub(super) async fn save_safety_plan(
    pool: &SqlitePool,
    id: SessionId,
    plan: &PlanTexts,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE sessions SET safety_plan = ? WHERE id = ?")
        .bind(rows::plan_text(plan))
        .bind(id.to_string())
        .execute(pool)
        .await
        .map_err(unavailable)?;
    Ok(())
}

pub(super) async fn raise_safety(
    pool: &SqlitePool,
    id: SessionId,
    state: i64,
    cards: i64,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE sessions SET safety = max(safety, ?), cards = max(cards, ?) WHERE id = ?")
        .bind(state)
        .bind(cards)
        .bind(id.to_string())
        .execute(pool)
        .await
        .map_err(unavailable)?;
    Ok(())
}

pub(super) async fn settle_safety(
    pool: &SqlitePool,
    id: SessionId,
    from: i64,
    to: i64,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE sessions SET safety = ? WHERE id = ? AND safety = ?")
        .bind(to)
        .bind(id.to_string())
        .bind(from)
        .execute(pool)
        .await
        .map_err(unavailable)?;
    Ok(())
}

pub(super) async fn delete(pool: &SqlitePool, id: SessionId) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM sessions WHERE id = ?")
        .bind(id.to_string())
        .execute(pool)
        .await
        .map_err(unavailable)?;
    checkpoint(pool).await
}

pub(super) async fn sweep(pool: &SqlitePool, now_ms: i64) -> Result<u64, StoreError> {
    let gone = sqlx::query("DELETE FROM sessions WHERE expires_ms <= ?")
        .bind(now_ms)
        .execute(pool)
        .await
        .map_err(unavailable)?
        .rows_affected();
    if gone > 0 {
        checkpoint(pool).await?;
    }
    Ok(gone)
}

/// Empties the write-ahead log, so that what was deleted is not still readable there.
async fn checkpoint(pool: &SqlitePool) -> Result<(), StoreError> {
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
        .execute(pool)
        .await
        .map_err(unavailable)?;
    Ok(())
}
