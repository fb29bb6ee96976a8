//! The tables' rows as they are read, for every backend.

use saga::store::{AuditEvent, Header, HeaderState, PublishedEvent, Signal, StepRow, StoreError, Wanted};
use saga::{CommitId, Json, Timestamp, WorkerId};
use serde::Deserialize;
use sqlx::FromRow;

use crate::codec::Place;

/// A row of `orchestration_workflows`.
#[derive(FromRow)]
pub(crate) struct HeaderColumns {
    workflow_id: String,
    tenant_id: String,
    initiator_id: Option<String>,
    idempotency_key: Option<String>,
    input_hash: String,
    definition: String,
    total_steps: i64,
    input_data: String,
    exclusion: String,
    search_keys: String,
    priority: i64,
    deadline_at: Option<String>,
    max_retries: i64,
    created_at: String,
    rev: i64,
    last_commit: Option<i64>,
    worker: Option<i64>,
    unclean: bool,
    takeovers: i64,
    updated_at: String,
    status: String,
    failure_reason: Option<String>,
    run: i64,
    context: Option<String>,
    output_data: Option<String>,
    error_message: Option<String>,
    compensation_error: Option<String>,
    retry_count: i64,
    rolled_back_once: bool,
    turned_back: bool,
    leaves_intents: bool,
    current_step: Option<String>,
    current_system: Option<String>,
    wake_at: Option<String>,
    started_at: Option<String>,
    completed_at: Option<String>,
    failed_at: Option<String>,
}

fn time(place: &Place<'_>, column: &str, text: Option<&String>) -> Result<Option<Timestamp>, StoreError> {
    text.map(|text| place.time(column, text)).transpose()
}
fn json(place: &Place<'_>, column: &str, text: Option<&String>) -> Result<Option<Json>, StoreError> {
    text.map(|text| place.json(column, text)).transpose()
}

impl HeaderColumns {
    pub(crate) fn read(self) -> Result<Header, StoreError> {
        let at = Place { table: "orchestration_workflows", row: &self.workflow_id };
        let state = HeaderState {
            status: at.read("status", &self.status)?,
            failure_reason: self.failure_reason.map(|r| at.read("failure_reason", &r)).transpose()?,
            run: at.number("run", self.run)?,
            context: json(&at, "context", self.context.as_ref())?,
            output: json(&at, "output_data", self.output_data.as_ref())?,
            error_message: self.error_message,
            compensation_error: self.compensation_error,
            retry_count: at.number("retry_count", self.retry_count)?,
            rolled_back_once: self.rolled_back_once,
            turned_back: self.turned_back,
            leaves_intents: self.leaves_intents,
            current_step: self.current_step.map(Into::into),
            current_system: self.current_system.map(Into::into),
            wake_at: time(&at, "wake_at", self.wake_at.as_ref())?,
            started_at: time(&at, "started_at", self.started_at.as_ref())?,
            completed_at: time(&at, "completed_at", self.completed_at.as_ref())?,
            failed_at: time(&at, "failed_at", self.failed_at.as_ref())?,
        };
        Ok(Header {
            workflow_id: saga::WorkflowId::new(&self.workflow_id)
                .map_err(|e| at.corrupt("workflow_id", e))?,
            tenant_id: self.tenant_id.into(),
            initiator_id: self.initiator_id.map(Into::into),
            idempotency_key: self.idempotency_key.map(Into::into),
            input_hash: self.input_hash.into(),
            definition: at.read("definition", &self.definition)?,
            total_steps: at.number("total_steps", self.total_steps)?,
            input: at.json("input_data", &self.input_data)?,
            exclusion: at.list("exclusion", &self.exclusion)?,
            search_keys: at.list("search_keys", &self.search_keys)?,
            priority: at.number("priority", self.priority)?,
            deadline_at: time(&at, "deadline_at", self.deadline_at.as_ref())?,
            max_retries: at.number("max_retries", self.max_retries)?,
            created_at: at.time("created_at", &self.created_at)?,
            rev: self.rev,
            last_commit: self.last_commit.map(CommitId),
            worker: self.worker.map(WorkerId),
            unclean: self.unclean,
            takeovers: at.number("takeovers", self.takeovers)?,
            updated_at: at.time("updated_at", &self.updated_at)?,
            state,
        })
    }
}

/// A row of `orchestration_workflow_steps`.
#[derive(FromRow)]
pub(crate) struct StepColumns {
    pub(crate) workflow_id: String,
    run: i64,
    step_order: i64,
    item: String,
    rev: i64,
    node: String,
    step_name: String,
    target_system: Option<String>,
    status: String,
    effect: String,
    attempts: i64,
    undo_attempts: i64,
    key_generation: i64,
    deaths: i64,
    input_data: Option<String>,
    output_data: Option<String>,
    compensation_data: Option<String>,
    carry: Option<String>,
    debt: Option<String>,
    debt_note: Option<String>,
    error_message: Option<String>,
    started_at: Option<String>,
    completed_at: Option<String>,
    failed_at: Option<String>,
}

