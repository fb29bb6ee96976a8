//! The SQL stores, held against the suite for all stores and against what their databases can do to them.
// Outside of `#[test]` functions, but tests all the same.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![cfg(feature = "sqlite")]

mod conformance;
mod file;
mod foreign;
mod kit;
mod lending;
mod operators;
