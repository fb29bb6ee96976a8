//! What writes, apart from what is lent: each a short transaction.

use std::time::Duration;

use saga::store::{
    Beat, Claim, Commit, CommitOutcome, Join, Loaded, PublishedEvent, Purpose, Registration, Sent,
    SignalKind, StoreError,
};
use saga::{WorkerId, WorkflowId};
use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use sqlx::{PgConnection, Postgres};

use super::connection::millis;
use super::held::{Held, within};
use super::queries as sql;
use super::{Inner, ask, batch, fast, hints, judge, read, timelines, triggers};
use crate::cells::Moment;
use crate::codec::{Place, rows, time_text};
use crate::columns::Named;
use crate::error::Failure;
use crate::rows::readable;

/// How often somebody else may be in the way before a batch is divided.
const MOST_TRIES: u32 = 4;
/// How often a claim looks for what nobody else is taking.
const MOST_LOOKS: u32 = 3;
/// How many workflows are taken from a dead worker at once.
const CHUNK: i64 = 1_000;

const PATIENCE: &str = "SELECT set_config('lock_timeout', $1, true)";

/// All in one transaction; when that fails, each half in one of its own.
pub(super) async fn commit(
    store: &Inner,
    worker: Option<WorkerId>,
    commits: &[Commit],
) -> Result<Vec<CommitOutcome>, Failure> {
    let mut outcomes = vec![];
    let mut parts = vec![commits];
    while let Some(part) = parts.pop() {
        match together(store, worker, part).await {
            Ok(found) => outcomes.extend(found),
            Err(Failure::Poison(reason)) if part.len() == 1 => {
                outcomes.push(CommitOutcome::Unstorable { reason });
            }
            Err(Failure::Poison(reason)) => {
                tracing::warn!("A batch of {} is written in halves: {reason}", part.len());
                let (first, second) = part.split_at(part.len() / 2);
                parts.extend([second, first]);
            }
            Err(failure) => {
                if let (Some(worker), Failure::Broken(StoreError::Fenced)) = (worker, &failure) {
                    tracing::warn!("{worker} is dead: a batch of {} is refused", part.len());
                }
                return Err(failure);
            }
        }
    }
    if hints::concerns_others(worker, commits, &outcomes, store.told()) {
        store.tell_others().await;
    }
    Ok(outcomes)
}

/// One transaction, again if somebody else was in the way: a deadlock, or a race for a key, which the next look at
/// how things stand finds decided.
async fn together(
    store: &Inner,
    worker: Option<WorkerId>,
    commits: &[Commit],
) -> Result<Vec<CommitOutcome>, Failure> {
    for _ in 0..MOST_TRIES {
        match within(store.limit(), once(store, worker, commits)).await {
            Err(Failure::Busy) => {}
            result => return result,
        }
    }
    match commits {
        [_] => Err(Failure::Busy),
        _ => Err(Failure::Poison("somebody else was in the way several times".into())),
    }
}

async fn once(
    store: &Inner,
    worker: Option<WorkerId>,
    commits: &[Commit],
) -> Result<Vec<CommitOutcome>, Failure> {
    if let Some(outcomes) = fast::commit(store, worker, commits).await {
        return Ok(outcomes);
    }
    let mut connection = match worker {
        Some(worker) => store.connection_for(worker).await?,
        None => store.connection().await?,
    };
    let mut tx = connection.begin().await?;
    let mut told = store.told();
    let batch = judge::prepare(&mut tx, worker, commits, &mut told).await?;
    batch::write(&batch, &mut tx).await?;
    tx.commit().await?;
    connection.give_back();
    store.tell(told);
    store.begun.remember(commits);
    Ok(batch.outcomes())
}

pub(super) async fn join(store: &Inner, join: &Join) -> Result<Registration, Failure> {
    within(store.limit(), joined(store, join)).await
}