impl StepColumns {
    pub(crate) fn read(self) -> Result<StepRow, StoreError> {
        let row = format!("{} step {} of run {}", self.workflow_id, self.step_order, self.run);
        let at = Place { table: "orchestration_workflow_steps", row: &row };
        Ok(StepRow {
            run: at.number("run", self.run)?,
            step_order: at.number("step_order", self.step_order)?,
            item: self.item.into(),
            rev: self.rev,
            node: self.node.into(),
            step_name: self.step_name.into(),
            target_system: self.target_system.map(Into::into),
            status: at.read("status", &self.status)?,
            effect: at.read("effect", &self.effect)?,
            attempts: at.number("attempts", self.attempts)?,
            undo_attempts: at.number("undo_attempts", self.undo_attempts)?,
            key_generation: at.number("key_generation", self.key_generation)?,
            deaths: at.number("deaths", self.deaths)?,
            input: json(&at, "input_data", self.input_data.as_ref())?,
            output: json(&at, "output_data", self.output_data.as_ref())?,
            record: json(&at, "compensation_data", self.compensation_data.as_ref())?,
            carry: json(&at, "carry", self.carry.as_ref())?,
            debt: self.debt.map(|debt| at.read("debt", &debt)).transpose()?,
            debt_note: self.debt_note,
            error_message: self.error_message,
            started_at: time(&at, "started_at", self.started_at.as_ref())?,
            completed_at: time(&at, "completed_at", self.completed_at.as_ref())?,
            failed_at: time(&at, "failed_at", self.failed_at.as_ref())?,
        })
    }
}

/// A row of `orchestration_events`.
#[derive(FromRow)]
pub(crate) struct EventColumns {
    pub(crate) event_id: i64,
    run: i64,
    at: String,
    kind: String,
    node: Option<String>,
    attempt: Option<i64>,
    message: String,
    actor: Option<String>,
}

impl EventColumns {
    pub(crate) fn read(self, workflow: &str) -> Result<AuditEvent, StoreError> {
        let place = Place { table: "orchestration_events", row: workflow };
        Ok(AuditEvent {
            run: place.number("run", self.run)?,
            at: place.time("at", &self.at)?,
            kind: place.read("kind", &self.kind)?,
            node: self.node.map(Into::into),
            attempt: self.attempt.map(|n| place.number("attempt", n)).transpose()?,
            message: self.message,
            actor: self.actor.map(Into::into),
        })
    }
}

/// A row of `orchestration_published_events`, apart from what was asked for.
#[derive(FromRow)]
pub(crate) struct PublishedColumns {
    value: String,
    by: Option<String>,
    at: String,
    kept_until: String,
}

impl PublishedColumns {
    pub(crate) fn read(self, wanted: Wanted) -> Result<PublishedEvent, StoreError> {
        let place = Place { table: "orchestration_published_events", row: &wanted.name };
        let value = place.json("value", &self.value)?;
        let (at, kept_until) = (place.time("at", &self.at)?, place.time("kept_until", &self.kept_until)?);
        let Wanted { tenant: tenant_id, name, key, .. } = wanted;
        Ok(PublishedEvent { tenant_id, name, key, value, by: self.by, at, kept_until })
    }
}

/// A row of `orchestration_signals`, with its workflow's `rev`.
#[derive(FromRow)]
pub(crate) struct SignalColumns {
    signal_id: i64,
    workflow_id: String,
    kind: String,
    by: String,
    rev: i64,
}

impl SignalColumns {
    pub(crate) fn read(self) -> Result<Signal, StoreError> {
        let at = Place { table: "orchestration_signals", row: &self.workflow_id };
        Ok(Signal {
            id: self.signal_id,
            workflow_id: saga::WorkflowId::new(&self.workflow_id)
                .map_err(|e| at.corrupt("workflow_id", e))?,
            kind: at.read("kind", &self.kind)?,
            by: self.by,
            rev: self.rev,
        })
    }
}

/// The few fields by which a commit is judged.
#[derive(Deserialize)]
pub(crate) struct StandingColumns {
    pub(crate) tenant_id: String,
    pub(crate) input_hash: String,
    pub(crate) workflow_type: String,
    pub(crate) rev: i64,
    pub(crate) status: String,
    pub(crate) worker: Option<i64>,
    pub(crate) last_commit: Option<i64>,
    pub(crate) created_by: i64,
    pub(crate) takeovers: i64,
    pub(crate) rolled_back_once: i64,
    pub(crate) exclusion: String,
}
