//! A schedule's row, for every backend.

use saga::WorkflowId;
use saga::store::{Schedule, StoreError};
use serde::Serialize;
use sqlx::FromRow;

use crate::cells::{Moment, Number, Text};
use crate::codec::{Place, rows, time_text};

/// A row of `orchestration_schedules` as it is read.
#[derive(FromRow)]
pub(crate) struct ScheduleColumns {
    tenant_id: String,
    name: String,
    workflow_type: String,
    input_data: Text,
    exclusion: Text,
    cron: String,
    time_zone: String,
    overlap: String,
    catch_up: i64,
    priority: Number,
    paused: bool,
    next_at: Option<Moment>,
    queued_at: Option<Moment>,
    last_at: Option<Moment>,
    last_workflow: Option<String>,
    created_at: Moment,
    rev: i64,
}

impl ScheduleColumns {
    pub(crate) fn read(self) -> Result<Schedule, StoreError> {
        let at = Place { table: "orchestration_schedules", row: &self.name };
        let time =
            |column: &str, cell: &Option<Moment>| cell.as_ref().map(|cell| at.time(column, cell)).transpose();
        let last_workflow = self.last_workflow.as_deref().map(WorkflowId::new).transpose();
        Ok(Schedule {
            saga: self.workflow_type,
            input: at.json("input_data", &self.input_data.0)?,
            exclusion: at.list("exclusion", &self.exclusion.0)?,
            overlap: at.read("overlap", &self.overlap)?,
            catch_up: at.number("catch_up", self.catch_up)?,
            priority: at.number("priority", self.priority.0)?,
            paused: self.paused,
            next_at: time("next_at", &self.next_at)?,
            queued_at: time("queued_at", &self.queued_at)?,
            last_at: time("last_at", &self.last_at)?,
            last_workflow: last_workflow.map_err(|e| at.corrupt("last_workflow", e))?,
            created_at: at.time("created_at", &self.created_at)?,
            rev: self.rev,
            tenant_id: self.tenant_id,
            cron: self.cron,
            time_zone: self.time_zone,
            name: self.name,
        })
    }
}

/// The row as it is written: an object with a field for each column.
#[derive(Serialize)]
struct Written<'a> {
    tenant_id: &'a str,
    name: &'a str,
    workflow_type: &'a str,
    input_data: &'a str,
    exclusion: String,
    cron: &'a str,
    time_zone: &'a str,
    overlap: &'static str,
    catch_up: u32,
    priority: i32,
    paused: bool,
    next_at: Option<String>,
    queued_at: Option<String>,
    last_at: Option<String>,
    last_workflow: Option<&'a str>,
    due_at: Option<String>,
    created_at: String,
    rev: i64,
}

/// The JSON text that carries it into a statement.
pub(crate) fn written(schedule: &Schedule) -> Result<String, StoreError> {
    rows(&[Written {
        tenant_id: &schedule.tenant_id,
        name: &schedule.name,
        workflow_type: &schedule.saga,
        input_data: schedule.input.as_str(),
        exclusion: rows(&schedule.exclusion)?,
        cron: &schedule.cron,
        time_zone: &schedule.time_zone,
        overlap: schedule.overlap.as_str(),
        catch_up: schedule.catch_up,
        priority: schedule.priority,
        paused: schedule.paused,
        next_at: schedule.next_at.map(time_text),
        queued_at: schedule.queued_at.map(time_text),
        last_at: schedule.last_at.map(time_text),
        last_workflow: schedule.last_workflow.as_ref().map(WorkflowId::as_str),
        due_at: schedule.due_at().map(time_text),
        created_at: time_text(schedule.created_at),
        rev: schedule.rev,
    }])
}
