//! The adapters against the simulators, over the wire.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[path = "../suite/freeradius.rs"]
mod freeradius_suite;
#[path = "../suite/mod.rs"]
mod suite;
#[path = "../suite/voltha.rs"]
mod voltha_suite;

mod database;
mod freeradius;
mod genieacs;
mod genieacs_wire;
mod harness;
mod netbox;
mod netbox_recorded;
mod undo;
mod voltha;
