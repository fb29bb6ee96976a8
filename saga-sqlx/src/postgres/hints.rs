//! Hints between processes, by NOTIFY: after what concerns somebody else, and never in a batch, because the server lets
//! only one transaction at a time commit with one.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use saga::store::{Commit, CommitOutcome};
use saga::{Timestamp, WorkerId};
use sqlx::PgConnection;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPool, PgPoolOptions};

use super::queries as sql;
use crate::error::Failure;

/// Until the server is asked again for a connection.
const AGAIN: Duration = Duration::from_secs(1);
/// How many workers of one store may listen.
const LISTENERS: u32 = 64;
/// What is everybody's business.
const ANYBODY: &str = "any";

/// The ears of a store's workers, each with a connection of its own, and its voice.
pub(super) struct Hints {
    /// None: nobody listens here. Behind a pooler that hands out a connection per transaction nobody can.
    pool: Option<PgPool>,
    /// Of this database's tables alone, not of others in the same database.
    channel: String,
    listeners: Mutex<BTreeMap<WorkerId, PgListener>>,
    /// A workflow was started inside somebody's transaction, which may have been committed since.
    started: AtomicBool,
}

impl Hints {
    pub(super) fn new(connect: Option<PgConnectOptions>, identity: &str) -> Self {
        let pool = PgPoolOptions::new().max_connections(LISTENERS).max_lifetime(None).idle_timeout(AGAIN);
        Self {
            pool: connect.map(|connect| pool.connect_lazy_with(connect)),
            channel: format!("orchestration_{identity}"),
            listeners: Mutex::default(),
            started: AtomicBool::new(false),
        }
    }

    pub(super) fn channel(&self) -> &str {
        &self.channel
    }

    pub(super) async fn close(&self) {
        self.listeners().clear();
        if let Some(pool) = &self.pool {
            pool.close().await;
        }
    }

    /// Returns when somebody has said something that concerns this worker, or may have while nobody listened.
    pub(super) async fn hear(&self, worker: WorkerId) {
        let Some(pool) = &self.pool else { return std::future::pending().await };
        let known = self.listeners().remove(&worker);
        let listener = match known {
            Some(mut listener) => self.next(&mut listener, worker).await.then_some(listener),
            None => None,
        };
        let listener = match listener {
            Some(listener) => listener,
            None => self.listen(pool).await,
        };
        self.listeners().insert(worker, listener);
    }

    /// False: the connection is lost, and perhaps something that was said.
    async fn next(&self, listener: &mut PgListener, worker: WorkerId) -> bool {
        loop {
            match listener.try_recv().await {
                Ok(Some(said)) if said.payload() == ANYBODY => return true,
                Ok(Some(said)) if said.payload().parse() == Ok(worker.0) => return true,
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => return false,
            }
        }
    }

    async fn listen(&self, pool: &PgPool) -> PgListener {
        loop {
            let connected = async {
                let mut listener = PgListener::connect_with(pool).await?;
                // Whoever has lost a connection looks for what was said meanwhile.
                listener.eager_reconnect(false);
                listener.listen(&self.channel).await.map(|()| listener)
            };
            match connected.await {
                Ok(listener) => return listener,
                Err(sqlx::Error::PoolClosed) => std::future::pending().await,
                Err(error) => tracing::debug!("Nobody listens for hints at present: {error}"),
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// Tells everybody that there is work.
    pub(super) async fn tell(&self, connection: &mut PgConnection) -> Result<(), Failure> {
        sqlx::query(sql::HINT).bind(&self.channel).bind(ANYBODY).execute(connection).await?;
        Ok(())
    }

    /// A workflow was started inside a transaction that is still open.
    pub(super) fn started_inside(&self) {
        self.started.store(true, Ordering::Release);
    }

    /// A transaction has ended: was something started in one?
    pub(super) fn has_started(&self) -> bool {
        self.started.swap(false, Ordering::AcqRel)
    }

    fn listeners(&self) -> MutexGuard<'_, BTreeMap<WorkerId, PgListener>> {
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Has this batch left something that anybody could take up now?
pub(super) fn concerns_others(
    worker: Option<WorkerId>,
    commits: &[Commit],
    outcomes: &[CommitOutcome],
    now: Timestamp,
) -> bool {
    let is_due = |wake_at: Option<Timestamp>| wake_at.is_some_and(|at| at <= now);
    let leaves_work = |commit: &Commit| match (&commit.create, &commit.decision) {
        (_, Some(decision)) => {
            (decision.release || worker.is_none())
                && !decision.state.status.is_ended()
                && is_due(decision.state.wake_at)
        }
        (Some(new), None) => new.header.worker.is_none() && is_due(new.header.state.wake_at),
        (None, None) => false,
    };
    commits
        .iter()
        .zip(outcomes)
        .any(|(commit, outcome)| matches!(outcome, CommitOutcome::Applied { .. }) && leaves_work(commit))
}
