//! What the macros make, used as a user would.
#![deny(warnings)]
#![allow(unreachable_pub, reason = "a test is a crate of its own")]

#[path = "../isp/mod.rs"]
mod isp;

mod resources;
mod sagas;
mod steps;
