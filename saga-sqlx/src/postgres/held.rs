//! Connections that nobody waits for longer than is sensible. A wire may be dead without anybody saying so: what is sent
//! is swallowed, nothing comes back, and the operating system needs a quarter of an hour to notice.

use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use saga::store::StoreError;
use sqlx::pool::PoolConnection;
use sqlx::{AssertSqlSafe, Connection, PgConnection, PgPool, Postgres, Transaction};

use super::pooler::Pooler;
use crate::error::Failure;

/// How long a pool may take to take a connection back.
const RETURN: Duration = Duration::from_secs(1);

/// A connection that goes back to its pool only if it is [given back](Self::give_back). One that failed, or whose user
/// did not wait any longer, is closed: to find out whether it still lives could take for ever, and would keep its
/// place in the pool meanwhile.
pub(crate) struct Held {
    connection: PoolConnection<Postgres>,
    is_well: bool,
    pooler: Option<Pooler>,
}

/// Each statement sees what was committed before it: the fence rests on that, whatever the database's default is.
const EACH_STATEMENT: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";
/// All statements see the same.
const ONE_MOMENT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

impl Held {
    pub(super) async fn of(pool: &PgPool, pooler: Option<&Pooler>) -> Result<Self, Failure> {
        Ok(Self { connection: pool.acquire().await?, is_well: false, pooler: pooler.cloned() })
    }
    /// It has answered everything. Its pool asks it once more before it takes it back, and would wait for ever: that has
    /// an end too, and then its place is free for another one.
    pub(super) fn give_back(mut self) {
        self.is_well = true;
        let returning = self.connection.return_to_pool();
        tokio::spawn(async move { drop(tokio::time::timeout(RETURN, returning).await) });
    }
    /// A transaction in which each statement sees what was committed before it.
    pub(crate) async fn begin(&mut self) -> Result<Transaction<'_, Postgres>, sqlx::Error> {
        self.begin_as(EACH_STATEMENT).await
    }
    /// A transaction that reads, and in which all statements see the same.
    pub(super) async fn moment(&mut self) -> Result<Transaction<'_, Postgres>, sqlx::Error> {
        self.begin_as(ONE_MOMENT).await
    }
    async fn begin_as(&mut self, begin: &'static str) -> Result<Transaction<'_, Postgres>, sqlx::Error> {
        match &self.pooler {
            None => self.connection.begin_with(begin).await,
            Some(pooler) => self.connection.begin_with(AssertSqlSafe(pooler.begin(begin))).await,
        }
    }
    /// For statements that need no transaction around them.
    pub(crate) async fn plain(&mut self) -> Result<Plain<'_>, sqlx::Error> {
        match &self.pooler {
            None => Ok(Plain::Alone(&mut self.connection)),
            Some(_) => Ok(Plain::Together(self.begin().await?)),
        }
    }
}

impl Deref for Held {
    type Target = PgConnection;
    fn deref(&self) -> &PgConnection {
        &self.connection
    }
}

impl DerefMut for Held {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.connection
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if !self.is_well {
            self.connection.close_on_drop();
        }
    }
}

/// Where statements are run that need no transaction. A pooler needs one all the same: without it what belongs together on
/// the wire may reach two servers.
pub(crate) enum Plain<'c> {
    /// Each is committed by itself.
    Alone(&'c mut PgConnection),
    /// All of them are committed [at the end](Self::done).
    Together(Transaction<'c, Postgres>),
}

impl Plain<'_> {
    /// What was written is durable.
    pub(crate) async fn done(self) -> Result<(), sqlx::Error> {
        match self {
            Self::Alone(_) => Ok(()),
            Self::Together(tx) => tx.commit().await,
        }
    }
}

impl Deref for Plain<'_> {
    type Target = PgConnection;
    fn deref(&self) -> &PgConnection {
        match self {
            Self::Alone(connection) => connection,
            Self::Together(tx) => tx,
        }
    }
}

impl DerefMut for Plain<'_> {
    fn deref_mut(&mut self) -> &mut PgConnection {
        match self {
            Self::Alone(connection) => connection,
            Self::Together(tx) => tx,
        }
    }
}

/// The work's result, or an outcome that nobody knows.
pub(super) async fn within<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let silent = || StoreError::Unavailable(format!("the database has not answered for {limit:?}")).into();
    tokio::time::timeout(limit, work).await.unwrap_or_else(|_| Err(silent()))
}
