//! The tables' rows as they are written: JSON objects whose keys are columns. What is missing is NULL.

use saga::store::{AuditEvent, Commit, Decision, Header, HeaderState, StepRow, StoreError};
use saga::{CommitId, DefinitionId, Timestamp, WorkflowId};
use serde::Serialize;

use crate::codec::{rows, time_text};

type Text<'a> = Option<&'a str>;
type Time = Option<String>;

fn time(time: Option<Timestamp>) -> Time {
    time.map(time_text)
}

#[derive(Serialize)]
struct State<'a> {
    status: &'a str,
    failure_reason: Text<'a>,
    run: u32,
    context: Text<'a>,
    output_data: Text<'a>,
    error_message: Text<'a>,
    compensation_error: Text<'a>,
    retry_count: u32,
    rolled_back_once: bool,
    turned_back: bool,
    leaves_intents: bool,
    current_step: Text<'a>,
    current_system: Text<'a>,
    wake_at: Time,
    started_at: Time,
    completed_at: Time,
    failed_at: Time,
}

impl<'a> State<'a> {
    fn of(state: &'a HeaderState) -> Self {
        Self {
            status: state.status.as_str(),
            failure_reason: state.failure_reason.map(|reason| reason.as_str()),
            run: state.run,
            context: state.context.as_ref().map(|json| json.as_str()),
            output_data: state.output.as_ref().map(|json| json.as_str()),
            error_message: state.error_message.as_deref(),
            compensation_error: state.compensation_error.as_deref(),
            retry_count: state.retry_count,
            rolled_back_once: state.rolled_back_once,
            turned_back: state.turned_back,
            leaves_intents: state.leaves_intents,
            current_step: state.current_step.as_deref(),
            current_system: state.current_system.as_deref(),
            wake_at: time(state.wake_at),
            started_at: time(state.started_at),
            completed_at: time(state.completed_at),
            failed_at: time(state.failed_at),
        }
    }
}

/// A header to be created.
#[derive(Serialize)]
pub(crate) struct NewHeader<'a> {
    workflow_id: &'a str,
    tenant_id: &'a str,
    initiator_id: Text<'a>,
    idempotency_key: Text<'a>,
    input_hash: &'a str,
    workflow_type: &'a str,
    definition_version: u32,
    definition: String,
    total_steps: u32,
    input_data: &'a str,
    exclusion: String,
    search_keys: String,
    priority: i32,
    deadline_at: Time,
    max_retries: u32,
    created_at: String,
    created_by: i64,
    worker: Option<i64>,
    updated_at: String,
    #[serde(flatten)]
    state: State<'a>,
}

impl<'a> NewHeader<'a> {
    pub(crate) fn of(header: &'a Header, commit: CommitId) -> Result<Self, StoreError> {
        Ok(Self {
            workflow_id: header.workflow_id.as_str(),
            tenant_id: &header.tenant_id,
            initiator_id: header.initiator_id.as_deref(),
            idempotency_key: header.idempotency_key.as_deref(),
            input_hash: &header.input_hash,
            workflow_type: &header.definition.name,
            definition_version: header.definition.version,
            definition: header.definition.to_string(),
            total_steps: header.total_steps,
            input_data: header.input.as_str(),
            exclusion: rows(&header.exclusion)?,
            search_keys: rows(&header.search_keys)?,
            priority: header.priority,
            deadline_at: time(header.deadline_at),
            max_retries: header.max_retries,
            created_at: time_text(header.created_at),
            created_by: commit.0,
            worker: header.worker.map(|worker| worker.0),
            updated_at: time_text(header.updated_at),
            state: State::of(&header.state),
        })
    }
}

/// A decision to be written.
#[derive(Serialize)]
pub(crate) struct Change<'a> {
    workflow_id: &'a str,
    expected_rev: i64,
    commit_id: i64,
    release: bool,
    /// May something have been under way that no row tells of? None: as it was.
    unclean: Option<bool>,
    told: String,
    #[serde(flatten)]
    state: State<'a>,
}

impl<'a> Change<'a> {
    pub(crate) fn of(commit: &'a Commit, decision: &'a Decision, by_owner: bool, told: Timestamp) -> Self {
        Self {
            workflow_id: commit.workflow_id.as_str(),
            expected_rev: decision.expected_rev,
            commit_id: commit.id.0,
            release: decision.release,
            unclean: decision.unclean(by_owner),
            told: time_text(told),
            state: State::of(&decision.state),
        }
    }
}

