//! Writes a judged batch: one statement per kind of row, none for what is not there.

use serde::Serialize;
use sqlx::SqliteConnection;

use super::queries as sql;
use crate::codec::rows;
use crate::error::Failure;
use crate::judge::Batch;

pub(super) async fn write(batch: &Batch<'_>, connection: &mut SqliteConnection) -> Result<(), Failure> {
    run(connection, sql::CREATE, batch.headers()?).await?;
    run(connection, sql::TAKE_LOCKS, batch.taken()).await?;
    run(connection, sql::ADD_KEYS, batch.search_keys()).await?;
    run(connection, sql::FACTS, batch.facts()).await?;
    run(connection, sql::RESET_TAKEOVERS, batch.innocent()).await?;
    let changes = batch.changes();
    let wanted = changes.len() as u64;
    if run(connection, sql::DECIDE, changes).await? != wanted {
        return Err(Failure::Poison("a decision did not find the header that it was judged by".into()));
    }
    run(connection, sql::FREE_LOCKS, batch.freed()).await?;
    run(connection, sql::ADD_EVENTS, batch.events()).await?;
    run(connection, sql::REMOVE_SIGNALS, batch.read_signals()).await?;
    run(connection, sql::FORGET_WAITS, batch.registering()).await?;
    run(connection, sql::ADD_WAITS, batch.waits()).await?;
    run(connection, sql::ADD_STATISTICS, batch.counts()).await?;
    Ok(())
}

/// Runs a statement over rows, unless there are none. How many rows it changed.
pub(super) async fn run<T: Serialize>(
    connection: &mut SqliteConnection,
    sql: &'static str,
    values: Vec<T>,
) -> Result<u64, Failure> {
    if values.is_empty() {
        return Ok(0);
    }
    Ok(sqlx::query(sql).bind(rows(&values)?).execute(connection).await?.rows_affected())
}