async fn joined(store: &Inner, join: &Join) -> Result<Registration, Failure> {
    let mut connection = store.connection().await?;
    let timeline = timelines::of_held(&mut connection).await?;
    let mut tx = connection.begin().await?;
    let known = rows(&Named::all(&join.definitions))?;
    let joined = sqlx::query_as(sql::JOIN).bind(&join.name).bind(known).bind(join.lease.as_secs_f64());
    let (worker, now): (i64, Moment) = joined.fetch_one(&mut *tx).await?;
    for (definition, plan) in &join.plans {
        let plan = sqlx::query(sql::ADD_PLAN).bind(definition.to_string()).bind(plan);
        plan.execute(&mut *tx).await?;
    }
    let known = rows(&Named::all(&join.definitions))?;
    sqlx::query(sql::FORGET_KNOWN).bind(known).execute(&mut *tx).await?;
    tx.commit().await?;
    connection.give_back();
    store.timelines.join(WorkerId(worker), timeline);
    let now = now.read().map_err(StoreError::Unavailable)?;
    Ok(Registration { worker: WorkerId(worker), leased: true, now: Some(now) })
}

/// Says that the worker lives, and brings its mail.
pub(super) async fn beat(store: &Inner, worker: WorkerId) -> Result<Beat, Failure> {
    let mut connection = Held::of(&store.beats, store.pooler.as_ref()).await?;
    let beating = async {
        store.timelines.check(&mut connection, worker).await?;
        let mut plain = connection.plain().await?;
        let beat = read::beat(&mut plain, worker).await?;
        plain.done().await?;
        Ok(beat)
    };
    let beat = within(store.statement_timeout, beating).await?;
    connection.give_back();
    Ok(beat)
}

pub(super) async fn leave(store: &Inner, worker: WorkerId) -> Result<(), Failure> {
    let mut connection = store.connection_for(worker).await?;
    changed(store, &mut connection, sqlx::query(sql::END).bind(worker.0)).await?;
    store.timelines.leave(worker);
    inherit(store, &mut connection, worker).await?;
    connection.give_back();
    Ok(())
}

/// How many rows a statement of its own has changed.
async fn changed(
    store: &Inner,
    connection: &mut Held,
    statement: Query<'_, Postgres, PgArguments>,
) -> Result<u64, Failure> {
    let change = async {
        let mut plain = connection.plain().await?;
        let changed = statement.execute(&mut *plain).await?;
        plain.done().await?;
        Ok(changed.rows_affected())
    };
    within(store.limit(), change).await
}

/// Gives everything that a dead worker has left to nobody, and then forgets the worker. If this process dies on the way
/// somebody else goes on: the dead worker's row stays until nothing names it.
async fn inherit(store: &Inner, connection: &mut Held, dead: WorkerId) -> Result<(), Failure> {
    let mut any = false;
    loop {
        let orphan = sqlx::query(sql::ORPHAN).bind(dead.0).bind(time_text(store.told())).bind(CHUNK);
        if changed(store, connection, orphan).await? == 0 {
            break;
        }
        any = true;
    }
    if any {
        store.tell_others().await;
    }
    changed(store, connection, sqlx::query(sql::BURY).bind(dead.0)).await?;
    Ok(())
}

/// Declares dead who has been silent for too long, one worker per transaction, and takes what they owned from them.
async fn take_over(store: &Inner, worker: WorkerId) -> Result<(), Failure> {
    let mut connection = store.connection_for(worker).await?;
    let ailing = within(store.limit(), async {
        let mut plain = connection.plain().await?;
        // A dead one shall not declare others dead.
        read::lives(&mut plain, worker).await?;
        let ailing = sqlx::query_as::<_, (i64, bool)>(sql::AILING).bind(worker.0);
        let ailing = ailing.fetch_all(&mut *plain).await?;
        plain.done().await?;
        Ok(ailing)
    });
    for (other, dead) in ailing.await? {
        if dead || within(store.limit(), fence(store, &mut connection, other)).await? {
            inherit(store, &mut connection, WorkerId(other)).await?;
        }
    }
    connection.give_back();
    Ok(())
}

