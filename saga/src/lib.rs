//! Sagas: steps over several systems, each with its undo, such that every started workflow ends *all done*,
//! *all undone*, or *stopped with an exact list of what is still owed*.

// The modules in reading order; each uses only those above it.
mod clock;
mod error;
mod id;
mod json;
mod retry;

pub mod definition;
pub mod step;
pub mod store;
#[cfg(feature = "testing")]
pub mod testing;

pub use clock::Timestamp;
pub use definition::{Definition, Handle, OnFailure, Plan, PlanError, SagaBuilder, Start};
pub use error::{Effect, ErrorKind, IntoStepError, ResultExt, Retry, StepError};
pub use id::{CommitId, DefinitionId, InvalidId, WorkerId, WorkflowId};
pub use json::{Json, JsonError};
pub use retry::{Backoff, Jitter, RetryPolicy};
pub use step::{
    Adoptable,
    Adoptable::{Adopted, Created},
    Args, Callable, Class, IfUnknown, Meta, Policy, Provide, Signature, Step, StepContext, TransactionalStep,
    Tx,
};

/// The result of a step, or of anything that may fail like one.
pub type Result<T, E = StepError> = std::result::Result<T, E>;
