//! What a saga is: the plan, which is data, and the code that belongs to it.

mod builder;
mod code;
mod describe;
mod difference;
mod draw;
mod expressions;
pub mod json;
mod lock;
mod order;
mod outline;
mod plan;
mod registry;
mod retold;
mod schema;
mod shape;
mod secrets;
mod values;
mod words;

pub use builder::Slip;
pub use builder::{Arms, Branches, SagaBuilder};
pub use code::{Definition, Start};
pub use draw::{Mark, Marks};
pub use json::{Fault, LoadError};
pub use lock::Lock;
pub use order::PlanError;
pub use plan::{Guard, IfFailed, Node, NodeId, OnFailure, Op, Plan, StepNode, SubSaga, WaitNode};
pub use registry::StepRegistry;
pub use values::{Computed, Deps, Handle, Values};

pub(crate) use builder::Sleep;
pub(crate) use code::Code;
pub(crate) use difference::difference;
pub(crate) use expressions::without_expressions;
pub(crate) use values::UNREADABLE;
