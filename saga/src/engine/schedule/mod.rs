//! Workflows that start again and again: schedules live in the store, any worker fires their ticks.
//!
//! A tick starts its workflow under the idempotency key `schedule/<name>/<time>` and only then moves the schedule
//! on, compare-and-set. However many workers see it, and wherever one of them dies, there is one workflow. Where ticks
//! may not overlap, the schedule says first whose turn it is: a tick that one worker passes over is started by no other.

mod rhythm;
mod request;
mod ticker;

pub use request::{ScheduleError, ScheduleRequest, Schedules};
pub(super) use ticker::fire;
