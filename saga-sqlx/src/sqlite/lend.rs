//! The writer lends its connection: the user's work, and the fact or start that belongs to it, in one savepoint
//! of the turn's transaction.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use saga::store::{Commit, CommitOutcome, Door, StoreError, Transacted};
use saga::{StepError, Tx};
use sqlx::{Connection, SqliteConnection};
use tokio::sync::oneshot;

use super::file::Identity;
use super::writer::{Job, Turn};
use super::{batch, judge};
use crate::error::{Failure, is_damage};

/// The connection of a transaction that a [`SqliteStore`](super::SqliteStore) lends. Work on the database only,
/// and for milliseconds: while it is lent nobody else writes.
///
/// # Errors
/// [`StepError::configuration`] when the engine runs on another store.
pub fn sqlite<'a>(tx: &'a mut Tx<'_>) -> Result<&'a mut SqliteConnection, StepError> {
    connection_of(tx).ok_or_else(|| {
        StepError::configuration("this transactional step works on SQLite, the engine's store does not")
    })
}

pub(super) fn connection_of<'a>(tx: &'a mut Tx<'_>) -> Option<&'a mut SqliteConnection> {
    tx.as_any().downcast_mut()
}

/// What runs on the lent connection.
pub(super) type Body<T, E> =
    Box<dyn for<'t, 'c> FnOnce(&'t mut Tx<'c>) -> BoxFuture<'t, Result<T, E>> + Send>;

/// How a body ended.
enum Ended<T, E> {
    With(Result<T, E>),
    Panicked,
    TooLate,
}

/// Runs it in the savepoint, for no longer than `limit`.
async fn run<T, E>(savepoint: &mut SqliteConnection, turn: Lent<'_>, body: Body<T, E>) -> Ended<T, E> {
    let ended = {
        let mut tx = Tx::new(savepoint);
        let body = AssertUnwindSafe(body(&mut tx)).catch_unwind();
        match tokio::time::timeout(turn.limit, body).await {
            Ok(Ok(result)) => Ended::With(result),
            Ok(Err(_)) => Ended::Panicked,
            Err(_) => {
                turn.stop.store(true, Ordering::Relaxed);
                Ended::TooLate
            }
        }
    };
    if matches!(ended, Ended::TooLate) {
        // The statement that the body left behind has to end first.
        drop(savepoint.ping().await);
        turn.stop.store(false, Ordering::Relaxed);
    }
    ended
}

/// The body's errors are its own, and of any type. But if the file is damaged, the store has to know.
async fn check_damage(savepoint: &mut SqliteConnection) -> Result<(), Failure> {
    let last = savepoint.lock_handle().await?.last_error();
    match last.map(|error| Failure::from(sqlx::Error::from(error))) {
        Some(Failure::Broken(error)) if is_damage(&error) => Err(Failure::Broken(error)),
        _ => Ok(()),
    }
}

struct Lent<'a> {
    limit: Duration,
    stop: &'a std::sync::atomic::AtomicBool,
}

fn failed<T, E>(ended: Ended<T, E>, limit: Duration) -> Result<Result<T, E>, StepError> {
    match ended {
        Ended::With(result) => Ok(result),
        Ended::Panicked => Err(StepError::transient("it panicked, and was rolled back")),
        Ended::TooLate => {
            Err(StepError::transient(format!("it took longer than {limit:?}, and was rolled back")))
        }
    }
}

/// A transactional step.
pub(super) struct Lend {
    door: Option<Door>,
    found: Result<Transacted, StoreError>,
    answer: oneshot::Sender<Result<Transacted, StoreError>>,
}

impl Lend {
    pub(super) fn new(door: Door) -> (Self, oneshot::Receiver<Result<Transacted, StoreError>>) {
        let (answer, receiver) = oneshot::channel();
        (Self { door: Some(door), found: again(), answer }, receiver)
    }
}

/// Said when the turn failed after the body was used up.
fn again() -> Result<Transacted, StoreError> {
    let why = "it was rolled back together with the batch it was in";
    Ok(Transacted::Failed(StepError::transient(why)))
}

