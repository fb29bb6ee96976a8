//! FreeRADIUS's tables in an SQLite file: with the simulators, that file is the RADIUS system.

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Sqlite, SqliteConnection, SqlitePool, Transaction};

use super::rows::{self, PasswordStorage, Row};
use super::statements::{
    CLEAR_ACCOUNT, CLEAR_ADDRESS, INSERT_CHECK, INSERT_GROUP, INSERT_REPLY, STANDING, Standing, standing,
};
use crate::adapters::sql_error::{Stage, from_sqlite};
use crate::ports::{PortError, PortResult, Radius, RadiusAccount};

const SCHEMA: &str = include_str!("../../../sql/freeradius/schema_sqlite.sql");
/// The file's name in the data folder.
const FILE: &str = "radius.db";
/// `PRAGMA synchronous` as a number: FULL.
const SYNCHRONOUS_FULL: i64 = 2;

/// The adapter over an SQLite file of its own.
#[derive(Clone, Debug)]
pub struct SqliteRadius {
    pool: SqlitePool,
    storage: PasswordStorage,
}

impl SqliteRadius {
    /// Opens `radius.db` in the folder, making the file and FreeRADIUS's tables if they are missing.
    /// A call waits `busy_timeout` for another writer of the file; then it fails as transient.
    pub async fn open(folder: &Path, storage: PasswordStorage, busy_timeout: Duration) -> PortResult<Self> {
        let options = SqliteConnectOptions::new()
            .filename(folder.join(FILE))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(busy_timeout);
        // One connection: SQLite writes one at a time, and a queue is fairer than its busy handler.
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(busy_timeout.saturating_mul(4))
            .connect_with(options)
            .await
            .map_err(failed)?;
        let mut connection = pool.acquire().await.map_err(failed)?;
        require_durability(&mut connection).await?;
        sqlx::raw_sql(SCHEMA).execute(&mut *connection).await.map_err(failed)?;
        drop(connection);
        Ok(Self { pool, storage })
    }

    /// Begins a change of the user name: from here on nobody else writes.
    async fn begin(
        &self,
        username: &str,
        owner: &str,
    ) -> PortResult<(Transaction<'static, Sqlite>, Standing)> {
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
        let counts =
            sqlx::query_as(STANDING).bind(username).bind(owner).fetch_one(&mut *tx).await.map_err(failed)?;
        Ok((tx, standing(counts)))
    }
}

#[async_trait]
impl Radius for SqliteRadius {
    async fn create_account(&self, reference: &str, account: &RadiusAccount) -> PortResult<()> {
        let username = rows::username(&account.username)?;
        let group = rows::group(&account.group)?;
        let password = rows::password(account, self.storage)?;
        let owner = rows::owner(reference)?;
        let (mut tx, standing) = self.begin(username, reference).await?;
        rows::writable(username, standing)?;
        for statement in CLEAR_ACCOUNT {
            sqlx::query(statement).bind(username).execute(&mut *tx).await.map_err(failed)?;
        }
        insert(&mut tx, INSERT_CHECK, username, &password).await?;
        insert(&mut tx, INSERT_REPLY, username, &owner).await?;
        sqlx::query(INSERT_GROUP).bind(username).bind(group).execute(&mut *tx).await.map_err(failed)?;
        commit(tx).await
    }

    async fn delete_account(&self, reference: &str, username: &str) -> PortResult<()> {
        let (mut tx, standing) = self.begin(username, reference).await?;
        if standing != Standing::Ours {
            return Ok(());
        }
        for statement in CLEAR_ACCOUNT.into_iter().chain([CLEAR_ADDRESS]) {
            sqlx::query(statement).bind(username).execute(&mut *tx).await.map_err(failed)?;
        }
        commit(tx).await
    }

    async fn set_address(
        &self,
        owner: &str,
        username: &str,
        ipv4: &str,
        vlan_id: Option<u16>,
    ) -> PortResult<()> {
        let address = rows::address(ipv4, vlan_id)?;
        let (mut tx, standing) = self.begin(username, owner).await?;
        rows::ours(username, standing)?;
        sqlx::query(CLEAR_ADDRESS).bind(username).execute(&mut *tx).await.map_err(failed)?;
        for row in &address {
            insert(&mut tx, INSERT_REPLY, username, row).await?;
        }
        commit(tx).await
    }

    async fn clear_address(&self, owner: &str, username: &str) -> PortResult<()> {
        let (mut tx, standing) = self.begin(username, owner).await?;
        if standing != Standing::Ours {
            return Ok(());
        }
        sqlx::query(CLEAR_ADDRESS).bind(username).execute(&mut *tx).await.map_err(failed)?;
        commit(tx).await
    }
}

async fn insert(
    tx: &mut SqliteConnection,
    statement: &'static str,
    username: &str,
    row: &Row,
) -> PortResult<()> {
    let query = sqlx::query(statement).bind(username).bind(row.attribute.name()).bind(&row.value);
    query.execute(tx).await.map(|_| ()).map_err(failed)
}

async fn commit(tx: Transaction<'static, Sqlite>) -> PortResult<()> {
    tx.commit().await.map_err(|e| from_sqlite(&e, Stage::Commit))
}

fn failed(error: sqlx::Error) -> PortError {
    from_sqlite(&error, Stage::Work)
}

/// SQLite takes no offence at a pragma that it does not follow, so they are read back.
async fn require_durability(connection: &mut SqliteConnection) -> PortResult<()> {
    let journal: String =
        sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut *connection).await.map_err(failed)?;
    let synchronous: i64 =
        sqlx::query_scalar("PRAGMA synchronous").fetch_one(&mut *connection).await.map_err(failed)?;
    if journal != "wal" || synchronous != SYNCHRONOUS_FULL {
        return Err(PortError::configuration(format!(
            "{FILE} is not durable: journal_mode is {journal} instead of wal, or synchronous {synchronous} \
             instead of {SYNCHRONOUS_FULL}"
        )));
    }
    Ok(())
}
