//! What happens next: pure. Plan, state, event and time go in; state and commands come out.
//!
//! There is no async here, no clock, no store and no user code. [`Command`] is the complete list of what the
//! engine may do to the world.
//!
//! **Acknowledgement is in the types.** A command whose cause is not durable yet is *held*: the machine keeps
//! it with the commit that makes its cause durable, and hands it out only in answer to
//! [`Event::Committed`]. The engine cannot be early, because it does not have the command.
//!
//! One commit of a workflow is in flight at a time; what happens meanwhile is merged into the next one.
//!
//! To read it: `step` and `state` are what a workflow is in memory, `draft`, `held` and `answer` how it becomes
//! durable; `forward`, `attempt`, `due`, `turn` and `backward` what it does; `resume` and `leave` how it gets from one
//! worker to the next; `operator` what people do to it at rest.
#![allow(
    clippy::indexing_slicing,
    reason = "nodes and steps are indexed by numbers that come from the same plan as the tables' lengths"
)]

mod command;
mod keys;
mod words;
mod context;
mod step;
mod phases;
mod state;
mod draft;
mod heartbeat;
mod held;
mod answer;
mod unstorable;
mod forward;
mod items;
mod waits;
mod scope;
mod attempt;
mod due;
mod turn;
mod backward;
mod passes;
mod resume;
mod leave;
mod operator;

#[cfg(test)]
mod tests;

pub use command::{Call, CallKind, Command, Env, Event, Expression, Pulse};
pub use operator::{DebtAction, OperatorRefusal, cancel_stopped, change_debt, retry};
pub use state::{Machine, Settings};

pub(crate) use step::pending_row;
