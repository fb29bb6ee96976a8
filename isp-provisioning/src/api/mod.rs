//! The REST API: plain handlers over `saga`'s client. It has no secret door to systems or tables.

mod router;
mod state;
mod problem;
mod body;
mod parameters;
mod answers;
mod provision;
mod workflows;
mod listing;
mod operate;
mod statistics;
mod health;

pub use router::router;
pub use state::{Api, Readiness};
