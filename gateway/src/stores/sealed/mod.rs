//! The domain's store: seals what a person said, wrote and answered under a key that only their secret unwraps, and
//! hands the sealed rows to the database. Docs: docs/privacy.md.

mod payload;
mod seal;

use std::sync::Arc;

use async_trait::async_trait;
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;
use zeroize::Zeroizing;

use self::{
    payload::{EntryPayload, SessionPayload},
    seal::Place,
};
use super::database::{Database, EntryRow, KeyRow, SessionRow};
use crate::domain::{
    ports::{Store, StoreError},
    session::{
        NewMessage, SessionAccess, SessionChange, SessionId, SessionRecord, SessionSecret,
        StoredMessage, TurnFeedback,
    },
};

/// How often a change is tried again when another writer was faster.
const CHANGE_ATTEMPTS: usize = 16;
/// Sessions that one statement of the sweep removes, so that writers do not wait long for it.
const SWEEP_BATCH: i64 = 500;

/// Sealed records in SQLite or PostgreSQL.
#[derive(Clone)]
pub struct SealedStore {
    database: Database,
}

impl SealedStore {
    /// Opens the database at a `sqlite:` or `postgres:` URL and brings its schema up to date.
    ///
    /// # Errors
    /// The URL is malformed, the database cannot be opened, or a migration fails.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let database = Database::open(url).await?;
        Ok(Self { database })
    }

    /// Writes what is left in the log to the file and closes it.
    pub async fn close(&self) {
        self.database.close().await;
    }

    /// Every entry of a conversation, opened, oldest first.
    async fn entries(&self, access: &SessionAccess) -> Result<Vec<EntryPayload>, StoreError> {
        let rows = self.database.entries(&access.id.to_string()).await?;
        let open = |row: &EntryRow| {
            let plain = seal::open(access, Place::Entry(row.sequence), &row.sealed)?;
            decode(&plain)
        };
        rows.iter().map(open).collect()
    }

    /// A write on behalf of one entry of a conversation.
    async fn append(
        &self,
        access: &SessionAccess,
        at_ms: i64,
        entry: &EntryPayload,
    ) -> Result<i64, StoreError> {
        let plain = encode(entry)?;
        let seal = |sequence| seal::seal(access, Place::Entry(sequence), &plain);
        self.database
            .append(&access.id.to_string(), at_ms, seal)
            .await
    }
}

#[async_trait]
impl Store for SealedStore {
    async fn create_session(
        &self,
        session: &SessionRecord,
        secret: &SessionSecret,
    ) -> Result<(), StoreError> {
        let plain = encode(&SessionPayload::of(session))?;
        let row = SessionRow {
            id: session.access.id.to_string(),
            created_ms: session.created_ms,
            expires_ms: session.expires_ms,
            safety: session.safety,
            revision: 0,
            sealed: seal::seal(&session.access, Place::Session(0), &plain)?,
        };
        let key = key_row(&session.access, secret, session.created_ms)?;
        self.database.create(&row, &key).await
    }

    async fn open_session(
        &self,
        secret: &SessionSecret,
        now_ms: i64,
    ) -> Result<Option<SessionRecord>, StoreError> {
        let lookup = seal::lookup(secret)?;
        let found = self.database.session_by_lookup(&lookup, now_ms).await?;
        let Some((row, wrapped)) = found else {
            return Ok(None);
        };
        let id = Uuid::parse_str(&row.id).map_err(|_| StoreError::Corrupt("identifier"))?;
        let key = Arc::new(seal::unwrap_key(id, secret, &wrapped)?);
        record(SessionAccess { id, key }, &row).map(Some)
    }

    async fn add_secret(
        &self,
        access: &SessionAccess,
        secret: &SessionSecret,
        now_ms: i64,
    ) -> Result<Vec<u8>, StoreError> {
        let key = key_row(access, secret, now_ms)?;
        self.database.add_key(&access.id.to_string(), &key).await?;
        Ok(key.lookup)
    }

    async fn remove_secret(&self, id: SessionId, lookup: &[u8]) -> Result<(), StoreError> {
        self.database.remove_key(&id.to_string(), lookup).await
    }

    async fn extend_session(&self, id: SessionId, expires_ms: i64) -> Result<(), StoreError> {
        self.database.extend(&id.to_string(), expires_ms).await
    }

