//! What the macros make, used as a user would.
#![deny(warnings)]
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test is a crate of its own, and may panic"
)]

#[path = "../isp/mod.rs"]
mod isp;

mod expressions;
mod resources;
mod run;
mod sagas;
mod patterns;
mod same;
mod secrets;
mod steps;
mod words;
