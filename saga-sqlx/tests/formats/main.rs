//! What was stored by an earlier version is read by every later one: a file of each format that ever landed is opened,
//! what stood still in it goes on, and ends as it would have then.
//!
//! `fixtures/` holds them as SQL, made by the code of their time in the middle of everything (nobody shut anything
//! down). `scripts/format NAME` adds those of today; do so when a migration, a row or the seal has changed.
// Outside of `#[test]` functions, but tests all the same.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod basic;
mod later;
mod newest;
mod booked;
mod finish;
#[cfg(feature = "sqlite")]
mod dump;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(feature = "real-systems")]
mod postgres;
