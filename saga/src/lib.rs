//! Sagas: steps over several systems, each with its undo, such that every started workflow ends *all done*,
//! *all undone*, or *stopped with an exact list of what is still owed*.

#[macro_use]
mod mutants;

// The modules in reading order; each uses only those above it.
mod clock;
mod error;
mod failure;
mod id;
mod json;
mod retry;
mod tx;

pub mod seal;
pub mod step;
pub mod definition;
pub mod flow;
pub mod store;
pub mod machine;
pub mod engine;
#[cfg(feature = "testing")]
pub mod testing;

#[doc(hidden)]
#[path = "private/mod.rs"]
pub mod __private;

pub use clock::Timestamp;
pub use definition::{
    Definition, Handle, LoadError, OnFailure, Plan, PlanError, SagaBuilder, Start, StepRegistry,
};
pub use engine::{Client, Config, Engine, Keep, Outcome, Retention, Untyped, WorkflowHandle};
pub use error::{Effect, ErrorKind, IntoStepError, ResultExt, Retry, StepError};
pub use failure::Failure;
pub use id::{CommitId, DefinitionId, InvalidId, WorkerId, WorkflowId};
pub use json::{Json, JsonError};
pub use retry::{Backoff, Jitter, RetryPolicy};
pub use step::{
    Adoptable,
    Adoptable::{Adopted, Created},
    Args, Callable, Class, Heard, IfUnknown, Meta, Policy, Provide, Signature, Step, StepContext,
    TransactionalStep, Tx,
};

#[cfg(feature = "macros")]
#[doc = include_str!("docs/resources.md")]
pub use saga_macros::Resources;
#[cfg(feature = "macros")]
#[doc = include_str!("docs/saga.md")]
pub use saga_macros::saga;
#[cfg(feature = "macros")]
#[doc = include_str!("docs/step.md")]
pub use saga_macros::step;

#[cfg(feature = "macros")]
pub mod guide {
    #![doc = include_str!("docs/guide/index.md")]

    #[doc = include_str!("docs/guide/calls.md")]
    pub mod calls {}
    #[doc = include_str!("docs/guide/undoing.md")]
    pub mod undoing {}
    #[doc = include_str!("docs/guide/long_steps.md")]
    pub mod long_steps {}
    #[doc = include_str!("docs/guide/values.md")]
    pub mod values {}
    #[doc = include_str!("docs/guide/choices.md")]
    pub mod choices {}
    #[doc = include_str!("docs/guide/side_by_side.md")]
    pub mod side_by_side {}
    #[doc = include_str!("docs/guide/items.md")]
    pub mod items {}
    #[doc = include_str!("docs/guide/sub_sagas.md")]
    pub mod sub_sagas {}
    #[doc = include_str!("docs/guide/waiting.md")]
    pub mod waiting {}
    #[doc = include_str!("docs/guide/starting.md")]
    pub mod starting {}
    #[doc = include_str!("docs/guide/locks.md")]
    pub mod locks {}
    #[doc = include_str!("docs/guide/secrets.md")]
    pub mod secrets {}
    #[doc = include_str!("docs/guide/versions.md")]
    pub mod versions {}
    #[doc = include_str!("docs/guide/by_hand.md")]
    pub mod by_hand {}
    #[doc = include_str!("docs/guide/json.md")]
    pub mod json {}
    #[cfg(feature = "testing")]
    #[doc = include_str!("docs/guide/testing.md")]
    pub mod testing {}
    #[doc = include_str!("docs/guide/mistakes.md")]
    pub mod mistakes {}
}

/// The result of a step, or of anything that may fail like one.
pub type Result<T, E = StepError> = std::result::Result<T, E>;
