//! The public HTTP API: parse, call the domain, convert. Nothing is decided here.

pub mod assessment;
pub mod chat;
pub mod client_address;
pub mod content;
mod convert;
pub mod cookie;
pub mod export;
pub mod extract;
pub mod health;
pub mod help_page;
mod html;
pub mod metrics;
pub mod problem;
pub mod questionnaire;
pub mod recovery;
pub mod request_id;
pub mod safety_plan;
pub mod security;
pub mod session;
mod sse;
pub mod state;
pub mod web;
