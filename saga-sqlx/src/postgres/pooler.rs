//! Behind a pooler that lends a server's session for one transaction, like PgBouncer in transaction mode. The next
//! transaction may have another session, which others have used meanwhile: nothing is set for longer than a transaction,
//! no statement stays prepared beyond it, and no statement is without one.

use std::sync::Arc;

use saga::store::StoreError;
use sqlx::postgres::{PgConnectOptions, PgPool};
use sqlx::{ConnectOptions, Executor, PgConnection, Row};

use super::connection::{PgOptions, millis};
use crate::error::sql_error;

/// How each transaction begins.
#[derive(Clone)]
pub(super) struct Pooler(Arc<str>);

impl Pooler {
    /// If the options say that there is one. The schema has been checked to be a plain name.
    pub(super) fn of(options: &PgOptions) -> Option<Self> {
        if !options.through_pooler {
            return None;
        }
        let path =
            options.schema.as_ref().map(|schema| format!("; SET LOCAL search_path TO \"{schema}\", public"));
        let limit = millis(options.statement_timeout);
        // Others count their statements from 1 as well, and have left theirs in this session.
        let set_up = format!(
            "; DEALLOCATE ALL{}; SET LOCAL statement_timeout TO '{limit}'; \
             SET LOCAL idle_in_transaction_session_timeout TO '{limit}'",
            path.unwrap_or_default()
        );
        Some(Self(set_up.into()))
    }

    pub(super) fn begin(&self, begin: &str) -> String {
        format!("{begin}{}", self.0)
    }
}

/// Without what a pooler refuses, and without a memory of statements that were prepared in somebody else's session.
pub(super) fn connect(connect: PgConnectOptions) -> PgConnectOptions {
    connect.statement_cache_capacity(0).extra_float_digits(None)
}

/// Which session of which server answers. Asked without preparing anything.
const SESSION: &str =
    "SELECT concat(pid, ' ', backend_start) FROM pg_stat_activity WHERE pid = pg_backend_pid()";
/// How often it is asked: a pooler may happen to lend another session each time.
const ROUNDS: usize = 4;

async fn session(connection: &mut PgConnection) -> Result<String, sqlx::Error> {
    connection.fetch_one(sqlx::raw_sql(SESSION)).await?.try_get(0)
}

/// Does this pool lead to a pooler that lends sessions for a transaction? It does if two connections, both open, are
/// answered by one session, or one connection by two. That none was seen proves nothing where there is much traffic.
pub(super) async fn stands_before(pool: &PgPool) -> Result<bool, sqlx::Error> {
    let mut one = pool.acquire().await?;
    let mut other = connect(pool.connect_options().as_ref().clone()).connect().await?;
    let (first, mut lent) = (session(&mut one).await?, false);
    for _ in 0..ROUNDS {
        lent |= session(&mut other).await? == first || session(&mut one).await? != first;
    }
    Ok(lent)
}

/// Refuses a pool that needs care and was not handed in for that.
pub(super) async fn refuse(pool: &PgPool) -> Result<(), StoreError> {
    match stands_before(pool).await {
        Ok(false) => Ok(()),
        Ok(true) => Err(StoreError::Configuration(
            "the pool leads to a pooler that lends a session for one transaction: hand it to \
             `PgStore::with_pool_through_pooler`, or let the pooler lend sessions for as long as somebody is connected"
                .into(),
        )),
        Err(error) => Err(super::connection::opening(sql_error(error))),
    }
}
