//! A connection is lent: the user's work, and the fact or start that belongs to it, in one transaction.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use saga::store::{Commit, CommitOutcome, Door, StoreError, Transacted};
use saga::{StepError, Timestamp, Tx};
use sqlx::{Connection, PgConnection, Postgres, Transaction};

use super::connection::millis;
use super::held::{Held, within};
use super::queries as sql;
use super::{Inner, batch, judge};
use crate::error::Failure;

/// The connection of a transaction that a [`PgStore`](super::PgStore) lends.
///
/// # Errors
/// [`StepError::configuration`] when the engine runs on another store.
pub fn postgres<'a>(tx: &'a mut Tx<'_>) -> Result<&'a mut PgConnection, StepError> {
    connection_of(tx).ok_or_else(|| {
        StepError::configuration("this transactional step works on PostgreSQL, the engine's store does not")
    })
}

pub(super) fn connection_of<'a>(tx: &'a mut Tx<'_>) -> Option<&'a mut PgConnection> {
    tx.as_any().downcast_mut()
}

/// What runs on the lent connection.
pub(super) type Body<T, E> =
    Box<dyn for<'t, 'c> FnOnce(&'t mut Tx<'c>) -> BoxFuture<'t, Result<T, E>> + Send>;

/// How long a statement may run in this transaction, and how long the server waits for the next one: a process that is
/// paused in here would otherwise keep its locks for as long as it sleeps.
const LIMIT: &str = "SELECT set_config('statement_timeout', $1, true),
  set_config('idle_in_transaction_session_timeout', $2, true)";
/// Beyond the body's own limit, which is kept here.
const GRACE: Duration = Duration::from_secs(1);

async fn limit(tx: &mut PgConnection, statement: Duration, idle: Duration) -> Result<(), Failure> {
    sqlx::query(LIMIT).bind(millis(statement)).bind(millis(idle)).execute(tx).await?;
    Ok(())
}

/// Runs it, for no longer than `limit`.
async fn run<T, E>(
    connection: &mut PgConnection,
    limit: Duration,
    body: Body<T, E>,
) -> Result<Result<T, E>, StepError> {
    let mut tx = Tx::new(connection);
    let body = AssertUnwindSafe(body(&mut tx)).catch_unwind();
    match tokio::time::timeout(limit, body).await {
        Ok(Ok(result)) => Ok(result),
        Ok(Err(_)) => Err(StepError::transient("it panicked, and was rolled back")),
        Err(_) => Err(StepError::transient(format!("it took longer than {limit:?}, and was rolled back"))),
    }
}

/// Nothing was written, nor will be: what has not been told to commit is rolled back by whoever notices first.
async fn roll_back(tx: Transaction<'_, Postgres>) {
    if let Ok(Err(error)) = tokio::time::timeout(GRACE, tx.rollback()).await {
        tracing::debug!("A transaction ended before it was rolled back: {error}");
    }
}

/// A transactional step. The fence, and the header, are asked after the body: until then the transaction is in
/// nobody's way. An earlier attempt whose COMMIT is still under way holds the header, so it is waited for here, and then
/// its fact is known.
pub(super) async fn transact(store: &Inner, door: Door) -> Result<Transacted, Failure> {
    let _place = store.lent.acquire().await.map_err(|_| Failure::from(super::closed()))?;
    let mut connection = store.connection_for(door.worker).await?;
    let limit = door.limit + store.limit();
    let under_way = store.unsettled.begin(&door.workflow_id);
    let ended = within(limit, transacted(store, &mut connection, door)).await;
    if matches!(ended, Ok(_) | Err(Failure::Broken(StoreError::Fenced))) {
        under_way.ended();
    }
    let ended = ended?;
    connection.give_back();
    if matches!(ended, Transacted::Committed(_)) {
        store.tell_of_starts().await;
    }
    Ok(ended)
}

async fn transacted(store: &Inner, connection: &mut Held, door: Door) -> Result<Transacted, Failure> {
    let mut tx = connection.begin().await?;
    limit(&mut tx, door.limit, door.limit + GRACE).await?;
    let commit = match run(&mut tx, door.limit, door.body).await {
        Ok(Ok(commit)) => commit,
        Ok(Err(error)) | Err(error) => {
            roll_back(tx).await;
            return Ok(Transacted::Failed(error));
        }
    };
    let outcome = match at_the_door(store, &mut tx, door.worker, &commit).await {
        Ok((outcome, true)) => outcome,
        Ok((outcome, false)) => {
            roll_back(tx).await;
            return Ok(Transacted::Committed(outcome));
        }
        Err(failure) => {
            roll_back(tx).await;
            return match failure {
                Failure::Broken(StoreError::Fenced) => Err(failure),
                Failure::Poison(reason) => Ok(Transacted::Committed(CommitOutcome::Unstorable { reason })),
                failure => Ok(Transacted::Failed(rolled_back(failure))),
            };
        }
    };
    match tx.commit().await.map_err(Failure::from) {
        Ok(()) => Ok(Transacted::Committed(outcome)),
        // The server has said so: it is rolled back.
        Err(failure @ (Failure::Busy | Failure::Poison(_))) => Ok(Transacted::Failed(rolled_back(failure))),
        Err(failure) => Err(failure),
    }
}

