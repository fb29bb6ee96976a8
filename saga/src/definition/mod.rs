//! What a saga is: the plan, which is data, and the code that belongs to it.

mod builder;
mod code;
mod describe;
mod plan;
mod values;

pub use builder::{Branches, Condition, SagaBuilder};
pub use code::{Definition, Start};
pub use plan::{Guard, Node, NodeId, OnFailure, Op, Plan, PlanError, StepNode};
pub use values::{Deps, Handle, Values};

pub(crate) use code::Code;
