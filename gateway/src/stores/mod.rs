//! Where records are kept. Only these files know SQL; the domain sees the `Store` trait.

pub mod sqlite;