fn rolled_back(failure: Failure) -> StepError {
    StepError::transient(format!("it was rolled back: {}", StoreError::from(failure)))
}

/// Asks the fence and writes the commit. Is it to be committed?
async fn at_the_door(
    store: &Inner,
    tx: &mut PgConnection,
    worker: saga::WorkerId,
    commit: &Commit,
) -> Result<(CommitOutcome, bool), Failure> {
    let patience = store.patience();
    limit(tx, patience, patience).await?;
    let mut told = store.told();
    let batch = judge::prepare(tx, Some(worker), std::slice::from_ref(commit), &mut told).await?;
    let known = judge::knows_a_fact_of(tx, commit).await?;
    let outcome = if known { batch.refusal() } else { batch.outcomes().pop() };
    let outcome = outcome.unwrap_or(CommitOutcome::Unstorable { reason: "it was not judged".into() });
    let lands = matches!(outcome, CommitOutcome::Applied { .. } | CommitOutcome::Refused { owned: true, .. });
    if known || !lands {
        return Ok((outcome, false));
    }
    batch::write(&batch, tx).await?;
    store.tell(told);
    Ok((outcome, true))
}

/// A transaction of the user's own.
pub(super) async fn own<T, E>(
    store: &Inner,
    time: Duration,
    body: Body<T, E>,
) -> Result<Result<T, E>, Failure> {
    let _place = store.lent.acquire().await.map_err(|_| Failure::from(super::closed()))?;
    let mut connection = store.connection().await?;
    let ended = within(time + store.limit(), owned(&mut connection, time, body)).await?;
    connection.give_back();
    if ended.is_ok() {
        store.tell_of_starts().await;
    }
    Ok(ended)
}

async fn owned<T, E>(
    connection: &mut Held,
    time: Duration,
    body: Body<T, E>,
) -> Result<Result<T, E>, Failure> {
    let mut tx = connection.begin().await?;
    limit(&mut tx, time, time + GRACE).await?;
    match run(&mut tx, time, body).await {
        Ok(Ok(value)) => {
            // A body that has kept an error to itself would be told that it is durable: COMMIT is no error then.
            sqlx::query("SELECT 1").execute(&mut *tx).await?;
            tx.commit().await?;
            Ok(Ok(value))
        }
        Ok(Err(error)) => {
            roll_back(tx).await;
            Ok(Err(error))
        }
        Err(error) => {
            roll_back(tx).await;
            Err(StoreError::Unavailable(format!("the transaction failed: {error}")).into())
        }
    }
}

/// Is this connection open on the store's tables?
async fn is_of(connection: &mut PgConnection, identity: &str) -> Result<bool, Failure> {
    let mut savepoint = connection.begin().await?;
    let found: Result<String, _> = sqlx::query_scalar(sql::IDENTITY).fetch_one(&mut *savepoint).await;
    savepoint.rollback().await?;
    match found.map_err(Failure::from) {
        Ok(found) => Ok(found == identity),
        // There are no such tables.
        Err(Failure::Broken(StoreError::Configuration(_))) => Ok(false),
        Err(failure) => Err(failure),
    }
}

/// Writes a commit without a worker into an open transaction. None if that is another store's.
pub(super) async fn commit_in(
    connection: &mut PgConnection,
    identity: &str,
    commit: &Commit,
) -> Result<Option<CommitOutcome>, Failure> {
    if !is_of(connection, identity).await? {
        return Ok(None);
    }
    let mut tries = 0;
    loop {
        let mut savepoint = connection.begin().await?;
        match written_in(&mut savepoint, commit).await {
            Ok(outcome) => {
                savepoint.commit().await?;
                return Ok(Some(outcome));
            }
            // Somebody was quicker with a key: now that is known.
            Err(Failure::Busy) if tries < 3 => {
                tries += 1;
                savepoint.rollback().await?;
            }
            Err(Failure::Poison(reason)) => {
                savepoint.rollback().await?;
                return Ok(Some(CommitOutcome::Unstorable { reason }));
            }
            Err(failure) => return Err(failure),
        }
    }
}

async fn written_in(connection: &mut PgConnection, commit: &Commit) -> Result<CommitOutcome, Failure> {
    let alone = std::slice::from_ref(commit);
    let batch = judge::prepare(connection, None, alone, &mut Timestamp::from_micros(0)).await?;
    batch::write(&batch, connection).await?;
    let unjudged = CommitOutcome::Unstorable { reason: "it was not judged".into() };
    Ok(batch.outcomes().pop().unwrap_or(unjudged))
}
