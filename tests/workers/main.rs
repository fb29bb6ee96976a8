//! Engines on one PostgreSQL database: several that share the work, and the scenarios of one engine once more, in real
//! time.
//!
//! Needs a server: `scripts/test workers` starts one, and says where it is in `DATABASE_URL`.
#![cfg(test)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    unreachable_pub,
    dead_code,
    reason = "a test says what is wrong by failing; what is shared with other tests is not all used here"
)]

#[path = "../examples/binaries.rs"]
mod binaries;
mod home;
mod life;
#[path = "../it/tap.rs"]
mod tap;
#[path = "../it/world.rs"]
mod world;

// The scenarios, whose store is this suite's.
#[path = "../it/keys.rs"]
mod keys;
#[path = "../it/rest.rs"]
mod rest;
#[path = "../it/undo.rs"]
mod undo;
#[path = "../it/unknown.rs"]
mod unknown;

mod kit;
mod inside;
mod leaving;
mod product;
mod room;
mod together;
mod versions;
