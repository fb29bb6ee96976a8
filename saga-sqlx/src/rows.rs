//! The tables' rows as they are read, for every backend.

use saga::store::{AuditEvent, Header, HeaderState, PublishedEvent, Signal, StepRow, StoreError, Wanted};
use saga::{CommitId, Json, Timestamp, WorkerId, WorkflowId};
use serde::Deserialize;
use sqlx::FromRow;
#[cfg(feature = "sqlite")]
use sqlx::{ColumnIndex, Decode, Row, Type};

use crate::along::Position;
use crate::cells::{Moment, Number, Text};
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
    total_steps: Number,
    input_data: Text,
    exclusion: Text,
    search_keys: Text,
    priority: Number,
    deadline_at: Option<Moment>,
    max_retries: Number,
    created_at: Moment,
    rev: i64,
    last_commit: Option<i64>,
    worker: Option<i64>,
    unclean: bool,
    takeovers: Number,
    updated_at: Moment,
    status: String,
    failure_reason: Option<String>,
    run: Number,
    context: Option<Text>,
    output_data: Option<Text>,
    error_message: Option<String>,
    compensation_error: Option<String>,
    retry_count: Number,
    rolled_back_once: bool,
    turned_back: bool,
    leaves_intents: bool,
    current_step: Option<String>,
    current_system: Option<String>,
    wake_at: Option<Moment>,
    started_at: Option<Moment>,
    completed_at: Option<Moment>,
    failed_at: Option<Moment>,
}

/// The columns of one row. What is in them may be of another type than it should be, in SQLite at least: then that row
/// cannot be read, and the others can.
#[cfg(feature = "sqlite")]
pub(crate) fn columns<'r, R, T>(table: &'static str, row: &'r R) -> Result<T, StoreError>
where
    R: Row,
    T: FromRow<'r, R>,
    &'static str: ColumnIndex<R>,
    String: Decode<'r, R::Database> + Type<R::Database>,
{
    T::from_row(row).map_err(|error| {
        let named = ["workflow_id", "name"].into_iter().find_map(|id| row.try_get::<String, _>(id).ok());
        let place = Place { table, row: named.as_deref().unwrap_or("a row") };
        match error {
            sqlx::Error::ColumnDecode { index, source } => place.corrupt(index.trim_matches('"'), source),
            other => place.corrupt("?", other),
        }
    })
}

/// One row that cannot be read does not hide the others.
pub(crate) fn readable<T>(found: Result<T, StoreError>) -> Option<T> {
    found.inspect_err(|error| tracing::error!("A workflow is passed over: {error}")).ok()
}

fn time(place: &Place<'_>, column: &str, cell: Option<&Moment>) -> Result<Option<Timestamp>, StoreError> {
    cell.map(|cell| place.time(column, cell)).transpose()
}
fn json(place: &Place<'_>, column: &str, cell: Option<&Text>) -> Result<Option<Json>, StoreError> {
    cell.map(|cell| place.json(column, &cell.0)).transpose()
}

/// Where a workflow stands in a list.
#[derive(FromRow)]
pub(crate) struct PlaceColumns {
    created_at: Moment,
    workflow_id: String,
}

impl PlaceColumns {
    pub(crate) fn read(self) -> Result<Position, StoreError> {
        place(&self.workflow_id, &self.created_at)
    }
}

fn place(id: &str, created_at: &Moment) -> Result<Position, StoreError> {
    let at = Place { table: "orchestration_workflows", row: id };
    let workflow_id = WorkflowId::new(id).map_err(|e| at.corrupt("workflow_id", e))?;
    Ok((at.time("created_at", created_at)?, workflow_id))
}

impl HeaderColumns {
    /// Where it stands in a list, also when the rest cannot be read.
    #[cfg(feature = "postgres")]
    pub(crate) fn place(&self) -> Result<Position, StoreError> {
        place(&self.workflow_id, &self.created_at)
    }

    pub(crate) fn read(self) -> Result<Header, StoreError> {
        let at = Place { table: "orchestration_workflows", row: &self.workflow_id };
        let state = HeaderState {
            status: at.read("status", &self.status)?,
            failure_reason: self.failure_reason.map(|r| at.read("failure_reason", &r)).transpose()?,
            run: at.number("run", self.run.0)?,
            context: json(&at, "context", self.context.as_ref())?,
            output: json(&at, "output_data", self.output_data.as_ref())?,
            error_message: self.error_message,
            compensation_error: self.compensation_error,
            retry_count: at.number("retry_count", self.retry_count.0)?,
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
            total_steps: at.number("total_steps", self.total_steps.0)?,
            input: at.json("input_data", &self.input_data.0)?,
            exclusion: at.list("exclusion", &self.exclusion.0)?,
            search_keys: at.list("search_keys", &self.search_keys.0)?,
            priority: at.number("priority", self.priority.0)?,
            deadline_at: time(&at, "deadline_at", self.deadline_at.as_ref())?,
            max_retries: at.number("max_retries", self.max_retries.0)?,
            created_at: at.time("created_at", &self.created_at)?,
            rev: at.rev(self.rev)?,
            last_commit: self.last_commit.map(CommitId),
            worker: self.worker.map(WorkerId),
            unclean: self.unclean,
            takeovers: at.number("takeovers", self.takeovers.0)?,
            updated_at: at.time("updated_at", &self.updated_at)?,
            state,
        })
    }
}

