//! The real engine in a simulated world. A seed is a few workers over one store, a handful of workflows, and whatever
//! goes wrong: crashes, pauses past the lease, lost answers, partitions, late effects, and people who cancel, retry and
//! settle in between. A checker holds what happens against the guarantees.
//!
//! `stage` is one seed; on it stand `workers`, the `wire` between them and the store, the `world` of other systems, and
//! `people`, and what `happenings` and a `rota` start; `faults` is what goes wrong. `ledger` and `calls` watch while it happens, `verdict` looks at the end.
// It says what is wrong by panicking where the simulation itself is at fault.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

pub mod seed;

mod stage;
mod coverage;
mod many;
mod sagas;
mod workers;
mod wire;
mod network;
mod unstorable;
mod world;
mod people;
mod happenings;
mod rota;
mod secrets;
mod log;
mod faults;
mod ledger;
mod calls;
mod verdict;

pub use coverage::Coverage;
pub use many::many;
