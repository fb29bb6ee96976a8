//! The kit for tests: of sagas ([`SagaTest`]), and of stores of your own ([`conformance`]).
// A test kit says what is wrong by panicking.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod clock;
mod saga_test;
mod world;
mod fault_store;
pub mod conformance;

pub use crate::machine::CallKind;
pub use fault_store::{Chance, Fault, FaultStore, Faults, Method, ParseFaultError, Which};
pub use saga_test::{CallEnd, Landed, RecordedCall, Report, SagaTest, StubCall};
pub use world::{Account, Act, Keys, Way, World, WorldCall};
