//! The kit for tests.
#![cfg(feature = "testing")]
// Outside of `#[test]` functions, but a test all the same.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]
#![allow(clippy::disallowed_methods, reason = "these steps and tests use tokio's tasks and clock")]

mod fault_store;
mod sweep;
mod meanwhile;
mod world;
mod answers;
mod sagas;
mod runtimes;
mod story;
mod time;
