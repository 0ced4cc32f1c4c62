//! How a database is opened. SQLite: write-ahead log, foreign keys, deleted content overwritten. Both: migrations are
//! embedded and only go forward.

use std::time::Duration;

use sqlx::{Executor, any::AnyPoolOptions};

use super::{Database, Kind, unavailable};
use crate::domain::ports::StoreError;

/// How long a caller waits for a connection before it is told that the database is busy. Short, because a crisis card
/// may wait for it.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);
/// How often the log is tried to be emptied while readers hold it, a busy timeout each.
const CHECKPOINT_ATTEMPTS: usize = 3;
const MAXIMUM_CONNECTIONS: u32 = 8;
/// `busy_timeout`: how long SQLite waits for another writer, in milliseconds.
const SQLITE_SETTINGS: &str = "PRAGMA busy_timeout = 3000; PRAGMA journal_mode = WAL; \
    PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON";

impl Database {
    /// Opens the database at a `sqlite:` or `postgres:` URL, makes the SQLite file if there is none, and brings the
    /// schema up to date.
    ///
    /// # Errors
    /// The URL is malformed or of another database, it cannot be opened, or a migration fails.
    pub(in crate::stores) async fn open(url: &str) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let kind = match url.split_once(':').map(|(scheme, _)| scheme) {
            Some("sqlite") => Kind::Sqlite,
            Some("postgres" | "postgresql") => Kind::Postgres,
            _ => {
                let text = "the URL must begin with sqlite: or postgres:";
                return Err(StoreError::Unavailable(text.into()));
            }
        };
        let in_memory = url.contains(":memory:");
        if kind == Kind::Sqlite && !in_memory {
            make_private(url);
        }
        let pool = AnyPoolOptions::new()
            .max_connections(if in_memory { 1 } else { MAXIMUM_CONNECTIONS })
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .idle_timeout((!in_memory).then_some(Duration::from_secs(600)))
            .max_lifetime(None)
            .after_connect(move |connection, _| {
                Box::pin(async move {
                    if kind == Kind::Sqlite {
                        connection.execute(SQLITE_SETTINGS).await?;
                    }
                    Ok(())
                })
            })
            .connect(&address(url, kind))
            .await
            .map_err(unavailable)?;
        let database = Self { pool, kind };
        database.migrate().await?;
        // What a migration removed must not stay readable in the log.
        database.checkpoint().await?;
        Ok(database)
    }

    async fn migrate(&self) -> Result<(), StoreError> {
        match self.kind {
            Kind::Sqlite => sqlx::migrate!("migrations/sqlite").run(&self.pool).await,
            Kind::Postgres => sqlx::migrate!("migrations/postgres").run(&self.pool).await,
        }
        .map_err(|error| StoreError::Unavailable(Box::new(error)))
    }

    /// Empties SQLite's write-ahead log, so that what was deleted is not still readable there.
    ///
    /// # Errors
    /// Readers hold the log for longer than [`CHECKPOINT_ATTEMPTS`] busy timeouts.
    pub(in crate::stores) async fn checkpoint(&self) -> Result<(), StoreError> {
        if self.kind == Kind::Postgres {
            return Ok(());
        }
        for _ in 0..CHECKPOINT_ATTEMPTS {
            let done: std::result::Result<(i64, i64, i64), _> =
                sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)")
                    .fetch_one(&self.pool)
                    .await;
            if done.map_err(unavailable)?.0 == 0 {
                return Ok(());
            }
        }
        Err(StoreError::Unavailable("the log is in use".into()))
    }
}

/// Makes a new database file readable for nobody else; its log takes over what it allows. Whatever goes wrong here goes
/// wrong again, with a better error, when the file is opened.
fn make_private(url: &str) {
    let path = url.trim_start_matches("sqlite:").trim_start_matches("//");
    let path = path.split('?').next().unwrap_or_default();
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let _ = options.open(path);
}

/// The URL, with the wish to make the file when it does not exist.
fn address(url: &str, kind: Kind) -> String {
    if kind == Kind::Postgres || url.contains(":memory:") || url.contains("mode=") {
        return url.to_owned();
    }
    let separator = if url.contains('?') { '&' } else { '?' };
    format!("{url}{separator}mode=rwc")
}
