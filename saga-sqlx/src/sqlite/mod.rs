//! A store in one SQLite file that belongs to one process.

mod batch;
mod connection;
mod file;
mod health;
mod jobs;
mod judge;
mod lend;
mod listing;
mod queries;
mod read;
mod retention;
mod schedules;
mod triggers;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use saga::store::{
    Beat, Claim, Commit, CommitOutcome, Door, Join, Listing, Loaded, Page, PublishedEvent, Registration,
    Removal, Removals, Schedules, Sent, SignalKind, Statistics, Store, StoreError, Stranded, Trail,
    TrailPart, Transacted, Transactions, Triggers, Wanted,
};
use saga::{DefinitionId, Timestamp, Tx, WorkerId, WorkflowId};
use sqlx::pool::PoolConnection;
use sqlx::{Sqlite, SqlitePool};
use tokio::sync::{mpsc, oneshot};

use crate::error::{Failure, sql_error};
use crate::migrate;
pub use connection::{Durability, SqliteOptions};
use file::{Identity, SideFile};
use health::Health;
use jobs::{Asked, Work};
pub use lend::sqlite;
use writer::{Job, Writer};

/// Keeps workflows in a SQLite file, beside the user's own tables. A clone is the same store.
///
/// One process at a time: a lock on `<database>.lock` keeps others out, and tells a successor that its
/// predecessor is gone. One task writes, everything that waits shares its transaction; reading waits for nobody.
#[derive(Clone)]
pub struct SqliteStore(Arc<Inner>);

struct Inner {
    path: PathBuf,
    identity: Identity,
    health: Health,
    readers: SqlitePool,
    jobs: mpsc::UnboundedSender<Box<dyn Job>>,
    close: Mutex<Option<oneshot::Sender<oneshot::Sender<()>>>>,
}

impl SqliteStore {
    /// Opens the file, or makes it, and brings its tables up to date.
    ///
    /// # Errors
    /// [`StoreError::Configuration`] when another process has it, when it was there and is gone, when it cannot
    /// be written, or when its tables are too new.
    pub async fn open(path: impl AsRef<Path>, options: SqliteOptions) -> Result<Self, StoreError> {
        let path = std::path::absolute(path.as_ref())
            .map_err(|e| StoreError::Configuration(format!("the path of the database: {e}")))?;
        let mut side_file = SideFile::take(&path, options.create_new)?;
        let stop = Arc::new(AtomicBool::new(false));
        let mut connection = connection::writer(&path, &options, true, &stop).await?;
        migrate::sqlite(&mut connection).await.map_err(|e| connection::opening(&path, e))?;
        let proven = sqlx::query(queries::PROVE).execute(&mut connection).await;
        proven.map_err(|e| connection::opening(&path, sql_error(e)))?;
        side_file.remember(&path)?;
        let identity = Identity::of(&path)?;
        let readers = connection::readers(&path, &options).await?;
        let health = Health::default();
        let (jobs, queue) = mpsc::unbounded_channel();
        let (close, closed) = oneshot::channel();
        let writer = Writer {
            connection: Some(connection),
            stop,
            told: Timestamp::from_micros(0),
            options,
            path: path.clone(),
            identity: identity.clone(),
            health: health.clone(),
            side_file,
        };
        tokio::spawn(writer.run(queue, closed));
        let close = Mutex::new(Some(close));
        Ok(Self(Arc::new(Inner { path, identity, health, readers, jobs, close })))
    }

    /// Writes what waits, closes the file and gives it free for another process. What is asked afterwards fails.
    pub async fn close(&self) {
        let close = self.0.close.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(close) = close {
            let (closed, wait) = oneshot::channel();
            if close.send(closed).is_ok() {
                drop(wait.await);
            }
        }
        self.0.readers.close().await;
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Connections for queries of your own. They cannot write. What goes wrong there, the store learns from
    /// [`observe`](Self::observe).
    pub fn readers(&self) -> &SqlitePool {
        &self.0.readers
    }

    /// Can it be written to?
    ///
    /// # Errors
    /// Why not, at present. [`StoreError::Unavailable`] may pass, the others will not.
    pub fn health(&self) -> Result<(), StoreError> {
        if self.0.jobs.is_closed() {
            return Err(closed());
        }
        self.0.identity.check()?;
        self.0.health.check()
    }

    /// Tells the store of an error of your own queries. If the file is damaged, nothing is acknowledged any more
    /// and [`health`](Self::health) says so; any other error is your own business. (Of transactions that the store lends
    /// it learns by itself.)
    pub fn observe(&self, error: &sqlx::Error) {
        if let sqlx::Error::Database(error) = error {
            self.heard(crate::error::sqlite_failure(&**error));
        }
    }

    /// Runs work of your own in a transaction: on `Ok` it is durable when this returns, on `Err` rolled back.
    /// [`sqlite`] gives the connection, `start_in` starts workflows in it. Work on the database only, and for
    /// milliseconds: nobody else writes meanwhile. After `limit` it is broken off.
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
        let (job, answer) = lend::Own::new(Box::new(body), limit);
        self.push(job)?;
        answer.await.map_err(|_| closed())?
    }

