//! The kit for tests: of sagas ([`SagaTest`]), of stores of your own ([`conformance`]), and of whole groups of processes
//! ([`simulation`]).
// A test kit says what is wrong by panicking.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod saga_test;
pub mod conformance;
pub mod simulation;

pub use crate::machine::CallKind;
pub use saga_test::{CallEnd, Landed, RecordedCall, Report, SagaTest, StubCall};
