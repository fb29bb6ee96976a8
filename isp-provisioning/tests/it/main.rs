//! The adapters against the simulators, over the wire.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "voltha/suite.rs"]
mod voltha_suite;

mod harness;
mod voltha;