/// A row of `orchestration_workflow_steps`.
#[derive(FromRow)]
pub(crate) struct StepColumns {
    pub(crate) workflow_id: String,
    run: Number,
    step_order: Number,
    item: String,
    rev: i64,
    node: String,
    step_name: String,
    target_system: Option<String>,
    status: String,
    effect: String,
    attempts: Number,
    undo_attempts: Number,
    key_generation: Number,
    deaths: Number,
    input_data: Option<Text>,
    output_data: Option<Text>,
    compensation_data: Option<Text>,
    heartbeat_data: Option<Text>,
    carry: Option<Text>,
    debt: Option<String>,
    debt_note: Option<String>,
    error_message: Option<String>,
    started_at: Option<Moment>,
    completed_at: Option<Moment>,
    failed_at: Option<Moment>,
}

impl StepColumns {
    pub(crate) fn read(self) -> Result<StepRow, StoreError> {
        let row = format!("{} step {} of run {}", self.workflow_id, self.step_order.0, self.run.0);
        let at = Place { table: "orchestration_workflow_steps", row: &row };
        Ok(StepRow {
            run: at.number("run", self.run.0)?,
            step_order: at.number("step_order", self.step_order.0)?,
            item: self.item.into(),
            rev: at.rev(self.rev)?,
            node: self.node.into(),
            step_name: self.step_name.into(),
            target_system: self.target_system.map(Into::into),
            status: at.read("status", &self.status)?,
            effect: at.read("effect", &self.effect)?,
            attempts: at.number("attempts", self.attempts.0)?,
            undo_attempts: at.number("undo_attempts", self.undo_attempts.0)?,
            key_generation: at.number("key_generation", self.key_generation.0)?,
            deaths: at.number("deaths", self.deaths.0)?,
            input: json(&at, "input_data", self.input_data.as_ref())?,
            output: json(&at, "output_data", self.output_data.as_ref())?,
            record: json(&at, "compensation_data", self.compensation_data.as_ref())?,
            heartbeat: json(&at, "heartbeat_data", self.heartbeat_data.as_ref())?,
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
    #[cfg(feature = "postgres")]
    pub(crate) event_id: i64,
    run: Number,
    at: Moment,
    kind: String,
    node: Option<String>,
    attempt: Option<Number>,
    message: String,
    actor: Option<String>,
}

impl EventColumns {
    pub(crate) fn read(self, workflow: &str) -> Result<AuditEvent, StoreError> {
        let place = Place { table: "orchestration_events", row: workflow };
        Ok(AuditEvent {
            run: place.number("run", self.run.0)?,
            at: place.time("at", &self.at)?,
            kind: place.read("kind", &self.kind)?,
            node: self.node.map(Into::into),
            attempt: self.attempt.map(|n| place.number("attempt", n.0)).transpose()?,
            message: self.message,
            actor: self.actor.map(Into::into),
        })
    }
}

/// A row of `orchestration_published_events`, apart from what was asked for.
#[derive(FromRow)]
pub(crate) struct PublishedColumns {
    event_id: i64,
    value: Text,
    by: Option<String>,
    at: Moment,
    kept_until: Moment,
}

impl PublishedColumns {
    pub(crate) fn read(self, wanted: Wanted) -> Result<PublishedEvent, StoreError> {
        let place = Place { table: "orchestration_published_events", row: &wanted.name };
        let value = place.json("value", &self.value.0)?;
        let (at, kept_until) = (place.time("at", &self.at)?, place.time("kept_until", &self.kept_until)?);
        let Wanted { tenant: tenant_id, name, key, .. } = wanted;
        Ok(PublishedEvent { tenant_id, name, key, value, by: self.by, at, place: self.event_id, kept_until })
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
            rev: at.rev(self.rev)?,
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

/// The ids of a worker's workflows.
pub(crate) fn ids(texts: &[String]) -> Result<Vec<WorkflowId>, StoreError> {
    let place = Place { table: "orchestration_workflows", row: "a worker" };
    texts.iter().map(|id| WorkflowId::new(id).map_err(|e| place.corrupt("workflow_id", e))).collect()
}
