//! A store in a PostgreSQL database that several processes share.

mod batch;
mod connection;
mod fast;
mod health;
mod held;
mod hints;
mod inner;
mod jobs;
mod judge;
mod lanes;
mod lend;
mod listing;
mod pooler;
mod queries;
mod read;
mod retention;
mod schedules;
mod timelines;
mod triggers;
mod unsettled;
mod watch;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use saga::store::{
    Beat, Claim, Commit, CommitOutcome, Door, Join, Listing, Loaded, Page, PublishedEvent, Registration,
    Removal, Removals, Schedules, Sent, SignalKind, Statistics, Store, StoreError, Stranded, Trail,
    TrailPart, Transacted, Transactions, Triggers, Wanted,
};
use saga::{DefinitionId, Timestamp, Tx, WorkerId, WorkflowId};
use sqlx::PgPool;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::error::{Failure, sql_error};
use crate::migrate;
pub use connection::PgOptions;
use fast::Begun;
use health::Health;
pub(crate) use held::Held;
use held::within;
use hints::Hints;
use inner::{Heard, Inner};
use lanes::Lanes;
pub use lend::postgres;
use pooler::Pooler;
use timelines::Timelines;
use unsettled::Unsettled;

/// Keeps workflows in a PostgreSQL database, beside the user's own tables. A clone is the same store.
///
/// Several processes may share it. Each is a worker with a lease on the database's clock; what a silent one owned is
/// taken over by the others, and nothing that it sends afterwards is written.
///
/// It needs PostgreSQL 13 or later; behind PgBouncer in transaction mode, [`PgOptions::through_pooler`]. With replicas
/// let them be synchronous: a fail-over to one that lags forgets what was acknowledged. Workers notice a fail-over, drop
/// what they remember, and come back as new ones, which go by the journal that is there: what it has lost of a workflow
/// is done again under the same idempotency keys, and of a workflow that it has lost as a whole nobody knows any more.
#[derive(Clone)]
pub struct PgStore(Arc<Inner>);

impl PgStore {
    /// Opens the database at an address like `postgres://user:password@host/database`, and brings its tables up to
    /// date. Several processes may do that at the same time, and programs of the version before may be at work.
    ///
    /// `?sslmode=verify-full&sslrootcert=FILE` at the address's end speaks TLS, with nobody but the server whose
    /// certificate was signed by the authority in that file, or by one that browsers trust.
    ///
    /// # Errors
    /// [`StoreError::Configuration`] when it cannot be reached or used, when its tables are too new, or when it would
    /// acknowledge what is not on disk.
    pub async fn connect(url: &str, options: PgOptions) -> Result<Self, StoreError> {
        let (pool, beats) = connection::pools(url, &options).await?;
        let lanes = (!options.through_pooler)
            .then(|| Lanes::beside(&beats, options.schema.clone(), options.statement_timeout));
        Self::open(pool, beats, lanes, options).await
    }

    /// Uses connections of the user's own. The tables are where their search path leads. Let the pool have some
    /// connections to spare: half of them are lent to transactional steps. Let its sessions have a `statement_timeout`
    /// and an `idle_in_transaction_session_timeout` of less than half of the workers' lease: a process that is paused in
    /// the middle of a transaction is not declared dead before that is over.
    ///
    /// A pool that leads to a pooler like PgBouncer in transaction mode is for
    /// [`with_pool_through_pooler`](Self::with_pool_through_pooler), and is refused here when that is noticed, as it is
    /// unless the pooler has much else to do.
    ///
    /// # Errors
    /// As for [`connect`](Self::connect).
    pub async fn with_pool(pool: PgPool) -> Result<Self, StoreError> {
        pooler::refuse(&pool).await?;
        let (beats, options) = connection::beside(&pool).await?;
        let connections = pool.options().get_max_connections();
        let lanes = Lanes::beside(&beats, options.schema, options.statement_timeout);
        Self::open(pool, beats, Some(lanes), PgOptions { connections, ..PgOptions::default() }).await
    }

    /// Uses a pool like the user's, where a pooler is in between that lends a session for one transaction
    /// ([`PgOptions::through_pooler`]): with its address, size, limits and hooks, but of connections that keep no statement prepared,
    /// since that would be somebody else's session. The user's pool itself is left alone. The tables are in the first
    /// schema of the search path that the role or the database has.
    ///
    /// # Errors
    /// As for [`connect`](Self::connect).
    pub async fn with_pool_through_pooler(pool: &PgPool) -> Result<Self, StoreError> {
        let connect = pooler::connect(pool.connect_options().as_ref().clone());
        let connections = pool.options().get_max_connections();
        let own = pool.options().clone().connect_lazy_with(connect.clone());
        let options = PgOptions {
            schema: Some(connection::current_schema(&own).await?),
            through_pooler: true,
            connections,
            ..PgOptions::default()
        };
        Self::open(own, connection::one(connect, &options)?, None, options).await
    }

