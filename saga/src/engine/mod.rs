//! Who does it: the only room that spawns, sleeps, calls stores and runs user code.
//!
//! A workflow is one task with one set of futures (`driver`): it asks the machine what to do and does exactly
//! that. All of them share one journal, which writes what waits as one batch while the next one gathers.

mod builder;
mod config;
mod running;
mod incarnation;
mod client;
mod local;
mod start;
mod accept;
mod start_error;
mod many;
mod untyped;
mod input;
mod handle;
mod operate;
mod publish;
mod trigger;
#[cfg(feature = "schedules")]
mod schedule;
mod vault;
mod view;
mod picture;
mod events;
mod starter;
mod retention;
mod worker;
mod park;
mod mismatch;
mod stray;
mod trouble;
mod stranded;
mod driver;
mod attempt;
mod notes;
mod interceptor;
mod journal;
mod lease;
mod live;
mod log;
mod shared;
mod runtime;

pub use builder::{BuildError, EngineBuilder};
pub use client::{Client, ClientError};
pub use config::Config;
pub use events::{EventStream, WorkflowEvent, WorkflowEventKind};
pub use handle::{Outcome, OwedStep, WorkflowHandle};
pub use retention::{Keep, Retention};
pub use running::Engine;
pub use runtime::{Runtime, TokioRuntime};
#[cfg(feature = "schedules")]
pub use schedule::{ScheduleError, ScheduleRequest, Schedules};
pub use start::{StartRequest, Started};
pub use start_error::StartError;
pub use trouble::Unreadable;
pub use untyped::Untyped;
pub use view::{StepView, WorkflowView};

#[cfg(feature = "testing")]
pub(crate) use {
    attempt::{Ended, panicked},
    interceptor::Interceptor,
};
