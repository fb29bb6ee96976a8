//! Connections that nobody waits for longer than is sensible. A wire may be dead without anybody saying so: what is sent
//! is swallowed, nothing comes back, and the operating system needs a quarter of an hour to notice.

use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use saga::store::StoreError;
use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, PgPool, Postgres};

use crate::error::Failure;

/// How long a pool may take to take a connection back.
const RETURN: Duration = Duration::from_secs(1);

/// A connection that goes back to its pool only if it is [given back](Self::give_back). One that failed, or whose user
/// did not wait any longer, is closed: to find out whether it still lives could take for ever, and would keep its
/// place in the pool meanwhile.
pub(super) struct Held {
    connection: PoolConnection<Postgres>,
    is_well: bool,
}

impl Held {
    pub(super) async fn of(pool: &PgPool) -> Result<Self, Failure> {
        Ok(Self { connection: pool.acquire().await?, is_well: false })
    }
    /// It has answered everything. Its pool asks it once more before it takes it back, and would wait for ever: that has
    /// an end too, and then its place is free for another one.
    pub(super) fn give_back(mut self) {
        self.is_well = true;
        let returning = self.connection.return_to_pool();
        tokio::spawn(async move { drop(tokio::time::timeout(RETURN, returning).await) });
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

/// The work's result, or an outcome that nobody knows.
pub(super) async fn within<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let silent = || StoreError::Unavailable(format!("the database has not answered for {limit:?}")).into();
    tokio::time::timeout(limit, work).await.unwrap_or_else(|_| Err(silent()))
}
