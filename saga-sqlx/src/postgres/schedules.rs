//! Schedules in their table.

use async_trait::async_trait;
use saga::Timestamp;
use saga::store::{Schedule, Schedules, StoreError};

use super::held::within;
use super::queries as sql;
use super::{PgStore, ask};
use crate::codec::time_text;
use crate::error::Failure;
use crate::schedules::{ScheduleColumns, written};

#[async_trait]
impl Schedules for PgStore {
    async fn put_schedule(&self, schedule: Schedule) -> Result<bool, StoreError> {
        let put = if schedule.rev == 0 { sql::ADD_SCHEDULE } else { sql::CHANGE_SCHEDULE };
        let put = sqlx::query(put).bind(written(&schedule)?);
        let put = ask!(self.0, |connection| put.execute(&mut *connection));
        Ok(self.0.health.tell(put)?.rows_affected() > 0)
    }

    async fn remove_schedule(&self, tenant: &str, name: &str) -> Result<bool, StoreError> {
        let remove = sqlx::query(sql::REMOVE_SCHEDULE).bind(tenant).bind(name);
        let removed = ask!(self.0, |connection| remove.execute(&mut *connection));
        Ok(self.0.health.tell(removed)?.rows_affected() > 0)
    }

    async fn list_schedules(&self, tenant: &str) -> Result<Vec<Schedule>, StoreError> {
        let list = sqlx::query_as::<_, ScheduleColumns>(sql::SCHEDULES).bind(tenant);
        let found = ask!(self.0, |connection| list.fetch_all(&mut *connection))?;
        found.into_iter().map(ScheduleColumns::read).collect()
    }

    async fn due_schedules(&self, now: Timestamp, limit: usize) -> Result<Vec<Schedule>, StoreError> {
        let due = sqlx::query_as::<_, ScheduleColumns>(sql::DUE_SCHEDULES)
            .bind(time_text(now))
            .bind(i64::try_from(limit).unwrap_or(i64::MAX));
        let found = ask!(self.0, |connection| due.fetch_all(&mut *connection))?;
        // One row that cannot be read does not keep the others waiting.
        Ok(found.into_iter().map(ScheduleColumns::read).filter_map(crate::rows::readable).collect())
    }
}
