//! Forgetting what has ended: a turn of the writer's per chunk.

use async_trait::async_trait;
use saga::store::Removal;

use super::batch;
use super::jobs::Work;
use super::queries as sql;
use super::writer::Turn;
use crate::codec::time_text;
use crate::error::Failure;
use crate::retention::{Resting, key_rows, keys, uncounted};

#[async_trait]
impl Work for Removal {
    type Answer = usize;

    async fn write(&self, turn: &mut Turn<'_>) -> Result<usize, Failure> {
        let gone: Vec<Resting> = sqlx::query_as(sql::RESTING)
            .bind(self.status.as_str())
            .bind(time_text(self.before))
            .bind(self.leave.map(|leave| i64::try_from(leave).unwrap_or(i64::MAX)))
            .bind(i64::try_from(self.limit).unwrap_or(i64::MAX))
            .fetch_all(&mut *turn.connection)
            .await?;
        let ids = || gone.iter().map(|one| one.workflow_id.as_str()).collect::<Vec<_>>();
        for table in [
            sql::REMOVE_STEPS,
            sql::REMOVE_EVENTS,
            sql::REMOVE_INBOXES,
            sql::FREE_LOCKS,
            sql::FORGET_WAITS,
            sql::REMOVE_WORKFLOWS,
        ] {
            batch::run(turn.connection, table, ids()).await?;
        }
        batch::run(turn.connection, sql::REMOVE_KEYS, key_rows(&keys(&gone))).await?;
        batch::run(turn.connection, sql::ADD_STATISTICS, uncounted(&gone, self.status)).await?;
        Ok(gone.len())
    }
}