    fn push(&self, job: impl Job + 'static) -> Result<(), StoreError> {
        self.0.jobs.send(Box::new(job)).map_err(|_| closed())
    }

    async fn ask<W: Work + 'static>(&self, work: W) -> Result<W::Answer, StoreError> {
        let (job, answer) = Asked::new(work);
        self.push(job)?;
        answer.await.map_err(|_| closed())?
    }

    async fn reader(&self) -> Result<PoolConnection<Sqlite>, StoreError> {
        self.0.readers.acquire().await.map_err(|e| self.heard(e.into()))
    }

    /// The error of a read.
    fn heard(&self, failure: Failure) -> StoreError {
        self.0.health.hear(failure.into())
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable("the store has been closed".into())
}

#[async_trait]
impl Store for SqliteStore {
    async fn join(&self, join: Join) -> Result<Registration, StoreError> {
        self.ask(join).await
    }

    async fn beat(&self, worker: WorkerId) -> Result<Beat, StoreError> {
        read::beat(&mut *self.reader().await?, worker).await.map_err(|e| self.heard(e))
    }

    async fn leave(&self, worker: WorkerId) -> Result<(), StoreError> {
        self.ask(jobs::Leave(worker)).await
    }

    async fn claim(&self, worker: WorkerId, claim: Claim) -> Result<Vec<Loaded>, StoreError> {
        self.ask(jobs::ClaimFor { worker, claim }).await
    }

    async fn held(&self, worker: WorkerId) -> Result<Vec<WorkflowId>, StoreError> {
        read::held(&mut *self.reader().await?, worker).await.map_err(|e| self.heard(e))
    }

    async fn stranded(&self, now: Timestamp) -> Result<Vec<Stranded>, StoreError> {
        read::stranded(&mut *self.reader().await?, now).await.map_err(|e| self.heard(e))
    }

    async fn watch(&self, now: Timestamp, gap: Duration) -> Result<Vec<Stranded>, StoreError> {
        // Nearly always there is nothing, and then nothing is written.
        let nothing = read::watched_nothing(&mut *self.reader().await?, now).await;
        if nothing.map_err(|e| self.heard(e))? {
            return Ok(vec![]);
        }
        self.ask(jobs::Watch { now, gap }).await
    }

    async fn commit(
        &self,
        worker: Option<WorkerId>,
        commits: Vec<Commit>,
    ) -> Result<Vec<CommitOutcome>, StoreError> {
        self.ask(jobs::CommitBatch { worker, commits }).await
    }

    async fn send(
        &self,
        tenant: &str,
        workflow: &WorkflowId,
        kind: SignalKind,
        by: &str,
    ) -> Result<Sent, StoreError> {
        let (tenant, workflow, by) = (tenant.to_owned(), workflow.clone(), by.to_owned());
        self.ask(jobs::Message { tenant, workflow, kind, by }).await
    }

    async fn publish(&self, event: PublishedEvent) -> Result<bool, StoreError> {
        self.ask(jobs::Publish(event)).await
    }

    async fn published(&self, wanted: Wanted) -> Result<Option<PublishedEvent>, StoreError> {
        read::published(&mut *self.reader().await?, wanted).await.map_err(|e| self.heard(e))
    }

    async fn load(&self, workflow: &WorkflowId) -> Result<Option<Loaded>, StoreError> {
        read::load(&mut *self.reader().await?, workflow).await.map_err(|e| self.heard(e))
    }

    async fn list(&self, listing: Listing) -> Result<Page, StoreError> {
        listing::list(&mut *self.reader().await?, listing).await.map_err(|e| self.heard(e))
    }

    async fn history(&self, workflow: &WorkflowId, part: TrailPart) -> Result<Trail, StoreError> {
        read::history(&mut *self.reader().await?, workflow, part).await.map_err(|e| self.heard(e))
    }

    async fn plan(&self, definition: &DefinitionId) -> Result<Option<String>, StoreError> {
        read::plan(&mut *self.reader().await?, definition).await.map_err(|e| self.heard(e))
    }

    async fn statistics(&self, tenant: &str) -> Result<Statistics, StoreError> {
        read::statistics(&mut *self.reader().await?, tenant).await.map_err(|e| self.heard(e))
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
impl Removals for SqliteStore {
    async fn remove(&self, removal: Removal) -> Result<usize, StoreError> {
        self.ask(removal).await
    }
}

#[async_trait]
impl Transactions for SqliteStore {
    async fn transact(&self, door: Door) -> Result<Transacted, StoreError> {
        let (job, answer) = lend::Lend::new(door);
        self.push(job)?;
        answer.await.map_err(|_| closed())?
    }

    async fn commit_in(&self, tx: &mut Tx<'_>, commit: Commit) -> Result<CommitOutcome, StoreError> {
        let foreign = "the transaction is not one of this store's";
        let foreign = || StoreError::Configuration(foreign.into());
        let connection = lend::connection_of(tx).ok_or_else(foreign)?;
        if !lend::is_of(connection, &self.0.identity).await.map_err(|e| self.heard(e))? {
            return Err(foreign());
        }
        lend::commit_in(connection, &commit).await.map_err(|e| self.heard(e))
    }
}
