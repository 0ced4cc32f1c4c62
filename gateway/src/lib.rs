//! The gateway: the only thing a browser talks to. HTTP comes in through `http`, the domain
//! decides, `clients` and `stores` do what it asks, and events go back the same way.

pub mod app;
mod clients;
pub mod config;
pub mod domain;
mod http;
pub mod router;
mod stores;
