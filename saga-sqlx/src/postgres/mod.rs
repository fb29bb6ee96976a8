//! A store in a PostgreSQL database that several processes share.

mod batch;
mod connection;
mod fast;
mod health;
mod hints;
mod jobs;
mod judge;
mod lanes;
mod lend;
mod listing;
mod queries;
mod read;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use saga::store::{
    Beat, Claim, Commit, CommitOutcome, Door, Join, Listing, Loaded, Page, PublishedEvent, Registration,
    Schedules, Sent, SignalKind, Statistics, Store, StoreError, Stranded, Trail, TrailPart, Transacted,
    Transactions, Triggers, Wanted,
};
use saga::{DefinitionId, Timestamp, Tx, WorkerId, WorkflowId};
use sqlx::pool::PoolConnection;
use sqlx::{PgPool, Postgres};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::error::{Failure, sql_error};
use crate::migrate;
pub use connection::PgOptions;
use fast::Begun;
use health::Health;
use hints::Hints;
use lanes::Lanes;
pub use lend::postgres;

/// Keeps workflows in a PostgreSQL database, beside the user's own tables. A clone is the same store.
///
/// Several processes may share it. Each is a worker with a lease on the database's clock; what a silent one owned is
/// taken over by the others, and nothing that it sends afterwards is written.
///
/// It needs PostgreSQL 13 or later, and sessions of its own: behind PgBouncer, a pool in session mode. With replicas
/// let them be synchronous: a fail-over to one that lags forgets what was acknowledged.
#[derive(Clone)]
pub struct PgStore(Arc<Inner>);

struct Inner {
    pool: PgPool,
    /// One connection that waits for nobody.
    beats: PgPool,
    identity: String,
    health: Health,
    hints: Hints,
    lanes: Lanes,
    begun: Begun,
    /// How many connections may be lent at a time, so that some are left for the journal.
    lent: Semaphore,
    statement_timeout: Duration,
    /// The latest time that anybody told, the shortest lease, and when the counts were folded.
    heard: Mutex<Heard>,
}

struct Heard {
    told: Timestamp,
    lease: Duration,
    folded: Instant,
}