    async fn change_session(
        &self,
        access: &SessionAccess,
        change: SessionChange,
    ) -> Result<SessionRecord, StoreError> {
        let id = access.id.to_string();
        for _ in 0..CHANGE_ATTEMPTS {
            let row = self.database.session(&id).await?.ok_or(StoreError::Gone)?;
            let mut session = record(access.clone(), &row)?;
            session.apply(change.clone());
            let plain = encode(&SessionPayload::of(&session))?;
            let sealed = seal::seal(access, Place::Session(row.revision + 1), &plain)?;
            if self
                .database
                .replace_sealed(&id, row.revision, &sealed)
                .await?
            {
                return Ok(session);
            }
        }
        Err(StoreError::Unavailable("many writers at once".into()))
    }

    async fn raise_safety(&self, id: SessionId, state: i64) -> Result<(), StoreError> {
        self.database.raise_safety(&id.to_string(), state).await
    }

    async fn settle_safety(&self, id: SessionId, from: i64, to: i64) -> Result<(), StoreError> {
        self.database.settle_safety(&id.to_string(), from, to).await
    }

    async fn delete_session(&self, id: SessionId) -> Result<(), StoreError> {
        self.database.delete(&id.to_string()).await?;
        self.database.checkpoint().await
    }

    async fn append_message(
        &self,
        access: &SessionAccess,
        message: &NewMessage,
    ) -> Result<i64, StoreError> {
        self.append(access, message.at_ms, &EntryPayload::message(message))
            .await
    }

    async fn replace_message(
        &self,
        access: &SessionAccess,
        sequence: i64,
        message: &NewMessage,
    ) -> Result<(), StoreError> {
        let plain = encode(&EntryPayload::message(message))?;
        let sealed = seal::seal(access, Place::Entry(sequence), &plain)?;
        self.database
            .replace(&access.id.to_string(), sequence, sealed)
            .await
    }

    async fn conversation(&self, access: &SessionAccess) -> Result<Vec<StoredMessage>, StoreError> {
        let entries = self.entries(access).await?.into_iter();
        let messages = entries.filter_map(|entry| entry.into_message().transpose());
        messages.collect()
    }

    async fn delete_conversation(&self, id: SessionId) -> Result<(), StoreError> {
        self.database.delete_entries(&id.to_string()).await?;
        self.database.checkpoint().await
    }

    async fn save_feedback(
        &self,
        access: &SessionAccess,
        feedback: &TurnFeedback,
    ) -> Result<bool, StoreError> {
        let messages = self.conversation(access).await?;
        let turn = messages
            .iter()
            .rfind(|message| message.turn_id == feedback.turn_id);
        let Some(turn) = turn else { return Ok(false) };
        self.append(access, turn.at_ms, &EntryPayload::feedback(feedback))
            .await?;
        Ok(true)
    }

    async fn feedback(&self, access: &SessionAccess) -> Result<Vec<TurnFeedback>, StoreError> {
        let mut newest: Vec<TurnFeedback> = Vec::new();
        for entry in self.entries(access).await? {
            let Some(given) = entry.into_feedback() else {
                continue;
            };
            newest.retain(|earlier| earlier.turn_id != given.turn_id);
            newest.push(given);
        }
        Ok(newest)
    }

    async fn sweep(&self, now_ms: i64) -> Result<u64, StoreError> {
        let mut swept = 0;
        loop {
            let gone = self.database.delete_expired(now_ms, SWEEP_BATCH).await?;
            if gone == 0 {
                break;
            }
            swept += gone;
        }
        if swept > 0 {
            self.database.checkpoint().await?;
        }
        Ok(swept)
    }

    async fn is_ready(&self) -> bool {
        self.database.is_ready().await
    }
}

fn key_row(
    access: &SessionAccess,
    secret: &SessionSecret,
    created_ms: i64,
) -> Result<KeyRow, StoreError> {
    Ok(KeyRow {
        lookup: seal::lookup(secret)?,
        wrapped_key: seal::wrap_key(access, secret)?,
        created_ms,
    })
}

fn record(access: SessionAccess, row: &SessionRow) -> Result<SessionRecord, StoreError> {
    let plain = seal::open(&access, Place::Session(row.revision), &row.sealed)?;
    decode::<SessionPayload>(&plain)?.into_record(access, row)
}

fn encode(payload: &impl Serialize) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    serde_json::to_vec(payload)
        .map(Zeroizing::new)
        .map_err(|_| StoreError::Corrupt("record that cannot be written"))
}

fn decode<T: DeserializeOwned>(plain: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(plain).map_err(|_| StoreError::Corrupt("sealed record of another form"))
}
