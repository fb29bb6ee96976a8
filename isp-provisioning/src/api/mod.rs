//! The REST API: plain handlers over `saga`'s client. It has no secret door to systems or tables.

mod router;
mod state;
mod problem;
mod body;
mod strict;
mod fields;
mod cursor;
mod parameters;
mod path;
mod answers;
mod provision;
mod workflows;
mod listing;
mod operate;
mod debts;
mod events;
mod publish;
mod credentials;
mod statistics;
mod health;
mod document;

pub use router::router;
pub use state::{Api, Readiness};
