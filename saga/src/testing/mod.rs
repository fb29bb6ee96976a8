//! The kit for tests: of stores of your own, and of sagas.
// A test kit says what is wrong by panicking.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

pub mod conformance;
