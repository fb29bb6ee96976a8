//! Schedules in their table.

use async_trait::async_trait;
use saga::Timestamp;
use saga::store::{Schedule, Schedules, StoreError};

use super::SqliteStore;
use super::jobs::Work;
use super::queries as sql;
use super::writer::Turn;
use crate::codec::time_text;
use crate::error::Failure;
use crate::schedules::{ScheduleColumns, written};

struct Put(Schedule);

#[async_trait]
impl Work for Put {
    type Answer = bool;

    async fn write(&self, turn: &mut Turn<'_>) -> Result<bool, Failure> {
        let put = if self.0.rev == 0 { sql::ADD_SCHEDULE } else { sql::CHANGE_SCHEDULE };
        let put = sqlx::query(put).bind(written(&self.0)?);
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
        let list = sqlx::query_as::<_, ScheduleColumns>(sql::SCHEDULES).bind(tenant);
        let found = list.fetch_all(&mut *self.reader().await?).await.map_err(|e| self.heard(e.into()))?;
        found.into_iter().map(ScheduleColumns::read).collect()
    }

    async fn due_schedules(&self, now: Timestamp, limit: usize) -> Result<Vec<Schedule>, StoreError> {
        let due = sqlx::query_as::<_, ScheduleColumns>(sql::DUE_SCHEDULES)
            .bind(time_text(now))
            .bind(i64::try_from(limit).unwrap_or(i64::MAX));
        let found = due.fetch_all(&mut *self.reader().await?).await.map_err(|e| self.heard(e.into()))?;
        // One row that cannot be read does not keep the others waiting.
        Ok(found.into_iter().map(ScheduleColumns::read).filter_map(crate::rows::readable).collect())
    }
}
