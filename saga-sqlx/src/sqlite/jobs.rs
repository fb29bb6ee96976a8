//! What the writer is asked to do, apart from lending its connection.

use std::time::Duration;

use async_trait::async_trait;
use saga::store::{
    Claim, Commit, CommitOutcome, Join, Loaded, PublishedEvent, Purpose, Registration, Sent, SignalKind,
    StoreError, Stranded,
};
use saga::{Timestamp, WorkerId, WorkflowId};
use serde::Serialize;
use sqlx::{Connection, SqliteConnection};
use tokio::sync::oneshot;

use super::queries as sql;
use super::writer::{Job, Turn};
use super::{batch, judge, read, triggers};
use crate::codec::{Place, rows, time_text};
use crate::columns::Named;
use crate::error::Failure;
use crate::watched;

/// A job that can be run as often as it takes, and the answer that it will give.
pub(super) struct Asked<W: Work> {
    work: W,
    found: Option<Result<W::Answer, StoreError>>,
    answer: oneshot::Sender<Result<W::Answer, StoreError>>,
}

#[async_trait]
pub(super) trait Work: Send {
    type Answer: Send;
    async fn write(&self, turn: &mut Turn<'_>) -> Result<Self::Answer, Failure>;
}

impl<W: Work> Asked<W> {
    pub(super) fn new(work: W) -> (Self, oneshot::Receiver<Result<W::Answer, StoreError>>) {
        let (answer, receiver) = oneshot::channel();
        (Self { work, found: None, answer }, receiver)
    }
}

#[async_trait]
impl<W: Work> Job for Asked<W> {
    async fn run(&mut self, turn: &mut Turn<'_>) -> Result<(), Failure> {
        self.found = Some(match self.work.write(turn).await {
            // The fence is asked before anything is written.
            Err(Failure::Broken(StoreError::Fenced)) => Err(StoreError::Fenced),
            result => Ok(result?),
        });
        Ok(())
    }
    fn done(self: Box<Self>, turn: Result<(), StoreError>) {
        let unasked = || Err(StoreError::Unavailable("the writer did not get to it".into()));
        let Self { found, answer, .. } = *self;
        drop(answer.send(turn.and_then(|()| found.unwrap_or_else(unasked))));
    }
    fn is_abandoned(&self) -> bool {
        self.answer.is_closed()
    }
}

pub(super) struct CommitBatch {
    pub(super) worker: Option<WorkerId>,
    pub(super) commits: Vec<Commit>,
}

#[async_trait]
impl Work for CommitBatch {
    type Answer = Vec<CommitOutcome>;

    async fn write(&self, turn: &mut Turn<'_>) -> Result<Vec<CommitOutcome>, Failure> {
        if !turn.careful {
            let batch = judge::prepare(turn.connection, self.worker, &self.commits, turn.told).await?;
            batch::write(&batch, turn.connection).await?;
            return Ok(batch.outcomes());
        }
        let mut outcomes = vec![];
        for commit in &self.commits {
            let mut savepoint = turn.connection.begin().await?;
            match alone(&mut savepoint, self.worker, commit, turn.told).await {
                Ok(found) => {
                    savepoint.commit().await?;
                    outcomes.extend(found);
                }
                Err(Failure::Poison(reason)) => {
                    savepoint.rollback().await?;
                    outcomes.push(CommitOutcome::Unstorable { reason });
                }
                Err(failure) => return Err(failure),
            }
        }
        Ok(outcomes)
    }
}

/// One commit. What keeps it from being judged, or written, is its own matter.
async fn alone(
    connection: &mut SqliteConnection,
    worker: Option<WorkerId>,
    commit: &Commit,
    told: &mut Timestamp,
) -> Result<Vec<CommitOutcome>, Failure> {
    let batch = judge::prepare(connection, worker, std::slice::from_ref(commit), told).await?;
    batch::write(&batch, connection).await?;
    Ok(batch.outcomes())
}

#[async_trait]
impl Work for Join {
    type Answer = Registration;

    async fn write(&self, turn: &mut Turn<'_>) -> Result<Registration, Failure> {
        let now = time_text(*turn.told);
        sqlx::query(sql::FENCE).bind(None::<i64>).execute(&mut *turn.connection).await?;
        let known = rows(&Named::all(&self.definitions))?;
        let joined = sqlx::query_scalar(sql::JOIN).bind(&self.name).bind(known).bind(&now);
        let worker = WorkerId(joined.fetch_one(&mut *turn.connection).await?);
        sqlx::query(sql::ORPHAN).bind(None::<i64>).bind(&now).execute(&mut *turn.connection).await?;
        for (definition, plan) in &self.plans {
            let plan = sqlx::query(sql::ADD_PLAN).bind(definition.to_string()).bind(plan);
            plan.execute(&mut *turn.connection).await?;
        }
        let known = rows(&Named::all(&self.definitions))?;
        sqlx::query(sql::FORGET_KNOWN).bind(known).execute(&mut *turn.connection).await?;
        Ok(Registration { worker, leased: false, now: None })
    }
}

/// Counts for how long what nobody knows has been watched.
pub(super) struct Watch {
    pub(super) now: Timestamp,
    pub(super) gap: Duration,
}

#[async_trait]
impl Work for Watch {
    type Answer = Vec<Stranded>;

    async fn write(&self, turn: &mut Turn<'_>) -> Result<Vec<Stranded>, Failure> {
        let mut found = read::stranded(turn.connection, self.now).await?;
        let before = sqlx::query_as(sql::WATCHED).fetch_all(&mut *turn.connection).await?;
        let (written, gone) = watched::count(&mut found, before, self.now, self.gap)?;
        if !gone.is_empty() {
            sqlx::query(sql::FORGET_WATCHED).bind(rows(&gone)?).execute(&mut *turn.connection).await?;
        }
        if !written.is_empty() {
            sqlx::query(sql::ADD_WATCHED).bind(rows(&written)?).execute(&mut *turn.connection).await?;
        }
        Ok(found)
    }
}

pub(super) struct Leave(pub(super) WorkerId);

#[async_trait]
impl Work for Leave {
    type Answer = ();

