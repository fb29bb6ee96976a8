//! The log lines that operators search for. Their wording is a contract.

use std::sync::Arc;

use super::attempt::Ended;
use super::events::WorkflowEventKind;
use crate::definition::StepNode;
use crate::id::WorkflowId;
use crate::machine::{Call, CallKind, Machine};
use crate::store::{Header, HeaderState, Status};

/// Writes the lines of one workflow.
pub(super) struct Log {
    workflow_id: WorkflowId,
    pub(super) workflow_type: Arc<str>,
    total_steps: u32,
}

impl Log {
    pub(super) fn new(header: &Header) -> Self {
        Self {
            workflow_id: header.workflow_id.clone(),
            workflow_type: Arc::clone(&header.definition.name),
            total_steps: header.total_steps,
        }
    }

    pub(super) fn started(&self) {
        tracing::info!(
            workflow_id = %self.workflow_id,
            "Starting workflow execution: {} (type={}, steps={})", self.workflow_id, self.workflow_type, self.total_steps
        );
    }

    /// A call begins. Answers with the step's name.
    pub(super) fn call(&self, machine: &Machine, call: &Call) -> Arc<str> {
        let Some(step) = step_of(machine, call) else { return "".into() };
        let name = &step.step_name;
        let system = step.system.as_deref().unwrap_or("none");
        match call.kind {
            CallKind::Run => tracing::info!(
                workflow_id = %self.workflow_id, step = %name, system,
                "Executing step {name} (order={}, system={system})", step.step_order
            ),
            CallKind::Undo => tracing::info!(
                workflow_id = %self.workflow_id, step = %name, system,
                "Compensating step {name}"
            ),
            CallKind::LookUp => tracing::info!(
                workflow_id = %self.workflow_id, step = %name, system,
                "Looking up what step {name} did"
            ),
        }
        Arc::clone(name)
    }

    /// A call ended.
    pub(super) fn ended(&self, machine: &Machine, call: &Call, ended: &Ended) -> Option<WorkflowEventKind> {
        let spec = step_of(machine, call)?;
        let step = Arc::clone(&spec.step_name);
        let attempts = spec.policy.retry.max_attempts;
        let of = if attempts == u32::MAX { "any number".to_owned() } else { attempts.to_string() };
        let system = spec.system.as_deref().unwrap_or("none");
        match ended {
            Ended::Run(Ok(_)) => {
                tracing::info!(workflow_id = %self.workflow_id, step = %step, system, "Step {step} completed successfully");
                Some(WorkflowEventKind::StepCompleted { step })
            }
            Ended::Run(Err(error)) => {
                tracing::warn!(
                    workflow_id = %self.workflow_id, step = %step, system,
                    "Step {step} failed (attempt {} of {of}): {error}", call.attempt
                );
                Some(WorkflowEventKind::StepFailed { step, attempt: call.attempt, error: error.to_string() })
            }
            Ended::Undo(Ok(())) => {
                tracing::info!(workflow_id = %self.workflow_id, step = %step, system, "Step {step} compensated");
                Some(WorkflowEventKind::StepCompensated { step })
            }
            Ended::Undo(Err(error)) => {
                tracing::warn!(workflow_id = %self.workflow_id, step = %step, system, "Compensation of step {step} failed: {error}");
                Some(WorkflowEventKind::CompensationFailed { step, error: error.to_string() })
            }
            Ended::LookUp(_) => None,
        }
    }

    pub(super) fn rests(&self, header: &HeaderState) {
        let id = &self.workflow_id;
        let why = header.error_message.as_deref().unwrap_or("");
        match header.status {
            Status::Completed => tracing::info!(workflow_id = %id, "Workflow {id} completed successfully"),
            Status::RolledBack => tracing::warn!(workflow_id = %id, "Workflow {id} rolled back: {why}"),
            Status::Failed => {
                let reason = header.failure_reason.map_or("", |r| r.as_str());
                let owed = header.compensation_error.as_deref().unwrap_or("");
                tracing::error!(workflow_id = %id, reason, "Workflow {id} failed ({reason}), a person is needed: {why} {owed}");
            }
            _ => {}
        }
    }
}

fn step_of<'a>(machine: &'a Machine, call: &Call) -> Option<&'a Arc<StepNode>> {
    machine.plan().node(call.node).and_then(|n| n.step())
}
