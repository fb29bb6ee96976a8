//! What the API answers: the wire twins of workflows and steps.

use saga::engine::WorkflowView;
use saga::store::{Debt, FailureReason, Header, Status, StepRow, StepStatus};
use saga::{Json, Timestamp, WorkflowId};
use serde::Serialize;

/// A workflow.
#[derive(Debug, Serialize)]
pub(super) struct WorkflowAnswer {
    workflow_id: WorkflowId,
    workflow_type: String,
    status: Status,
    started_at: Option<Timestamp>,
    completed_at: Option<Timestamp>,
    failed_at: Option<Timestamp>,
    error_message: Option<String>,
    retry_count: u32,
    steps: Vec<StepAnswer>,
    created_at: Timestamp,
    version: u32,
    run: u32,
    failure_reason: Option<FailureReason>,
    compensation_error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    debts: Option<Vec<DebtAnswer>>,
}

/// An effect that a rollback could not undo.
#[derive(Debug, Serialize)]
struct DebtAnswer {
    step_id: String,
    step_name: String,
    target_system: Option<String>,
    error_message: Option<String>,
    debt: Debt,
    note: Option<String>,
}

/// A step of a workflow.
#[derive(Debug, Serialize)]
pub(super) struct StepAnswer {
    step_id: String,
    step_name: String,
    step_order: u32,
    target_system: Option<String>,
    status: StepStatus,
    started_at: Option<Timestamp>,
    completed_at: Option<Timestamp>,
    failed_at: Option<Timestamp>,
    error_message: Option<String>,
    retry_count: u32,
    output_data: Option<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    debt: Option<Debt>,
    #[serde(skip_serializing_if = "Option::is_none")]
    debt_note: Option<String>,
}

impl WorkflowAnswer {
    /// Without its steps, as lists show it.
    pub(super) fn of_header(header: &Header) -> Self {
        let state = &header.state;
        Self {
            workflow_id: header.workflow_id.clone(),
            workflow_type: header.definition.name.to_string(),
            status: state.status,
            started_at: state.started_at,
            completed_at: state.completed_at,
            failed_at: state.failed_at,
            error_message: state.error_message.clone(),
            retry_count: state.retry_count,
            steps: vec![],
            created_at: header.created_at,
            version: header.definition.version,
            run: state.run,
            failure_reason: state.failure_reason,
            compensation_error: state.compensation_error.clone(),
            debts: None,
        }
    }

    /// With the steps that were reached; with `all`, also those that were not.
    pub(super) fn of_view(view: &WorkflowView, all: bool) -> Self {
        let rows = if all { view.all_steps() } else { view.steps.clone() };
        let workflow = &view.header.workflow_id;
        let steps = rows.iter().map(|row| StepAnswer::of(workflow, row)).collect();
        let debts = view.steps.iter().filter_map(|row| DebtAnswer::of(workflow, row)).collect();
        Self { steps, debts: Some(debts), ..Self::of_header(&view.header) }
    }
}

impl DebtAnswer {
    fn of(workflow: &WorkflowId, row: &StepRow) -> Option<Self> {
        Some(Self {
            step_id: row.step_id(workflow),
            step_name: row.step_name.to_string(),
            target_system: row.target_system.as_deref().map(ToOwned::to_owned),
            error_message: row.error_message.clone(),
            debt: row.debt?,
            note: row.debt_note.clone(),
        })
    }
}

impl StepAnswer {
    fn of(workflow: &WorkflowId, row: &StepRow) -> Self {
        Self {
            step_id: row.step_id(workflow),
            step_name: row.step_name.to_string(),
            step_order: row.step_order,
            target_system: row.target_system.as_deref().map(ToOwned::to_owned),
            status: row.status,
            started_at: row.started_at,
            completed_at: row.completed_at,
            failed_at: row.failed_at,
            error_message: row.error_message.clone(),
            retry_count: row.attempts.saturating_sub(1),
            output_data: row.output.clone(),
            debt: row.debt,
            debt_note: row.debt_note.clone(),
        }
    }
}

/// The answer of `provision-subscriber`.
#[derive(Debug, Serialize)]
pub(super) struct ProvisionAnswer {
    workflow_id: WorkflowId,
    subscriber_id: String,
    customer_id: String,
    status: Status,
    radius_username: Option<String>,
    ipv4_address: Option<String>,
    vlan_id: Option<u16>,
    onu_id: Option<String>,
    cpe_id: Option<String>,
    service_id: Option<String>,
    steps_completed: u32,
    total_steps: u32,
    error_message: Option<String>,
    created_at: Timestamp,
    completed_at: Option<Timestamp>,
}

impl ProvisionAnswer {
    /// From a workflow's steps: what stands is shown, what was undone is not, but for the customer's id.
    pub(super) fn of(view: &WorkflowView) -> Self {
        let header = &view.header;
        let output = |step: &str, undone_too: bool| {
            let row = view.steps.iter().find(|row| *row.step_name == *step)?;
            let shown = row.status == StepStatus::Completed || undone_too;
            row.output.as_ref().filter(|_| shown)?.decode::<serde_json::Value>().ok()
        };
        let text = |step: &str, field: &str, undone_too: bool| {
            output(step, undone_too)?.get(field)?.as_str().map(ToOwned::to_owned)
        };
        let number = |step: &str, field: &str| output(step, false)?.get(field)?.as_u64();
        let asked = header.input.decode::<serde_json::Value>().ok();
        let asked_vlan = asked.and_then(|request| request.get("vlan_id")?.as_u64());
        let ended_badly = matches!(header.state.status, Status::RolledBack | Status::Failed);
        let vlan_id = asked_vlan.filter(|_| !ended_badly).or_else(|| number("allocate_ip", "vlan_id"));
        Self {
            workflow_id: header.workflow_id.clone(),
            subscriber_id: text("create_subscriber", "subscriber_id", false).unwrap_or_default(),
            customer_id: text("create_customer", "customer_id", true).unwrap_or_default(),
            status: header.state.status,
            radius_username: text("create_radius_account", "username", false),
            ipv4_address: text("allocate_ip", "ipv4_address", false),
            vlan_id: vlan_id.and_then(|v| u16::try_from(v).ok()),
            onu_id: text("activate_onu", "onu_id", false),
            cpe_id: text("configure_cpe", "cpe_id", false),
            service_id: text("create_billing_service", "service_id", false),
            steps_completed: view.steps_completed(),
            total_steps: header.total_steps,
            error_message: header.state.error_message.clone(),
            created_at: header.created_at,
            completed_at: header.state.completed_at,
        }
    }
}
