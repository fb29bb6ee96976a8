//! Schedules in their table.

use async_trait::async_trait;
use saga::store::{Schedule, Schedules, StoreError};
use saga::{Timestamp, WorkflowId};
use serde::Serialize;
use sqlx::FromRow;

use super::SqliteStore;
use super::jobs::Work;
use super::queries as sql;
use super::writer::Turn;
use crate::cells::Moment;
use crate::codec::{Place, rows, time_text};
use crate::error::Failure;

/// A row of `orchestration_schedules`, read and written.
#[derive(FromRow, Serialize)]
struct Columns {
    tenant_id: String,
    name: String,
    workflow_type: String,
    input_data: String,
    exclusion: String,
    cron: String,
    time_zone: String,
    overlap: String,
    catch_up: i64,
    priority: i64,
    paused: bool,
    next_at: Option<String>,
    queued_at: Option<String>,
    last_at: Option<String>,
    last_workflow: Option<String>,
    due_at: Option<String>,
    created_at: String,
    rev: i64,
}

impl Columns {
    fn of(schedule: &Schedule) -> Result<Self, StoreError> {
        Ok(Self {
            tenant_id: schedule.tenant_id.clone(),
            name: schedule.name.clone(),
            workflow_type: schedule.saga.clone(),
            input_data: schedule.input.as_str().to_owned(),
            exclusion: rows(&schedule.exclusion)?,
            cron: schedule.cron.clone(),
            time_zone: schedule.time_zone.clone(),
            overlap: schedule.overlap.as_str().to_owned(),
            catch_up: schedule.catch_up.into(),
            priority: schedule.priority.into(),
            paused: schedule.paused,
            next_at: schedule.next_at.map(time_text),
            queued_at: schedule.queued_at.map(time_text),
            last_at: schedule.last_at.map(time_text),
            last_workflow: schedule.last_workflow.as_ref().map(|id| id.as_str().to_owned()),
            due_at: schedule.due_at().map(time_text),
            created_at: time_text(schedule.created_at),
            rev: schedule.rev,
        })
    }

    fn read(self) -> Result<Schedule, StoreError> {
        let at = Place { table: "orchestration_schedules", row: &self.name };
        let time = |column: &str, text: &Option<String>| -> Result<Option<Timestamp>, StoreError> {
            text.clone().map(|text| at.time(column, &Moment::Written(text))).transpose()
        };
        let last_workflow = self.last_workflow.as_deref().map(WorkflowId::new).transpose();
        Ok(Schedule {
            saga: self.workflow_type,
            input: at.json("input_data", &self.input_data)?,
            exclusion: at.list("exclusion", &self.exclusion)?,
            overlap: at.read("overlap", &self.overlap)?,
            catch_up: at.number("catch_up", self.catch_up)?,
            priority: at.number("priority", self.priority)?,
            paused: self.paused,
            next_at: time("next_at", &self.next_at)?,
            queued_at: time("queued_at", &self.queued_at)?,
            last_at: time("last_at", &self.last_at)?,
            last_workflow: last_workflow.map_err(|e| at.corrupt("last_workflow", e))?,
            created_at: at.time("created_at", &Moment::Written(self.created_at))?,
            rev: self.rev,
            tenant_id: self.tenant_id,
            cron: self.cron,
            time_zone: self.time_zone,
            name: self.name,
        })
    }
}

struct Put(Schedule);

#[async_trait]
impl Work for Put {
    type Answer = bool;

    async fn write(&self, turn: &mut Turn<'_>) -> Result<bool, Failure> {
        let put = if self.0.rev == 0 { sql::ADD_SCHEDULE } else { sql::CHANGE_SCHEDULE };
        let put = sqlx::query(put).bind(rows(&[Columns::of(&self.0)?])?);
        Ok(put.execute(&mut *turn.connection).await?.rows_affected() > 0)
    }
}

struct Remove {
    tenant: String,
    name: String,
}

#[async_trait]
impl Work for Remove {
    type Answer = bool;

    async fn write(&self, turn: &mut Turn<'_>) -> Result<bool, Failure> {
        let remove = sqlx::query(sql::REMOVE_SCHEDULE).bind(&self.tenant).bind(&self.name);
        Ok(remove.execute(&mut *turn.connection).await?.rows_affected() > 0)
    }
}

#[async_trait]
impl Schedules for SqliteStore {
    async fn put_schedule(&self, schedule: Schedule) -> Result<bool, StoreError> {
        self.ask(Put(schedule)).await
    }

    async fn remove_schedule(&self, tenant: &str, name: &str) -> Result<bool, StoreError> {
        self.ask(Remove { tenant: tenant.to_owned(), name: name.to_owned() }).await
    }

    async fn list_schedules(&self, tenant: &str) -> Result<Vec<Schedule>, StoreError> {
        let list = sqlx::query_as::<_, Columns>(sql::SCHEDULES).bind(tenant);
        let found = list.fetch_all(&mut *self.reader().await?).await.map_err(|e| self.heard(e.into()))?;
        found.into_iter().map(Columns::read).collect()
    }

    async fn due_schedules(&self, now: Timestamp, limit: usize) -> Result<Vec<Schedule>, StoreError> {
        let due = sqlx::query_as::<_, Columns>(sql::DUE_SCHEDULES)
            .bind(time_text(now))
            .bind(i64::try_from(limit).unwrap_or(i64::MAX));
        let found = due.fetch_all(&mut *self.reader().await?).await.map_err(|e| self.heard(e.into()))?;
        // One row that cannot be read does not keep the others waiting.
        Ok(found.into_iter().map(Columns::read).filter_map(crate::rows::readable).collect())
    }
}
