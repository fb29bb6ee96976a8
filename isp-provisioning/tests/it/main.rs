//! The adapters against the simulators, over the wire.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

// Suites that the tests against the real systems run as well; they have to find them in the same place.
#[path = "freeradius/suite.rs"]
mod freeradius_suite;
#[path = "voltha/suite.rs"]
mod voltha_suite;

mod database;
mod freeradius;
mod harness;
mod voltha;
