//! The same sagas in a crate whose author denies every lint there is. What is allowed here is about the sagas as
//! they are written, and not about what the macros make of them.
#![deny(warnings, clippy::all, clippy::pedantic)]
#![allow(
    clippy::many_single_char_names,
    clippy::unnecessary_wraps,
    clippy::unnested_or_patterns,
    clippy::unused_async,
    clippy::unwrap_used,
    clippy::duration_suboptimal_units,
    unreachable_pub,
    reason = "a test is a crate of its own, may panic, and has steps that do nothing"
)]

#[path = "isp/mod.rs"]
mod isp;
#[path = "it/sagas.rs"]
mod sagas;
#[path = "it/run.rs"]
mod run;
#[path = "it/same.rs"]
mod same;
#[path = "it/words.rs"]
mod words;