    async fn write(&self, turn: &mut Turn<'_>) -> Result<(), Failure> {
        let now = time_text(*turn.told);
        sqlx::query(sql::FENCE).bind(self.0.0).execute(&mut *turn.connection).await?;
        sqlx::query(sql::ORPHAN).bind(self.0.0).bind(now).execute(&mut *turn.connection).await?;
        Ok(())
    }
}

pub(super) struct ClaimFor {
    pub(super) worker: WorkerId,
    pub(super) claim: Claim,
}

#[async_trait]
impl Work for ClaimFor {
    type Answer = Vec<Loaded>;

    async fn write(&self, turn: &mut Turn<'_>) -> Result<Vec<Loaded>, Failure> {
        read::alive(turn.connection, self.worker).await?;
        *turn.told = self.claim.now.max(*turn.told);
        let mut wanted = Named::all(&self.claim.definitions);
        if self.claim.purpose == Purpose::Park {
            let known: Vec<(String, u32)> =
                sqlx::query_as(sql::KNOWN_DEFINITIONS).fetch_all(&mut *turn.connection).await?;
            wanted.retain(|w| !known.iter().any(|(name, version)| (w.name, w.version) == (name, *version)));
        }
        let due = due(turn.connection, &self.claim, &rows(&wanted)?).await?;
        if due.is_empty() {
            return Ok(vec![]);
        }
        let ids = rows(&due)?;
        sqlx::query(sql::CLAIM)
            .bind(&ids)
            .bind(self.worker.0)
            .bind(time_text(*turn.told))
            .execute(&mut *turn.connection)
            .await?;
        let claimed = read::loaded(turn.connection, &ids).await?;
        Ok(claimed.into_iter().filter_map(crate::rows::readable).collect())
    }
}

/// What is due, in turns.
async fn due(connection: &mut SqliteConnection, claim: &Claim, wanted: &str) -> Result<Vec<String>, Failure> {
    let (now, limit) = (time_text(claim.now), i64::try_from(claim.limit).unwrap_or(i64::MAX));
    if limit == 0 {
        return Ok(vec![]);
    }
    let count = sqlx::query_scalar(sql::DUE_COUNT).bind(&now).bind(wanted).bind(limit.saturating_add(1));
    let count: i64 = count.fetch_one(&mut *connection).await?;
    if count == 0 {
        return Ok(vec![]);
    }
    let due = if count > limit { sql::DUE_IN_LANES } else { sql::DUE };
    let due = sqlx::query_scalar(due).bind(&now).bind(wanted).bind(limit).bind(&claim.after);
    Ok(due.fetch_all(connection).await?)
}

pub(super) struct Message {
    pub(super) tenant: String,
    pub(super) workflow: WorkflowId,
    pub(super) kind: SignalKind,
    pub(super) by: String,
}

#[async_trait]
impl Work for Message {
    type Answer = Sent;

    async fn write(&self, turn: &mut Turn<'_>) -> Result<Sent, Failure> {
        let id = self.workflow.as_str();
        let receiver = sqlx::query_as(sql::RECEIVER).bind(id).bind(&self.tenant);
        let found: Option<(String, Option<i64>)> = receiver.fetch_optional(&mut *turn.connection).await?;
        let Some((status, worker)) = found else { return Ok(Sent::Unknown) };
        let place = Place { table: "orchestration_workflows", row: id };
        let status: saga::store::Status = place.read("status", &status)?;
        if status.is_ended() {
            return Ok(Sent::Ended(status));
        }
        deliver(turn, &[id], self.kind, &self.by).await?;
        Ok(Sent::Delivered { worker: worker.map(WorkerId) })
    }
}

/// Puts a message into the inboxes of workflows.
async fn deliver(
    turn: &mut Turn<'_>,
    workflows: &[impl Serialize],
    kind: SignalKind,
    by: &str,
) -> Result<(), Failure> {
    let ids = rows(workflows)?;
    let raise = sqlx::query(sql::RAISE).bind(&ids).bind(time_text(*turn.told));
    raise.execute(&mut *turn.connection).await?;
    sqlx::query(sql::SEND).bind(&ids).bind(kind.as_str()).bind(by).execute(&mut *turn.connection).await?;
    Ok(())
}

pub(super) struct Publish(pub(super) PublishedEvent);

#[async_trait]
impl Work for Publish {
    type Answer = bool;

    async fn write(&self, turn: &mut Turn<'_>) -> Result<bool, Failure> {
        let event = &self.0;
        let at = time_text(event.at);
        sqlx::query(sql::FORGET_PUBLISHED).bind(&at).execute(&mut *turn.connection).await?;
        sqlx::query(sql::PUBLISH)
            .bind(&event.tenant_id)
            .bind(&event.name)
            .bind(&event.key)
            .bind(event.value.as_str())
            .bind(&event.by)
            .bind(at)
            .bind(time_text(event.kept_until))
            .execute(&mut *turn.connection)
            .await?;
        let waiters =
            sqlx::query_scalar(sql::WAITERS).bind(&event.tenant_id).bind(&event.name).bind(&event.key);
        let waiters: Vec<String> = waiters.fetch_all(&mut *turn.connection).await?;
        if !waiters.is_empty() {
            deliver(turn, &waiters, SignalKind::Event, &event.name).await?;
        }
        let starts = triggers::remember(turn, event).await?;
        Ok(starts || !waiters.is_empty())
    }
}