/// Declares a worker dead, if it is still silent. Did it?
async fn fence(store: &Inner, connection: &mut Held, other: i64) -> Result<bool, Failure> {
    let mut tx = connection.begin().await?;
    // Sooner than the statement's own time is over, which would be an error.
    let patience = sqlx::query(PATIENCE).bind(millis(store.statement_timeout / 2));
    patience.execute(&mut *tx).await?;
    let dead = match sqlx::query(sql::FENCE).bind(other).execute(&mut *tx).await.map_err(Failure::from) {
        Ok(fenced) => fenced.rows_affected() == 1,
        // It still has something under way; there will be another time.
        Err(Failure::Busy) => false,
        Err(failure) => return Err(failure),
    };
    if dead {
        tx.commit().await?;
        tracing::warn!("{} was silent for too long and is declared dead", WorkerId(other));
    } else {
        tx.rollback().await?;
    }
    Ok(dead)
}

pub(super) async fn claim(store: &Inner, worker: WorkerId, claim: Claim) -> Result<Vec<Loaded>, Failure> {
    take_over(store, worker).await?;
    within(store.limit() * 2, claimed(store, worker, claim)).await
}

async fn claimed(store: &Inner, worker: WorkerId, claim: Claim) -> Result<Vec<Loaded>, Failure> {
    let mut connection = store.connection_for(worker).await?;
    if store.is_time_to_fold() {
        changed(store, &mut connection, sqlx::query(sql::FOLD_STATISTICS)).await?;
    }
    let mut tx = connection.begin().await?;
    // Until this has ended nobody declares the worker dead, so nothing is given to a dead one.
    if sqlx::query(sql::ALIVE).bind(worker.0).fetch_optional(&mut *tx).await?.is_none() {
        return Err(StoreError::Fenced.into());
    }
    store.tell(claim.now);
    let mut wanted = Named::all(&claim.definitions);
    if claim.purpose == Purpose::Park {
        let known: Vec<(String, i32)> = sqlx::query_as(sql::KNOWN_DEFINITIONS).fetch_all(&mut *tx).await?;
        wanted.retain(|w| {
            !known.iter().any(|(name, version)| w.name == name && i64::from(w.version) == i64::from(*version))
        });
    }
    let due = due(&mut tx, &claim, &rows(&wanted)?).await?;
    if due.is_empty() {
        tx.rollback().await?;
        connection.give_back();
        return Ok(vec![]);
    }
    sqlx::query(sql::CLAIM).bind(&due).bind(worker.0).bind(time_text(store.told())).execute(&mut *tx).await?;
    let claimed = read::loaded(&mut tx, &due).await?;
    tx.commit().await?;
    connection.give_back();
    Ok(claimed.into_iter().filter_map(readable).collect())
}

/// What is due, in turns and locked.
async fn due(tx: &mut PgConnection, claim: &Claim, wanted: &str) -> Result<Vec<String>, Failure> {
    let (now, limit) = (time_text(claim.now), i64::try_from(claim.limit).unwrap_or(i64::MAX));
    if limit == 0 {
        return Ok(vec![]);
    }
    let count = sqlx::query_scalar(sql::DUE_COUNT).bind(&now).bind(wanted).bind(limit.saturating_add(1));
    let count: i64 = count.fetch_one(&mut *tx).await?;
    let due = if count > limit { sql::DUE_IN_LANES } else { sql::DUE };
    let mut looks = if count == 0 { 0 } else { MOST_LOOKS };
    let mut found = vec![];
    while found.is_empty() && looks > 0 {
        // If others were taking all that it saw it looks past what they have taken.
        looks -= 1;
        let due = sqlx::query_scalar(due).bind(&now).bind(wanted).bind(limit).bind(&claim.after);
        found = due.fetch_all(&mut *tx).await?;
    }
    Ok(found)
}

