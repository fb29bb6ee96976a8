//! A stream of what happens in this process, for metrics, logs and pages. Not the journal: a listener that is
//! too slow loses events.

use std::sync::Arc;

use tokio::sync::broadcast;

use crate::id::WorkflowId;
use crate::store::Status;

/// Something that happened in this process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkflowEvent {
    /// The workflow.
    pub workflow_id: WorkflowId,
    /// The saga's name.
    pub workflow_type: Arc<str>,
    /// What happened.
    pub kind: WorkflowEventKind,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WorkflowEventKind {
    /// This process runs the workflow from now on.
    Started,
    /// An attempt of a step begins.
    StepStarted {
        /// The step's name.
        step: Arc<str>,
        /// The attempt, from 1.
        attempt: u32,
    },
    /// A step is done.
    StepCompleted {
        /// The step's name.
        step: Arc<str>,
    },
    /// An attempt failed.
    StepFailed {
        /// The step's name.
        step: Arc<str>,
        /// The attempt, from 1.
        attempt: u32,
        /// Why.
        error: String,
    },
    /// An attempt to undo a step begins.
    CompensationStarted {
        /// The step's name.
        step: Arc<str>,
    },
    /// A step was undone.
    StepCompensated {
        /// The step's name.
        step: Arc<str>,
    },
    /// An attempt to undo a step failed.
    CompensationFailed {
        /// The step's name.
        step: Arc<str>,
        /// Why.
        error: String,
    },
    /// The workflow has come to rest.
    Ended(Status),
}

/// Receives what happens in this process.
pub struct EventStream(pub(super) broadcast::Receiver<WorkflowEvent>);

impl EventStream {
    /// The next event; `None` when the engine is gone. Events that were missed are passed over.
    pub async fn next(&mut self) -> Option<WorkflowEvent> {
        loop {
            match self.0.recv().await {
                Ok(event) => return Some(event),
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }
}
