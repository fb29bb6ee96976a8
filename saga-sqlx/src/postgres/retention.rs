//! Forgetting what has ended: a short transaction per chunk, which locks nothing that anybody writes to.

use saga::store::Removal;

use super::queries as sql;
use super::{Inner, batch};
use crate::codec::time_text;
use crate::error::Failure;
use crate::retention::{Resting, key_rows, keys, uncounted};

pub(super) async fn remove(store: &Inner, removal: Removal) -> Result<usize, Failure> {
    let mut connection = store.connection().await?;
    let mut tx = connection.begin().await?;
    let alone: bool = sqlx::query_scalar(sql::RETAIN_ALONE).fetch_one(&mut *tx).await?;
    if !alone {
        tx.rollback().await?;
        connection.give_back();
        return Ok(0);
    }
    let gone: Vec<Resting> = sqlx::query_as(sql::RESTING)
        .bind(removal.status.as_str())
        .bind(time_text(removal.before))
        .bind(removal.leave.map(|leave| i64::try_from(leave).unwrap_or(i64::MAX)))
        .bind(i64::try_from(removal.limit).unwrap_or(i64::MAX))
        .fetch_all(&mut *tx)
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
        batch::over(&mut tx, table, ids()).await?;
    }
    batch::run(&mut tx, sql::REMOVE_KEYS, key_rows(&keys(&gone))).await?;
    batch::run(&mut tx, sql::ADD_STATISTICS, uncounted(&gone, removal.status)).await?;
    tx.commit().await?;
    connection.give_back();
    Ok(gone.len())
}
