//! The machine in a simulated world: plans, scripts of what other systems answer, and a journal in memory.
//!
//! A scenario reads like a table: a plan, what the steps answer, and the trace of everything that the machine
//! did about it (see [`sim::Sim`]).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on says so by a panic"
)]

mod journal;
mod plans;
mod sim;

mod happy_path;
mod failures;
mod retries;
mod pauses;
mod unknown;
mod tolerated;
mod decided;
mod sleeps;
mod waits;
mod wait_timeouts;
mod waiting_beside;
mod items;
mod sub_sagas;
mod tolerated_sagas;
mod waits_in_sagas;
mod matches;
mod pivot;
mod joins;
mod keys;
mod values;
mod deaths;
mod records;
mod heartbeats;
mod transactions;
mod refusals;
mod cancel;
mod leaving;
mod debts;
mod operators;
mod unstorable;
mod long_words;
mod random;
