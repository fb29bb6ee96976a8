//! Connections, and proof that they are set up as they should be.

use std::time::Duration;

use saga::store::StoreError;
use serde::{Deserialize, Serialize};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, Executor, PgConnection, Row};

use super::pooler;
use crate::error::sql_error;

/// What is optional about a store in a PostgreSQL database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PgOptions {
    /// The schema for the tables; it is made if it is not there. Without one the connection's own search path
    /// decides. Transactional steps find their own tables in it, and in `public`.
    pub schema: Option<String>,
    /// How many connections, beside the one for heartbeats. Half of them are lent to transactional steps.
    pub connections: u32,
    /// The longest time that a statement may take. Less than half of the worker's lease, so that nothing is sent so
    /// early that others take the worker for dead when it lands.
    pub statement_timeout: Duration,
    /// Does each worker have one more connection, on which others hint to it that there is work or mail? Not possible
    /// [`through_pooler`](Self::through_pooler): without it they look for it by themselves, every `poll_interval`.
    pub listen: bool,
    /// Is there a pooler in between that lends a session for one transaction, like PgBouncer with `pool_mode =
    /// transaction`? Then nothing outlasts a transaction: statements are not kept prepared, nobody listens, and what
    /// is set up is set up in each. That costs round trips. Statements of your own, in transactional steps and in
    /// [`PgStore::transaction`](super::PgStore::transaction), find everything as they are used to.
    pub through_pooler: bool,
}

impl Default for PgOptions {
    fn default() -> Self {
        let statement_timeout = Duration::from_secs(4);
        Self { schema: None, connections: 8, statement_timeout, listen: true, through_pooler: false }
    }
}

/// Sets up one session: where the tables are, for how long a statement may run, and how long the server waits for the next
/// one of a transaction: a process that is paused in the middle of one holds its worker's row, and nobody else could
/// declare it dead. Each statement sees what was committed before it: the fence rests on that, whatever the database's
/// default is.
const SET_UP: &str =
    "SELECT set_config('search_path', coalesce($1 || ', public', current_setting('search_path')), false),
  set_config('statement_timeout', $2, false), set_config('idle_in_transaction_session_timeout', $2, false),
  set_config('default_transaction_isolation', 'read committed', false)";
const DURABILITY: &str = "SELECT current_setting('synchronous_commit'), current_setting('fsync')";

impl PgOptions {
    fn check(&self) -> Result<(), StoreError> {
        let Some(schema) = &self.schema else { return Ok(()) };
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let begins_well = schema.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
        if begins_well && schema.len() < 64 && schema.chars().all(is_plain) {
            return Ok(());
        }
        Err(StoreError::Configuration(format!(
            "`{schema}` cannot be the name of a schema here: use up to 63 small letters, digits and `_`, and begin \
             with a letter"
        )))
    }

    fn pool(&self, connections: u32) -> PgPoolOptions {
        let (schema, timeout) = (self.schema.clone(), self.statement_timeout);
        let pool = PgPoolOptions::new().max_connections(connections.max(1));
        // Who has been idle may be dead by now. That is not waited for, and no reason to fail.
        let (idle, patience) =
            (Duration::from_secs(1), (self.statement_timeout / 8).max(Duration::from_millis(100)));
        let pool = pool.test_before_acquire(false).before_acquire(move |connection, life| {
            Box::pin(async move {
                if life.idle_for < idle {
                    return Ok(true);
                }
                Ok(matches!(tokio::time::timeout(patience, connection.ping()).await, Ok(Ok(()))))
            })
        });
        // The acquisition has its own limit; a statement that fails says more than one that never comes.
        let pool = pool.acquire_timeout(self.statement_timeout * 2);
        if self.through_pooler {
            return pool;
        }
        pool.after_connect(move |connection, _| {
            let schema = schema.clone();
            Box::pin(async move { set_up(connection, schema.as_deref(), timeout).await })
        })
    }
}

pub(super) async fn set_up(
    connection: &mut PgConnection,
    schema: Option<&str>,
    timeout: Duration,
) -> Result<(), sqlx::Error> {
    sqlx::query(SET_UP).bind(schema).bind(millis(timeout)).execute(connection).await?;
    Ok(())
}

/// As PostgreSQL's settings want it; 0 would mean for ever.
pub(super) fn millis(duration: Duration) -> String {
    format!("{}ms", duration.as_millis().max(1))
}

/// The connections for everything, and the one for heartbeats: no queue of batches shall make a worker seem dead.
pub(super) async fn pools(url: &str, options: &PgOptions) -> Result<(PgPool, PgPool), StoreError> {
    options.check()?;
    if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
        let scheme = "the database's address does not begin with `postgres://`";
        return Err(StoreError::Configuration(scheme.into()));
    }
    let malformed = |e: sqlx::Error| StoreError::Configuration(format!("the database's address: {e}"));
    let connect: PgConnectOptions = url.parse().map_err(malformed)?;
    let mut connect = connect.disable_statement_logging();
    if options.through_pooler {
        connect = pooler::connect(connect);
    }
    let pool = options.pool(options.connections).connect_with(connect.clone()).await;
    Ok((pool.map_err(|e| opening(sql_error(e)))?, options.pool(1).connect_lazy_with(connect)))
}

/// The one for heartbeats beside a pool of the user's.
pub(super) async fn beside(pool: &PgPool) -> Result<(PgPool, PgOptions), StoreError> {
    let options = PgOptions { schema: Some(current_schema(pool).await?), ..PgOptions::default() };
    let connect = pool.connect_options().as_ref().clone().disable_statement_logging();
    Ok((one(connect, &options)?, options))
}

/// Where the pool's tables are, or would be made.
pub(super) async fn current_schema(pool: &PgPool) -> Result<String, StoreError> {
    // Prepares nothing: a pooler may be in between.
    let asked = async { pool.fetch_one(sqlx::raw_sql("SELECT current_schema()::text")).await?.try_get(0) };
    let current: Option<String> = asked.await.map_err(sql_error)?;
    current.ok_or_else(|| {
        let none = "the pool's search path leads to no schema in which tables could be made";
        StoreError::Configuration(none.into())
    })
}

/// The one for heartbeats.
pub(super) fn one(connect: PgConnectOptions, options: &PgOptions) -> Result<PgPool, StoreError> {
    options.check()?;
    Ok(options.pool(1).connect_lazy_with(connect))
}

/// Acknowledged means on disk.
pub(super) async fn verify(connection: &mut PgConnection) -> Result<(), StoreError> {
    let (synchronous, fsync): (String, String) =
        sqlx::query_as(DURABILITY).fetch_one(connection).await.map_err(sql_error)?;
    if synchronous == "off" {
        return Err(StoreError::Configuration(
            "`synchronous_commit` is `off` for this role or database: what is acknowledged would not be on disk".into(),
        ));
    }
    if fsync == "off" {
        tracing::warn!(
            "The database runs with `fsync = off`: what is acknowledged may be lost in a power cut"
        );
    }
    Ok(())
}

/// Says what it was about.
pub(super) fn opening(error: StoreError) -> StoreError {
    match error {
        StoreError::Unavailable(e) | StoreError::Configuration(e) => {
            StoreError::Configuration(format!("the database cannot be opened: {e}"))
        }
        other => other,
    }
}
