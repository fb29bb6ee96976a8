//! Counting for how long what nobody knows has been watched: a short transaction, one at a time.

use std::time::Duration;

use saga::Timestamp;
use saga::store::Stranded;

use super::held::within;
use super::{Inner, ask, batch, queries as sql, read};
use crate::error::Failure;
use crate::watched;

pub(super) async fn watch(store: &Inner, now: Timestamp, gap: Duration) -> Result<Vec<Stranded>, Failure> {
    // Nearly always there is nothing, and then nothing is written.
    let found = ask!(store, |connection| read::watched_nothing(&mut connection, now))?;
    if found { Ok(vec![]) } else { within(store.limit(), counted(store, now, gap)).await }
}

async fn counted(store: &Inner, now: Timestamp, gap: Duration) -> Result<Vec<Stranded>, Failure> {
    let mut connection = store.connection().await?;
    let mut tx = connection.begin().await?;
    let alone: bool = sqlx::query_scalar(sql::WATCH_ALONE).fetch_one(&mut *tx).await?;
    let mut found = read::stranded(&mut tx, now).await?;
    if alone {
        let before = sqlx::query_as(sql::WATCHED).fetch_all(&mut *tx).await?;
        let (written, gone) = watched::count(&mut found, before, now, gap)?;
        batch::over(&mut tx, sql::FORGET_WATCHED, gone.iter().map(String::as_str).collect()).await?;
        batch::run(&mut tx, sql::ADD_WATCHED, written).await?;
    }
    tx.commit().await?;
    connection.give_back();
    Ok(found)
}
