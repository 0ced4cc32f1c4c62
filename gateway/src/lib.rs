//! The gateway: the only thing a browser talks to. HTTP comes in through `http`, the domain
//! decides, `clients` and `stores` do what it asks, and events go back the same way.

pub mod app;
pub mod clients;
pub mod config;
pub mod domain;
pub mod http;
pub mod router;
pub mod serve;
pub mod stores;
