//! Reading: nothing here waits for the writer.

use std::collections::HashMap;

use saga::store::{Beat, Loaded, PublishedEvent, Statistics, StoreError, Stranded, Trail, TrailPart, Wanted};
use saga::{DefinitionId, Timestamp, WorkerId, WorkflowId};
use sqlx::sqlite::SqliteRow;
use sqlx::{Connection, Row, SqliteConnection};

use super::queries as sql;
use crate::cells::Moment;
use crate::codec::{Place, time_text};
use crate::counts::{Count, counted};
use crate::error::Failure;
use crate::rows::{
    EventColumns, HeaderColumns, PublishedColumns, SignalColumns, StepColumns, columns, ids, readable,
};
use crate::watched::duration;

pub(super) async fn alive(connection: &mut SqliteConnection, worker: WorkerId) -> Result<(), Failure> {
    let alive: bool = sqlx::query_scalar(sql::ALIVE).bind(worker.0).fetch_one(connection).await?;
    if alive { Ok(()) } else { Err(StoreError::Fenced.into()) }
}

/// The workflows of a JSON array of ids, in its order; each can be read, or cannot.
pub(super) async fn loaded(
    connection: &mut SqliteConnection,
    ids: &str,
) -> Result<Vec<Result<Loaded, StoreError>>, Failure> {
    let headers = sqlx::query(sql::HEADERS).bind(ids).fetch_all(&mut *connection).await?;
    let rows = sqlx::query(sql::STEPS).bind(ids).fetch_all(connection).await?;
    let mut steps = HashMap::<String, Vec<SqliteRow>>::new();
    for row in rows {
        steps.entry(row.try_get("workflow_id")?).or_default().push(row);
    }
    let with_steps = |header: SqliteRow| {
        let header: HeaderColumns = columns("orchestration_workflows", &header)?;
        let header = header.read()?;
        let steps = steps.remove(header.workflow_id.as_str()).unwrap_or_default();
        let read = |row| columns::<_, StepColumns>("orchestration_workflow_steps", row)?.read();
        Ok(Loaded { header, steps: steps.iter().map(read).collect::<Result<_, _>>()? })
    };
    Ok(headers.into_iter().map(with_steps).collect())
}

pub(super) async fn load(
    connection: &mut SqliteConnection,
    workflow: &WorkflowId,
) -> Result<Option<Loaded>, Failure> {
    let ids = crate::codec::rows(&[workflow.as_str()])?;
    // Header and rows of one moment.
    let mut moment = connection.begin().await?;
    let mut found = loaded(&mut moment, &ids).await?;
    moment.rollback().await?;
    Ok(found.pop().transpose()?)
}

pub(super) async fn beat(connection: &mut SqliteConnection, worker: WorkerId) -> Result<Beat, Failure> {
    alive(connection, worker).await?;
    let mail = sqlx::query(sql::MAIL).bind(worker.0).fetch_all(&mut *connection).await?;
    let signal = |row| columns::<_, SignalColumns>("orchestration_signals", row)?.read();
    let lost: Vec<String> = sqlx::query_scalar(sql::LOST).bind(worker.0).fetch_all(connection).await?;
    let signals = mail.iter().map(signal).filter_map(readable).collect();
    Ok(Beat { signals, lost: ids(&lost)?, now: None })
}

pub(super) async fn held(
    connection: &mut SqliteConnection,
    worker: WorkerId,
) -> Result<Vec<WorkflowId>, Failure> {
    alive(connection, worker).await?;
    let held: Vec<String> = sqlx::query_scalar(sql::HELD).bind(worker.0).fetch_all(connection).await?;
    Ok(ids(&held)?)
}

pub(super) async fn stranded(
    connection: &mut SqliteConnection,
    now: Timestamp,
) -> Result<Vec<Stranded>, Failure> {
    let found = sqlx::query(sql::STRANDED).bind(time_text(now)).fetch_all(connection).await?;
    let read = |row| {
        let (definition, n, since, micros): (String, i64, Moment, Option<i64>) =
            columns("orchestration_workflows", row)?;
        let place = Place { table: "orchestration_workflows", row: &definition };
        Ok(Stranded {
            definition: place.read("definition", &definition)?,
            workflows: u64::try_from(n).unwrap_or(0),
            since: place.time("wake_at", &since)?,
            watched: duration(micros),
        })
    };
    let mut all: Vec<Stranded> = found.iter().map(read).filter_map(readable).collect();
    all.sort_by(|a, b| a.definition.cmp(&b.definition));
    Ok(all)
}

/// Is nothing stranded, and was nothing?
pub(super) async fn watched_nothing(
    connection: &mut SqliteConnection,
    now: Timestamp,
) -> Result<bool, Failure> {
    let found = stranded(connection, now).await?;
    Ok(found.is_empty() && sqlx::query(sql::WATCHED).fetch_optional(connection).await?.is_none())
}

pub(super) async fn statistics(
    connection: &mut SqliteConnection,
    tenant: &str,
) -> Result<Statistics, Failure> {
    let rows: Vec<Count> = sqlx::query_as(sql::STATISTICS).bind(tenant).fetch_all(&mut *connection).await?;
    let open_debts: i64 = sqlx::query_scalar(sql::OPEN_DEBTS).bind(tenant).fetch_one(connection).await?;
    Ok(counted(tenant, rows, open_debts)?)
}

pub(super) async fn history(
    connection: &mut SqliteConnection,
    workflow: &WorkflowId,
    part: TrailPart,
) -> Result<Trail, Failure> {
    let number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let mut moment = connection.begin().await?;
    let total: i64 =
        sqlx::query_scalar(sql::HISTORY_COUNT).bind(workflow.as_str()).fetch_one(&mut *moment).await?;
    let mut rows = sqlx::query(sql::HISTORY)
        .bind(workflow.as_str())
        .bind(part.after.map_or(0, |place| i64::try_from(place).unwrap_or(i64::MAX)))
        // One more than asked for tells whether it goes on.
        .bind(number(part.limit).saturating_add(1))
        .bind(number(part.offset))
        .fetch_all(&mut *moment)
        .await?;
    moment.rollback().await?;
    let goes_on = rows.len() > part.limit;
    rows.truncate(part.limit);
    let place = |row: &SqliteRow| row.try_get::<i64, _>("event_id").ok();
    let next = rows.last().filter(|_| goes_on).and_then(place).and_then(|id| u64::try_from(id).ok());
    let event = |row| columns::<_, EventColumns>("orchestration_events", row)?.read(workflow.as_str());
    let events = rows.iter().map(event).collect::<Result<_, StoreError>>()?;
    Ok(Trail { events, total: u64::try_from(total).unwrap_or(0), next })
}

pub(super) async fn plan(
    connection: &mut SqliteConnection,
    definition: &DefinitionId,
) -> Result<Option<String>, Failure> {
    Ok(sqlx::query_scalar(sql::PLAN).bind(definition.to_string()).fetch_optional(connection).await?)
}

pub(super) async fn published(
    connection: &mut SqliteConnection,
    wanted: Wanted,
) -> Result<Option<PublishedEvent>, Failure> {
    let row: Option<PublishedColumns> = sqlx::query_as(sql::PUBLISHED)
        .bind(&wanted.tenant)
        .bind(&wanted.name)
        .bind(&wanted.key)
        .bind(time_text(wanted.since))
        .bind(wanted.after)
        .fetch_optional(connection)
        .await?;
    Ok(row.map(|row| row.read(wanted)).transpose()?)
}
