//! The kit for tests: of sagas, and of stores of your own.
//!
//! | | |
//! |---|---|
//! | [`SagaTest`] | one run of a saga whose steps answer as the test says |
//! | [`sweep`] | all runs: everything goes wrong, one thing after the other and together |
//! | [`World`] | a model of the systems around a saga, that counts what is done to them and misbehaves as it is told |
//! | [`FaultStore`] | any store, some of whose calls fail, are late, or are done and lose their answers |
//! | [`simulation`] | whole groups of processes in one thread and one seed |
//! | [`conformance`] | what every store has to do, one named test each |
//!
//! Time is virtual in all of it: hours of attempts, sleeps and waits pass at once. The guide has a
//! [chapter](crate::guide::testing) about which of them to use when.
// A test kit says what is wrong by panicking.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod clock;
mod saga_test;
mod world;
mod fault_store;
mod sweep;
pub mod conformance;
pub mod simulation;

pub use crate::machine::CallKind;
pub use fault_store::{Chance, Fault, FaultStore, Faults, Method, ParseFaultError, Which};
pub use saga_test::{CallEnd, Landed, RecordedCall, Report, SagaTest, StubCall};
pub use sweep::{Sweep, SweepStart, Swept, sweep};
pub use world::{Account, Act, Keys, Way, World, WorldCall};