pub(super) async fn send(
    store: &Inner,
    tenant: &str,
    workflow: &WorkflowId,
    kind: SignalKind,
    by: &str,
) -> Result<Sent, Failure> {
    ask!(store, |connection| sent(store, &mut connection, tenant, workflow, kind, by))
}

async fn sent(
    store: &Inner,
    connection: &mut PgConnection,
    tenant: &str,
    workflow: &WorkflowId,
    kind: SignalKind,
    by: &str,
) -> Result<Sent, Failure> {
    let id = workflow.as_str();
    let owners = deliver(store, connection, tenant, &[id], kind, by).await?;
    if let Some(owner) = owners.first() {
        return Ok(Sent::Delivered { worker: owner.map(WorkerId) });
    }
    let receiver = sqlx::query_scalar(sql::RECEIVER).bind(id).bind(tenant);
    let found: Option<String> = receiver.fetch_optional(connection).await?;
    let Some(status) = found else { return Ok(Sent::Unknown) };
    let place = Place { table: "orchestration_workflows", row: id };
    match place.read::<saga::store::Status>("status", &status)? {
        status if status.is_ended() => Ok(Sent::Ended(status)),
        // It has been retried between the two looks.
        _ => Err(Failure::Busy),
    }
}

/// Puts a message into the inboxes of the live ones of these workflows. Who owns them.
async fn deliver(
    store: &Inner,
    connection: &mut PgConnection,
    tenant: &str,
    workflows: &[&str],
    kind: SignalKind,
    by: &str,
) -> Result<Vec<Option<i64>>, Failure> {
    let send = sqlx::query_scalar(sql::SEND).bind(workflows).bind(kind.as_str()).bind(by);
    Ok(send
        .bind(time_text(store.told()))
        .bind(tenant)
        .bind(store.hints.channel())
        .fetch_all(connection)
        .await?)
}

/// The event is committed before the register is read. Whoever registers commits that before looking for the event: one
/// of the two sees the other.
pub(super) async fn publish(store: &Inner, event: &PublishedEvent) -> Result<bool, Failure> {
    ask!(store, held | connection | published(store, &mut connection, event))
}

async fn published(store: &Inner, connection: &mut Held, event: &PublishedEvent) -> Result<bool, Failure> {
    let at = time_text(event.at);
    let mut tx = connection.begin().await?;
    sqlx::query(sql::FORGET_PUBLISHED).bind(&at).execute(&mut *tx).await?;
    sqlx::query(sql::PUBLISH)
        .bind(&event.tenant_id)
        .bind(&event.name)
        .bind(&event.key)
        .bind(event.value.as_str())
        .bind(&event.by)
        .bind(at)
        .bind(time_text(event.kept_until))
        .execute(&mut *tx)
        .await?;
    let mut told = triggers::remember(&mut tx, event).await?;
    tx.commit().await?;
    let waiters = sqlx::query_scalar(sql::WAITERS).bind(&event.tenant_id).bind(&event.name).bind(&event.key);
    let mut plain = connection.plain().await?;
    let waiters: Vec<String> = waiters.fetch_all(&mut *plain).await?;
    plain.done().await?;
    // In chunks, so that nobody waits for as long as it takes to tell all.
    for some in waiters.chunks(500) {
        let ids = some.iter().map(String::as_str).collect::<Vec<_>>();
        let (tenant, name) = (&event.tenant_id, &event.name);
        let mut plain = connection.plain().await?;
        told |= !deliver(store, &mut plain, tenant, &ids, SignalKind::Event, name).await?.is_empty();
        plain.done().await?;
    }
    Ok(told)
}

/// Counts are folded so often.
pub(super) const FOLD: Duration = Duration::from_secs(10);
