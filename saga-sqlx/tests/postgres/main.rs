//! The PostgreSQL store, held against the suite for all stores and against what other processes can do to it.
//!
//! Needs a server: `scripts/test postgres` starts one, and says where it is in `DATABASE_URL`.
// Outside of `#[test]` functions, but tests all the same.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![cfg(feature = "real-systems")]

mod address;
mod agree;
mod batch;
#[cfg(feature = "pooler")]
mod bouncer;
mod conformance;
mod deadlock;
mod doors;
mod engines;
mod fence;
mod hints;
mod kit;
mod migrations;
mod operators;
#[cfg(feature = "pooler")]
mod pooler;
mod rules;
mod tables;
