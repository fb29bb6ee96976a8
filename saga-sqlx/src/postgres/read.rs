//! Reading: nothing here waits for those who write.

use std::collections::HashMap;

use saga::store::{Beat, Loaded, PublishedEvent, Statistics, StoreError, Stranded, Trail, TrailPart, Wanted};
use saga::{DefinitionId, Timestamp, WorkerId, WorkflowId};
use sqlx::PgConnection;

use super::held::Held;
use super::queries as sql;
use crate::cells::Moment;
use crate::codec::{Place, time_text};
use crate::counts::{Count, counted};
use crate::error::Failure;
use crate::rows::readable;
use crate::rows::{EventColumns, HeaderColumns, PublishedColumns, SignalColumns, StepColumns, ids};
use crate::watched::duration;

pub(super) async fn lives(connection: &mut PgConnection, worker: WorkerId) -> Result<(), Failure> {
    let alive: bool = sqlx::query_scalar(sql::LIVES).bind(worker.0).fetch_one(connection).await?;
    if alive { Ok(()) } else { Err(StoreError::Fenced.into()) }
}

/// The workflows of these ids, in their order; each can be read, or cannot.
pub(super) async fn loaded(
    connection: &mut PgConnection,
    ids: &[String],
) -> Result<Vec<Result<Loaded, StoreError>>, Failure> {
    let headers: Vec<HeaderColumns> =
        sqlx::query_as(sql::HEADERS).bind(ids).fetch_all(&mut *connection).await?;
    let rows: Vec<StepColumns> = sqlx::query_as(sql::STEPS).bind(ids).fetch_all(connection).await?;
    let mut steps = HashMap::<String, Vec<StepColumns>>::new();
    for row in rows {
        steps.entry(row.workflow_id.clone()).or_default().push(row);
    }
    let with_steps = |header: HeaderColumns| {
        let header = header.read()?;
        let steps = steps.remove(header.workflow_id.as_str()).unwrap_or_default();
        Ok(Loaded { header, steps: steps.into_iter().map(StepColumns::read).collect::<Result<_, _>>()? })
    };
    Ok(headers.into_iter().map(with_steps).collect())
}

pub(super) async fn load(connection: &mut Held, workflow: &WorkflowId) -> Result<Option<Loaded>, Failure> {
    // Header and rows of one moment.
    let mut moment = connection.moment().await?;
    let mut found = loaded(&mut moment, &[workflow.to_string()]).await?;
    moment.rollback().await?;
    Ok(found.pop().transpose()?)
}

/// Says that the worker lives, and reads its mail.
pub(super) async fn beat(connection: &mut PgConnection, worker: WorkerId) -> Result<Beat, Failure> {
    let beat = sqlx::query_scalar(sql::HEARTBEAT).bind(worker.0);
    let now: Option<Moment> = beat.fetch_optional(&mut *connection).await?;
    let now = now.ok_or(StoreError::Fenced)?.read().map_err(StoreError::Unavailable)?;
    let mail: Vec<SignalColumns> =
        sqlx::query_as(sql::MAIL).bind(worker.0).fetch_all(&mut *connection).await?;
    let lost: Vec<String> = sqlx::query_scalar(sql::LOST).bind(worker.0).fetch_all(connection).await?;
    Ok(Beat {
        signals: mail.into_iter().map(SignalColumns::read).filter_map(readable).collect(),
        lost: ids(&lost)?,
        now: Some(now),
    })
}

pub(super) async fn held(
    connection: &mut PgConnection,
    worker: WorkerId,
) -> Result<Vec<WorkflowId>, Failure> {
    lives(connection, worker).await?;
    let held: Vec<String> = sqlx::query_scalar(sql::HELD).bind(worker.0).fetch_all(connection).await?;
    Ok(ids(&held)?)
}

pub(super) async fn stranded(
    connection: &mut PgConnection,
    now: Timestamp,
) -> Result<Vec<Stranded>, Failure> {
    let found: Vec<(String, i64, Moment, Option<i64>)> =
        sqlx::query_as(sql::STRANDED).bind(time_text(now)).fetch_all(connection).await?;
    let read = |(definition, n, since, micros): (String, i64, Moment, Option<i64>)| {
        let place = Place { table: "orchestration_workflows", row: &definition };
        Ok(Stranded {
            definition: place.read("definition", &definition)?,
            workflows: u64::try_from(n).unwrap_or(0),
            since: place.time("wake_at", &since)?,
            watched: duration(micros),
        })
    };
    let mut all = found.into_iter().map(read).collect::<Result<Vec<_>, StoreError>>()?;
    all.sort_by(|a, b| a.definition.cmp(&b.definition));
    Ok(all)
}

/// Is nothing stranded, and was nothing?
pub(super) async fn watched_nothing(connection: &mut PgConnection, now: Timestamp) -> Result<bool, Failure> {
    let found = stranded(connection, now).await?;
    Ok(found.is_empty() && sqlx::query(sql::WATCHED).fetch_optional(connection).await?.is_none())
}

pub(super) async fn statistics(connection: &mut PgConnection, tenant: &str) -> Result<Statistics, Failure> {
    let rows: Vec<Count> = sqlx::query_as(sql::STATISTICS).bind(tenant).fetch_all(&mut *connection).await?;
    let open_debts: i64 = sqlx::query_scalar(sql::OPEN_DEBTS).bind(tenant).fetch_one(connection).await?;
    Ok(counted(tenant, rows, open_debts)?)
}

pub(super) async fn history(
    connection: &mut PgConnection,
    workflow: &WorkflowId,
    part: TrailPart,
) -> Result<Trail, Failure> {
    let number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let mut rows: Vec<EventColumns> = sqlx::query_as(sql::HISTORY)
        .bind(workflow.as_str())
        .bind(part.after.map_or(0, |place| i64::try_from(place).unwrap_or(i64::MAX)))
        // One more than asked for tells whether it goes on.
        .bind(number(part.limit).saturating_add(1))
        .bind(number(part.offset))
        .fetch_all(&mut *connection)
        .await?;
    // Nothing is ever taken from a trail: counted later, it has these at least.
    let total: i64 =
        sqlx::query_scalar(sql::HISTORY_COUNT).bind(workflow.as_str()).fetch_one(connection).await?;
    let goes_on = rows.len() > part.limit;
    rows.truncate(part.limit);
    let next = rows.last().filter(|_| goes_on).and_then(|row| u64::try_from(row.event_id).ok());
    let events =
        rows.into_iter().map(|row| Ok(row.read(workflow.as_str())?)).collect::<Result<_, Failure>>()?;
    Ok(Trail { events, total: u64::try_from(total).unwrap_or(0), next })
}

pub(super) async fn plan(
    connection: &mut PgConnection,
    definition: &DefinitionId,
) -> Result<Option<String>, Failure> {
    Ok(sqlx::query_scalar(sql::PLAN).bind(definition.to_string()).fetch_optional(connection).await?)
}

pub(super) async fn published(
    connection: &mut PgConnection,
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