#[async_trait]
impl Job for Lend {
    async fn run(&mut self, turn: &mut Turn<'_>) -> Result<(), Failure> {
        let Some(door) = self.door.take() else {
            // The turn failed, and its body can run only once.
            if matches!(self.found, Ok(Transacted::Committed(_))) {
                self.found = again();
            }
            return Ok(());
        };
        let lent = Lent { limit: door.limit, stop: turn.stop };
        let mut savepoint = turn.connection.begin().await?;
        let ended = run(&mut savepoint, lent, door.body).await;
        if !matches!(ended, Ended::With(Ok(_))) {
            check_damage(&mut savepoint).await?;
        }
        let commit = match failed(ended, door.limit) {
            Ok(Ok(commit)) => commit,
            Ok(Err(error)) | Err(error) => {
                self.found = Ok(Transacted::Failed(error));
                return savepoint.rollback().await.map_err(|_| vanished());
            }
        };
        let alone = std::slice::from_ref(&commit);
        // The fence is asked after the body.
        let batch = match judge::prepare(&mut savepoint, Some(door.worker), alone, turn.told).await {
            Err(Failure::Broken(StoreError::Fenced)) => {
                self.found = Err(StoreError::Fenced);
                return savepoint.rollback().await.map_err(|_| vanished());
            }
            prepared => prepared?,
        };
        let known = judge::knows_a_fact_of(&mut savepoint, &commit).await?;
        let outcome = if known { batch.refusal() } else { batch.outcomes().pop() };
        let outcome = outcome.unwrap_or(CommitOutcome::Unstorable { reason: "it was not judged".into() });
        let lands =
            matches!(outcome, CommitOutcome::Applied { .. } | CommitOutcome::Refused { owned: true, .. });
        if known || !lands {
            savepoint.rollback().await.map_err(|_| vanished())?;
        } else {
            // Fails if an error that the body kept to itself has rolled everything back.
            savepoint.commit().await.map_err(|_| vanished())?;
            batch::write(&batch, turn.connection).await?;
        }
        self.found = Ok(Transacted::Committed(outcome));
        Ok(())
    }
    fn done(self: Box<Self>, turn: Result<(), StoreError>) {
        drop(self.answer.send(turn.and(self.found)));
    }
    fn is_abandoned(&self) -> bool {
        self.answer.is_closed()
    }
}

/// The savepoint is gone, and so is everything else in the turn's transaction: the others are written again.
fn vanished() -> Failure {
    Failure::Poison("the transaction was rolled back under a lent savepoint".into())
}

/// A transaction of the user's own.
pub(super) struct Own<T, E> {
    body: Option<(Body<T, E>, Duration)>,
    found: Result<Result<T, E>, StoreError>,
    answer: oneshot::Sender<Result<Result<T, E>, StoreError>>,
}

pub(super) type OwnAnswer<T, E> = oneshot::Receiver<Result<Result<T, E>, StoreError>>;

impl<T, E> Own<T, E> {
    pub(super) fn new(body: Body<T, E>, limit: Duration) -> (Self, OwnAnswer<T, E>) {
        let (answer, receiver) = oneshot::channel();
        (Self { body: Some((body, limit)), found: Err(nothing_written()), answer }, receiver)
    }
}

fn nothing_written() -> StoreError {
    let why = "the transaction was rolled back together with the batch it was in; nothing was written";
    StoreError::Unavailable(why.into())
}

#[async_trait]
impl<T: Send, E: Send> Job for Own<T, E> {
    async fn run(&mut self, turn: &mut Turn<'_>) -> Result<(), Failure> {
        let Some((body, limit)) = self.body.take() else {
            if matches!(self.found, Ok(Ok(_))) {
                self.found = Err(nothing_written());
            }
            return Ok(());
        };
        let lent = Lent { limit, stop: turn.stop };
        let mut savepoint = turn.connection.begin().await?;
        let ended = run(&mut savepoint, lent, body).await;
        if !matches!(ended, Ended::With(Ok(_))) {
            check_damage(&mut savepoint).await?;
        }
        match failed(ended, limit) {
            Ok(Ok(value)) => {
                savepoint.commit().await.map_err(|_| vanished())?;
                self.found = Ok(Ok(value));
            }
            Ok(Err(error)) => {
                self.found = Ok(Err(error));
                savepoint.rollback().await.map_err(|_| vanished())?;
            }
            Err(error) => {
                self.found = Err(StoreError::Unavailable(format!("the transaction failed: {error}")));
                savepoint.rollback().await.map_err(|_| vanished())?;
            }
        }
        Ok(())
    }
    fn done(self: Box<Self>, turn: Result<(), StoreError>) {
        drop(self.answer.send(turn.and(self.found)));
    }
    fn is_abandoned(&self) -> bool {
        self.answer.is_closed()
    }
}

/// Is this connection open on the store's file?
pub(super) async fn is_of(connection: &mut SqliteConnection, identity: &Identity) -> Result<bool, Failure> {
    let main = "SELECT file FROM pragma_database_list WHERE name = 'main'";
    let file: Option<String> = sqlx::query_scalar(main).fetch_one(connection).await?;
    Ok(file.is_some_and(|file| identity.is_at(file.as_ref())))
}

/// Writes a commit without a worker into an open transaction.
pub(super) async fn commit_in(
    connection: &mut SqliteConnection,
    commit: &Commit,
) -> Result<CommitOutcome, Failure> {
    let alone = std::slice::from_ref(commit);
    let batch = judge::prepare(connection, None, alone, &mut saga::Timestamp::from_micros(0)).await?;
    batch::write(&batch, connection).await?;
    let unjudged = CommitOutcome::Unstorable { reason: "it was not judged".into() };
    Ok(batch.outcomes().pop().unwrap_or(unjudged))
}
