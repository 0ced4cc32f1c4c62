//! Keeps sessions and conversations. `sealed` is the domain's store: it seals every record; `database` writes what
//! was sealed to SQLite or PostgreSQL and cannot read it.

mod database;
pub mod sealed;
