//! Everything together: sagas by macro, the engine, stores, and a world that counts what is done to it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    unreachable_pub,
    reason = "a test says what is wrong by failing"
)]

mod heard;
mod life;
mod tap;
mod world;

mod starts;
mod start_options;
mod many;
mod schedules;
mod secrets;
mod triggers;
mod retention;
mod hints;
mod rest;
mod shown;
mod crash;
mod undo;
mod undo_crash;
mod unknown;
mod unknown_definition;
mod pauses;
mod heartbeats;
mod cancel;
mod keys;
mod counting;
mod shutdown;
mod outage;
mod kill;
mod stored;
mod unreadable;
mod architecture;
mod transactions;
mod replay;
mod poison;
mod faults;
mod cached_answers;
mod durable;
mod full;
mod forms;
mod sweeps;
mod papers;
mod json;
mod definitions;
mod versions;
mod pictures;
mod schema;