impl Inner {
    fn told(&self) -> Timestamp {
        self.heard(|heard| heard.told)
    }
    fn tell(&self, time: Timestamp) {
        self.heard(|heard| heard.told = time.max(heard.told));
    }
    /// How long a paused process may keep others from declaring its worker dead.
    fn patience(&self) -> Duration {
        self.heard(|heard| heard.lease / 2)
    }
    fn is_time_to_fold(&self) -> bool {
        self.heard(|heard| {
            let due = heard.folded.elapsed() >= jobs::FOLD;
            if due {
                heard.folded = Instant::now();
            }
            due
        })
    }
    fn heard<T>(&self, with: impl FnOnce(&mut Heard) -> T) -> T {
        with(&mut self.heard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl PgStore {
    /// Opens the database at an address like `postgres://user:password@host/database`, and brings its tables up to
    /// date. Several processes may do that at the same time.
    ///
    /// # Errors
    /// [`StoreError::Configuration`] when it cannot be reached or used, when its tables are too new, or when it would
    /// acknowledge what is not on disk.
    pub async fn connect(url: &str, options: PgOptions) -> Result<Self, StoreError> {
        let (pool, beats) = connection::pools(url, &options).await?;
        let lanes = Lanes::beside(&beats, options.schema.clone(), options.statement_timeout);
        Self::open(pool, beats, lanes, options).await
    }

    /// Uses connections of the user's own. The tables are where their search path leads. Let the pool have some
    /// connections to spare: half of them are lent to transactional steps.
    ///
    /// # Errors
    /// As for [`connect`](Self::connect).
    pub async fn with_pool(pool: PgPool) -> Result<Self, StoreError> {
        let (beats, options) = connection::beside(&pool).await?;
        let connections = pool.options().get_max_connections();
        let lanes = Lanes::beside(&beats, options.schema, options.statement_timeout);
        Self::open(pool, beats, lanes, PgOptions { connections, ..PgOptions::default() }).await
    }

    async fn open(pool: PgPool, beats: PgPool, lanes: Lanes, options: PgOptions) -> Result<Self, StoreError> {
        let mut connection = pool.acquire().await.map_err(sql_error)?;
        connection::verify(&mut connection).await?;
        let migrated = migrate::postgres(&mut connection, options.schema.as_deref()).await;
        migrated.map_err(connection::opening)?;
        let identity = sqlx::query_scalar(queries::IDENTITY).fetch_one(&mut *connection).await;
        drop(connection);
        let identity: String = identity.map_err(|e| connection::opening(sql_error(e)))?;
        let listening = options.listen.then(|| beats.connect_options().as_ref().clone());
        Ok(Self(Arc::new(Inner {
            hints: Hints::new(listening, &identity),
            lanes,
            begun: Begun::default(),
            pool,
            beats,
            identity,
            health: Health::default(),
            lent: Semaphore::new(usize::try_from(options.connections / 2).unwrap_or(1).max(1)),
            statement_timeout: options.statement_timeout,
            heard: Mutex::new(Heard {
                told: Timestamp::from_micros(0),
                lease: options.statement_timeout * 2,
                folded: Instant::now(),
            }),
        })))
    }

    /// Closes its connections, and the pool that it was given. What is asked afterwards fails.
    pub async fn close(&self) {
        self.0.lent.close();
        self.0.hints.close().await;
        self.0.lanes.close().await;
        self.0.beats.close().await;
        self.0.pool.close().await;
    }

    /// Connections for queries of your own.
    pub fn pool(&self) -> &PgPool {
        &self.0.pool
    }

    /// Can it be written to? The last write tells.
    ///
    /// # Errors
    /// Why not, at present. [`StoreError::Unavailable`] may pass, the others will not.
    pub fn health(&self) -> Result<(), StoreError> {
        if self.0.pool.is_closed() {
            return Err(closed());
        }
        self.0.health.check()
    }

    /// Runs work of your own in a transaction: on `Ok` it is durable when this returns, on `Err` rolled back.
    /// [`postgres`] gives the connection, `start_in` starts workflows in it. Work on the database only. After `limit`
    /// it is broken off.
    ///
    /// # Errors
    /// The inner result is the body's. The outer one is the store's: [`StoreError::Unavailable`] if the body took
    /// too long or panicked (nothing was written), or if it is not known whether it was committed.
    pub async fn transaction<T, E, F>(&self, limit: Duration, body: F) -> Result<Result<T, E>, StoreError>
    where
        T: Send + 'static,
        E: Send + 'static,
        F: for<'t, 'c> FnOnce(&'t mut Tx<'c>) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
    {
        Ok(lend::own(&self.0, limit, Box::new(body)).await?)
    }

    async fn reader(&self) -> Result<PoolConnection<Postgres>, StoreError> {
        self.0.pool.acquire().await.map_err(sql_error)
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable("the store has been closed".into())
}

#[async_trait]
impl Store for PgStore {
    async fn join(&self, join: Join) -> Result<Registration, StoreError> {
        let limit = self.0.statement_timeout;
        if join.lease < limit * 2 {
            return Err(StoreError::Configuration(format!(
                "a lease of {:?} is too short for statements that may take {limit:?}: let it be at least twice that, \
                 or lower the store's `statement_timeout`",
                join.lease
            )));
        }
        self.0.heard(|heard| heard.lease = join.lease);
        self.0.health.tell(jobs::join(&self.0, &join).await)
    }

    async fn beat(&self, worker: WorkerId) -> Result<Beat, StoreError> {
        let mut connection = self.0.health.tell(self.0.beats.acquire().await.map_err(Failure::from))?;
        self.0.health.tell(read::beat(&mut connection, worker).await)
    }

    async fn hint(&self, worker: WorkerId) {
        self.0.hints.hear(worker).await;
    }

    async fn leave(&self, worker: WorkerId) -> Result<(), StoreError> {
        self.0.health.tell(jobs::leave(&self.0, worker).await)
    }

    async fn claim(&self, worker: WorkerId, claim: Claim) -> Result<Vec<Loaded>, StoreError> {
        self.0.health.tell(jobs::claim(&self.0, worker, claim).await)
    }

    async fn held(&self, worker: WorkerId) -> Result<Vec<WorkflowId>, StoreError> {
        Ok(read::held(&mut *self.reader().await?, worker).await?)
    }

    async fn stranded(&self, now: Timestamp) -> Result<Vec<Stranded>, StoreError> {
        Ok(read::stranded(&mut *self.reader().await?, now).await?)
    }

    async fn commit(
        &self,
        worker: Option<WorkerId>,
        commits: Vec<Commit>,
    ) -> Result<Vec<CommitOutcome>, StoreError> {
        self.0.health.tell(jobs::commit(&self.0, worker, &commits).await)
    }

    async fn send(
        &self,
        tenant: &str,
        workflow: &WorkflowId,
        kind: SignalKind,
        by: &str,
    ) -> Result<Sent, StoreError> {
        self.0.health.tell(jobs::send(&self.0, tenant, workflow, kind, by).await)
    }

    async fn publish(&self, event: PublishedEvent) -> Result<bool, StoreError> {
        self.0.health.tell(jobs::publish(&self.0, &event).await)
    }

    async fn published(&self, wanted: Wanted) -> Result<Option<PublishedEvent>, StoreError> {
        Ok(read::published(&mut *self.reader().await?, wanted).await?)
    }

    async fn load(&self, workflow: &WorkflowId) -> Result<Option<Loaded>, StoreError> {
        Ok(read::load(&mut *self.reader().await?, workflow).await?)
    }

    async fn list(&self, listing: Listing) -> Result<Page, StoreError> {
        Ok(listing::list(&mut *self.reader().await?, listing).await?)
    }

    async fn history(&self, workflow: &WorkflowId, part: TrailPart) -> Result<Trail, StoreError> {
        Ok(read::history(&mut *self.reader().await?, workflow, part).await?)
    }

    async fn plan(&self, definition: &DefinitionId) -> Result<Option<String>, StoreError> {
        Ok(read::plan(&mut *self.reader().await?, definition).await?)
    }

    async fn statistics(&self, tenant: &str) -> Result<Statistics, StoreError> {
        Ok(read::statistics(&mut *self.reader().await?, tenant).await?)
    }

    fn transactions(&self) -> Option<&dyn Transactions> {
        Some(self)
    }

    fn schedules(&self) -> Option<&dyn Schedules> {
        None
    }

    fn triggers(&self) -> Option<&dyn Triggers> {
        None
    }
}

#[async_trait]
impl Transactions for PgStore {
    async fn transact(&self, door: Door) -> Result<Transacted, StoreError> {
        self.0.health.tell(lend::transact(&self.0, door).await)
    }

    async fn commit_in(&self, tx: &mut Tx<'_>, commit: Commit) -> Result<CommitOutcome, StoreError> {
        let foreign = "the transaction is not one of this store's";
        let foreign = || StoreError::Configuration(foreign.into());
        let connection = lend::connection_of(tx).ok_or_else(foreign)?;
        let outcome = lend::commit_in(connection, &self.0.identity, &commit).await?.ok_or_else(foreign)?;
        self.0.hints.started_inside();
        Ok(outcome)
    }
}