    async fn open(
        pool: PgPool,
        beats: PgPool,
        lanes: Option<Lanes>,
        options: PgOptions,
    ) -> Result<Self, StoreError> {
        let pooler = Pooler::of(&options);
        let mut connection = Held::of(&pool, pooler.as_ref()).await?;
        let mut plain = connection.plain().await.map_err(sql_error)?;
        connection::verify(&mut plain).await?;
        plain.done().await.map_err(sql_error)?;
        let migrated = migrate::postgres(&mut connection, options.schema.as_deref()).await;
        migrated.map_err(connection::opening)?;
        let mut plain = connection.plain().await.map_err(sql_error)?;
        let identity = sqlx::query_scalar(queries::IDENTITY).fetch_one(&mut *plain).await;
        let identity: String = identity.map_err(|e| connection::opening(sql_error(e)))?;
        plain.done().await.map_err(sql_error)?;
        connection.give_back();
        let listens = options.listen && pooler.is_none();
        let listening = listens.then(|| beats.connect_options().as_ref().clone());
        Ok(Self(Arc::new(Inner {
            hints: Hints::new(listening, &identity),
            lanes,
            pooler,
            begun: Begun::default(),
            unsettled: Unsettled::default(),
            timelines: Timelines::default(),
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
        if let Some(lanes) = &self.0.lanes {
            lanes.close().await;
        }
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
}

/// Asks on a connection of its own, in statements that need no transaction, or in one that its function begins.
macro_rules! ask {
    ($store:expr, |$connection:ident| $question:expr) => {
        ask!(
            $store,
            held | held
                | async {
                    let mut $connection = held.plain().await?;
                    let answer = $question.await?;
                    $connection.done().await?;
                    Ok(answer)
                }
        )
    };
    ($store:expr, held |$held:ident| $question:expr) => {
        async {
            let mut $held = $store.connection().await?;
            let answer = within($store.limit(), $question).await?;
            $held.give_back();
            Ok::<_, Failure>(answer)
        }
        .await
    };
}
use ask;

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
        self.0.health.tell(jobs::beat(&self.0, worker).await)
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
        Ok(ask!(self.0, |connection| read::held(&mut connection, worker))?)
    }

    async fn stranded(&self, now: Timestamp) -> Result<Vec<Stranded>, StoreError> {
        Ok(ask!(self.0, |connection| read::stranded(&mut connection, now))?)
    }

    async fn watch(&self, now: Timestamp, gap: Duration) -> Result<Vec<Stranded>, StoreError> {
        self.0.health.tell(watch::watch(&self.0, now, gap).await)
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
        Ok(ask!(self.0, |connection| read::published(&mut connection, wanted))?)
    }

    async fn load(&self, workflow: &WorkflowId) -> Result<Option<Loaded>, StoreError> {
        self.0.unsettled.settle(&self.0, workflow).await?;
        Ok(ask!(self.0, held | connection | read::load(&mut connection, workflow))?)
    }

    async fn list(&self, listing: Listing) -> Result<Page, StoreError> {
        Ok(ask!(self.0, held | connection | listing::list(&mut connection, listing))?)
    }

    async fn history(&self, workflow: &WorkflowId, part: TrailPart) -> Result<Trail, StoreError> {
        Ok(ask!(self.0, |connection| read::history(&mut connection, workflow, part))?)
    }

    async fn plan(&self, definition: &DefinitionId) -> Result<Option<String>, StoreError> {
        Ok(ask!(self.0, |connection| read::plan(&mut connection, definition))?)
    }

    async fn statistics(&self, tenant: &str) -> Result<Statistics, StoreError> {
        Ok(ask!(self.0, |connection| read::statistics(&mut connection, tenant))?)
    }

    fn transactions(&self) -> Option<&dyn Transactions> {
        Some(self)
    }

    fn schedules(&self) -> Option<&dyn Schedules> {
        Some(self)
    }

    fn triggers(&self) -> Option<&dyn Triggers> {
        Some(self)
    }

    fn removals(&self) -> Option<&dyn Removals> {
        Some(self)
    }
}

#[async_trait]
impl Removals for PgStore {
    async fn remove(&self, removal: Removal) -> Result<usize, StoreError> {
        self.0.health.tell(retention::remove(&self.0, removal).await)
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