/// A step's row.
#[derive(Serialize)]
pub(crate) struct Fact<'a> {
    workflow_id: &'a str,
    run: u32,
    step_order: u32,
    item: &'a str,
    rev: i64,
    node: &'a str,
    step_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_system: Text<'a>,
    status: &'a str,
    effect: &'a str,
    attempts: u32,
    undo_attempts: u32,
    key_generation: u32,
    deaths: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    input_data: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_data: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    compensation_data: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    heartbeat_data: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    carry: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    debt: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    debt_note: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_message: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    completed_at: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    failed_at: Time,
}

impl<'a> Fact<'a> {
    pub(crate) fn of(workflow: &'a WorkflowId, row: &'a StepRow) -> Self {
        Self {
            workflow_id: workflow.as_str(),
            run: row.run,
            step_order: row.step_order,
            item: &row.item,
            rev: row.rev,
            node: &row.node,
            step_name: &row.step_name,
            target_system: row.target_system.as_deref(),
            status: row.status.as_str(),
            effect: row.effect.as_str(),
            attempts: row.attempts,
            undo_attempts: row.undo_attempts,
            key_generation: row.key_generation,
            deaths: row.deaths,
            input_data: row.input.as_ref().map(|json| json.as_str()),
            output_data: row.output.as_ref().map(|json| json.as_str()),
            compensation_data: row.record.as_ref().map(|json| json.as_str()),
            heartbeat_data: row.heartbeat.as_ref().map(|json| json.as_str()),
            carry: row.carry.as_ref().map(|json| json.as_str()),
            debt: row.debt.map(|debt| debt.as_str()),
            debt_note: row.debt_note.as_deref(),
            error_message: row.error_message.as_deref(),
            started_at: time(row.started_at),
            completed_at: time(row.completed_at),
            failed_at: time(row.failed_at),
        }
    }
}

/// A line of the audit trail.
#[derive(Serialize)]
pub(crate) struct Event<'a> {
    workflow_id: &'a str,
    commit_id: i64,
    n: usize,
    run: u32,
    at: String,
    kind: &'a str,
    node: Text<'a>,
    attempt: Option<u32>,
    message: &'a str,
    actor: Text<'a>,
}

impl<'a> Event<'a> {
    pub(crate) fn of(commit: &'a Commit, n: usize, event: &'a AuditEvent) -> Self {
        Self {
            workflow_id: commit.workflow_id.as_str(),
            commit_id: commit.id.0,
            n,
            run: event.run,
            at: time_text(event.at),
            kind: event.kind.as_str(),
            node: event.node.as_deref(),
            attempt: event.attempt,
            message: &event.message,
            actor: event.actor.as_deref(),
        }
    }
}

/// An exclusion key that is wanted; where nobody's, only asked about.
#[derive(Clone, Serialize, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Lock<'a> {
    pub(crate) tenant_id: &'a str,
    pub(crate) lock_key: &'a str,
    pub(crate) workflow_id: &'a str,
}

/// A business key.
#[derive(Serialize)]
pub(crate) struct SearchKey<'a> {
    pub(crate) tenant_id: &'a str,
    pub(crate) search_key: &'a str,
    pub(crate) workflow_id: &'a str,
}

/// What a workflow waits for.
#[derive(Serialize)]
pub(crate) struct Wait<'a> {
    pub(crate) tenant_id: &'a str,
    pub(crate) name: &'a str,
    pub(crate) event_key: &'a str,
    pub(crate) workflow_id: &'a str,
}

/// An idempotency key that is asked about.
#[derive(Serialize)]
pub(crate) struct StartKey<'a> {
    pub(crate) tenant_id: &'a str,
    pub(crate) idempotency_key: &'a str,
}

/// A change of the counts.
#[derive(Serialize)]
pub(crate) struct Count<'a> {
    pub(crate) tenant_id: &'a str,
    pub(crate) workflow_type: &'a str,
    pub(crate) status: &'a str,
    pub(crate) n: i64,
    pub(crate) seconds: f64,
}

/// A message that has been acted on.
#[derive(Serialize)]
pub(crate) struct Read<'a> {
    pub(crate) signal_id: i64,
    pub(crate) workflow_id: &'a str,
}

/// A definition that a worker knows, or looks for.
#[derive(Serialize)]
pub(crate) struct Named<'a> {
    pub(crate) name: &'a str,
    pub(crate) version: u32,
    fingerprint: &'a str,
}

impl<'a> Named<'a> {
    pub(crate) fn all(definitions: &'a [DefinitionId]) -> Vec<Self> {
        let named =
            |d: &'a DefinitionId| Named { name: &d.name, version: d.version, fingerprint: &d.fingerprint };
        definitions.iter().map(named).collect()
    }
}
