//! Many processes on one database, under everything that happens to processes, wires, clocks and databases. Real ones:
//! PostgreSQL servers of the tests' own, workers that are killed, paused and woken, and a world of its own that counts.
//!
//! `scripts/test storm processes` runs it; `SAGA_SEED` repeats a run, and `SAGA_ORDERS` makes the storm longer.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![cfg(feature = "real-systems")]

mod database;
mod proxy;
mod orders;
#[path = "../../../tests/kill/system.rs"]
mod system;
mod worker;
#[path = "../../../tests/kill/world.rs"]
mod world;
mod stage;
mod storm;
mod clocks;
mod takeover;
mod halves;
mod silence;
mod promotion;

/// The other processes are this program too.
#[test]
#[ignore = "it is a process of the other tests"]
fn process_of_the_other_tests() {
    let world = std::env::var("SAGA_WORLD").unwrap();
    match std::env::var("SAGA_PROCESS").as_deref() {
        Ok("world") => world::run(&world),
        Ok("worker") => worker::run(world),
        other => panic!("{other:?} is neither `world` nor `worker`"),
    }
}
