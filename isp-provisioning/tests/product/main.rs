//! The product as its users meet it: over HTTP, on SQLite, with the built-in simulators.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod harness;
mod schema;
mod document;
mod dice;
mod newcomer;
mod openapi;
mod contract;
mod idempotency;
mod exclusion;
mod bad_input;
mod hostile;
mod refusals;
mod slow;
mod crowd;
mod concurrency;
mod fuzz;
mod maker;
mod generated;
mod operating;
mod debts;
mod credentials;
mod events;
mod restart;
#[path = "../../../saga-sqlx/tests/formats/dump.rs"]
mod dump;
mod format;
mod failures;
mod defects;
mod peers;
