//! The engine's own database: a SQLite file of this process, or a PostgreSQL database that several share.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use saga::store::{Store, StoreError};
use saga_sqlx::{PgOptions, PgStore, SqliteOptions, SqliteStore};

use super::ServerError;
use crate::adapters::database::{self, Connection, Readers};
use crate::config::Configuration;
use crate::ports::{PortResult, Tx};
use crate::secret::{SecretError, SecretKey};

/// How long the business's tables may take to be made.
const MIGRATION: Duration = Duration::from_secs(30);

/// The engine's own database.
#[derive(Clone)]
pub(super) enum Journal {
    Sqlite(SqliteStore),
    Postgres(PgStore),
}

impl Journal {
    /// Opens it, and brings all tables up to date. `new`: with an empty file although there was one before.
    pub(super) async fn open(c: &Configuration, new: bool) -> Result<Self, ServerError> {
        let journal = match &c.database.url {
            None => {
                let options = SqliteOptions { create_new: new, ..SqliteOptions::default() };
                Self::Sqlite(SqliteStore::open(c.data.join("saga.db"), options).await?)
            }
            Some(_) if new => return Err(ServerError::NotNew),
            Some(url) => {
                let schema = c.database.schema.clone();
                let mut options =
                    PgOptions { schema, connections: c.database.connections, ..PgOptions::default() };
                // Less than half of the lease, so that nobody is dead when what they sent lands.
                let limit = Duration::from_millis(c.database.lease_ms) * 2 / 5;
                options.statement_timeout = options.statement_timeout.min(limit);
                Self::Postgres(PgStore::connect(url, options).await?)
            }
        };
        let migrated = journal.within(MIGRATION, |connection| Box::pin(database::migrate(connection)));
        migrated.await?.map_err(|e| StoreError::Configuration(e.to_string()))?;
        Ok(journal)
    }

    /// For people: where it is, without a password.
    pub(super) fn line(&self, c: &Configuration) -> String {
        match self {
            Self::Sqlite(_) => format!("database sqlite:{}", c.data.join("saga.db").display()),
            Self::Postgres(store) => {
                let at = store.pool().connect_options();
                let database = at.get_database().unwrap_or_default().to_owned();
                format!("database postgres://{}:{}/{database}", at.get_host(), at.get_port())
            }
        }
    }

    /// All processes on one database derive the same secrets, or do not start.
    pub(super) async fn check_key(&self, key: &SecretKey) -> Result<(), ServerError> {
        if let Self::Sqlite(_) = self {
            return Ok(());
        }
        let check = key.derive("the key of this database").expose().to_owned();
        let same = self.within(MIGRATION, |connection| {
            Box::pin(async move { database::same_key(connection, &check).await })
        });
        match same.await?.map_err(|e| StoreError::Configuration(e.to_string()))? {
            true => Ok(()),
            false => Err(SecretError::Another.into()),
        }
    }

    pub(super) fn store(&self) -> Arc<dyn Store> {
        match self {
            Self::Sqlite(store) => Arc::new(store.clone()),
            Self::Postgres(store) => Arc::new(store.clone()),
        }
    }

    pub(super) fn health(&self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(store) => store.health(),
            Self::Postgres(store) => store.health(),
        }
    }

    /// Connections for those who only read.
    pub(super) fn readers(&self) -> Readers {
        match self {
            Self::Sqlite(store) => {
                let observer = store.clone();
                Readers::Sqlite(store.readers().clone(), Arc::new(move |error| observer.observe(error)))
            }
            Self::Postgres(store) => Readers::Postgres(store.pool().clone()),
        }
    }

    /// Does it in a transaction: durable when this returns `Ok(Ok(..))`.
    pub(super) async fn within<T: Send + 'static>(
        &self,
        limit: Duration,
        body: impl for<'t> FnOnce(Connection<'t>) -> BoxFuture<'t, PortResult<T>> + Send + 'static,
    ) -> Result<PortResult<T>, StoreError> {
        match self {
            Self::Sqlite(store) => store.transaction(limit, |tx| in_transaction(tx, body)).await,
            Self::Postgres(store) => store.transaction(limit, |tx| in_transaction(tx, body)).await,
        }
    }

    pub(super) async fn close(&self) {
        match self {
            Self::Sqlite(store) => store.close().await,
            Self::Postgres(store) => store.close().await,
        }
    }
}

fn in_transaction<'t, T: Send + 'static>(
    tx: &'t mut saga::Tx<'_>,
    body: impl for<'c> FnOnce(Connection<'c>) -> BoxFuture<'c, PortResult<T>> + Send + 'static,
) -> BoxFuture<'t, PortResult<T>> {
    Box::pin(async move {
        let mut tx = Tx(tx.as_any());
        body(database::connection(&mut tx)?).await
    })
}
