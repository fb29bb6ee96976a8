//! Why a workflow was not started, or may not have been.

use crate::id::WorkflowId;
use crate::json::JsonError;
use crate::seal::SealError;
use crate::store::StoreError;

/// Why a workflow was not started. Nothing was written, nor will be, but for [`Uncertain`](Self::Uncertain).
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum StartError {
    /// Nobody here knows the saga.
    #[error("saga `{0}` is not registered: call `.saga({0}::definition())` when the engine is built")]
    UnknownSaga(String),
    /// The input has no JSON form.
    #[error("the input of the saga: {0}")]
    Input(#[from] JsonError),
    /// A saga that is started by its name takes another input. No value of a secret one is quoted.
    #[error("the input of saga `{saga}` does not fit: at `{at}`: {message}")]
    Misfit {
        /// The saga.
        saga: String,
        /// The path to the fault: `$input.pair.0`.
        at: String,
        /// What is wrong there.
        message: String,
    },
    /// Something in it cannot be stored.
    #[error("the start cannot be stored: {0}")]
    Unstorable(String),
    /// The name is not allowed.
    #[error(transparent)]
    Id(#[from] crate::id::InvalidId),
    /// The key, or the id, was used for something else.
    #[error(
        "the idempotency key (or id) belongs to workflow {existing}, which was started with another input"
    )]
    Conflict {
        /// Who has it.
        existing: WorkflowId,
    },
    /// Another live workflow holds an exclusion key.
    #[error("`{key}` is held by workflow {holder}")]
    Excluded {
        /// The key.
        key: String,
        /// Who holds it.
        holder: WorkflowId,
    },
    /// Nobody knows whether it was started, or will be yet: the store did not answer, or only to a second request, and
    /// the first one may still arrive. Ask for `workflow` by its id (for the length of a lease: after that it is there
    /// or will not come), or start it again with the same id or idempotency key: that makes no second one.
    #[error(
        "it is not known whether workflow {workflow} was started: {reason}; ask for it by its id, or start it again \
         with the same id or idempotency key"
    )]
    Uncertain {
        /// Its id, if it was started.
        workflow: WorkflowId,
        /// Why nobody knows.
        reason: String,
    },
    /// This worker has as many workflows as it can take, or stops.
    #[error("this worker takes no more workflows at the moment; try again later")]
    Busy,
    /// The saga's input is secret and nobody here could seal it.
    #[error("the input of saga `{0}` is secret and this client has no key: `.with_secrets(key)`")]
    NoKey(String),
    /// The input cannot be sealed.
    #[error("the input cannot be sealed: {0}")]
    Seal(#[from] SealError),
    /// The event that was to start it could not be read.
    #[error("the event does not give the saga's input: {0}")]
    Mapping(String),
    /// The store failed before anything was asked of it that could be done.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl StartError {
    pub(super) fn uncertain(workflow: WorkflowId, reason: String) -> Self {
        Self::Uncertain { workflow, reason }
    }
}
