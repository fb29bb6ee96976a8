//! Who does it: the only room that spawns, sleeps, calls stores and runs user code.
//!
//! A workflow is one task with one set of futures ([`driver`]): it asks the machine what to do and does exactly
//! that. All of them share one journal, which writes what waits as one batch while the next one gathers.

mod attempt;
mod builder;
mod client;
mod driver;
mod events;
mod handle;
mod journal;
mod live;
mod log;
mod operate;
mod runtime;
mod shared;
mod start;
mod view;
mod worker;

pub use builder::{BuildError, Config, Engine, EngineBuilder};
pub use client::{Client, ClientError};
pub use events::{EventStream, WorkflowEvent, WorkflowEventKind};
pub use handle::{Outcome, OwedStep, WorkflowHandle};
pub use runtime::{Runtime, TokioRuntime};
pub use start::{StartError, StartRequest, Started};
pub use view::{StepView, WorkflowView};
