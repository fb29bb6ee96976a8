//! What a step is: its name, its types, its policy, and the functions that run and undo it.

mod context;
mod erased;
mod meta;
mod schema;
mod traits;

pub use context::{Heard, StepContext, TestContext};
pub use erased::{Callable, Callee, ErasedStep, PlainStep, TransactionalFns};
pub use meta::{Class, IfUnknown, Meta, Policy};
pub use schema::StepSchema;
pub use traits::{
    Adoptable, Args, Arguments, Data, Journaled, Provide, Signature, Step, StepResult, Success,
    TransactionalStep,
};

pub use crate::tx::Tx;

pub(crate) use context::{ContextParts, Note, Notes};
