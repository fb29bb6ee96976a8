//! Schedules in their table.

use async_trait::async_trait;
use saga::Timestamp;
use saga::store::{Schedule, Schedules, StoreError};

use super::PgStore;
use super::queries as sql;
use crate::codec::time_text;
use crate::error::Failure;
use crate::schedules::{ScheduleColumns, written};

#[async_trait]
impl Schedules for PgStore {
    async fn put_schedule(&self, schedule: Schedule) -> Result<bool, StoreError> {
        let put = if schedule.rev == 0 { sql::ADD_SCHEDULE } else { sql::CHANGE_SCHEDULE };
        let put = sqlx::query(put).bind(written(&schedule)?).execute(&self.0.pool).await;
        Ok(self.0.health.tell(put.map_err(Failure::from))?.rows_affected() > 0)
    }

    async fn remove_schedule(&self, tenant: &str, name: &str) -> Result<bool, StoreError> {
        let remove = sqlx::query(sql::REMOVE_SCHEDULE).bind(tenant).bind(name).execute(&self.0.pool).await;
        Ok(self.0.health.tell(remove.map_err(Failure::from))?.rows_affected() > 0)
    }

    async fn list_schedules(&self, tenant: &str) -> Result<Vec<Schedule>, StoreError> {
        let list = sqlx::query_as::<_, ScheduleColumns>(sql::SCHEDULES).bind(tenant);
        let found = list.fetch_all(&self.0.pool).await.map_err(Failure::from)?;
        found.into_iter().map(ScheduleColumns::read).collect()
    }

    async fn due_schedules(&self, now: Timestamp, limit: usize) -> Result<Vec<Schedule>, StoreError> {
        let due = sqlx::query_as::<_, ScheduleColumns>(sql::DUE_SCHEDULES)
            .bind(time_text(now))
            .bind(i64::try_from(limit).unwrap_or(i64::MAX));
        let found = due.fetch_all(&self.0.pool).await.map_err(Failure::from)?;
        // One row that cannot be read does not keep the others waiting.
        Ok(found.into_iter().map(ScheduleColumns::read).filter_map(crate::rows::readable).collect())
    }
}
