//! What a saga is: the plan, which is data, and the code that belongs to it.

mod builder;
mod code;
mod describe;
mod plan;
mod secrets;
mod values;

pub use builder::{Arms, Branches, SagaBuilder};
pub use code::{Definition, Start};
pub use plan::{Guard, IfFailed, Node, NodeId, OnFailure, Op, Plan, PlanError, StepNode, SubSaga, WaitNode};
pub use values::{Deps, Handle, Values};

pub(crate) use builder::Sleep;
pub(crate) use code::Code;
pub(crate) use values::UNREADABLE;
