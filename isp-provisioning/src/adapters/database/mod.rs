//! The rows of the business in the engine's own SQLite database.
//!
//! Every call works inside the transaction that it is handed and never commits: what it writes becomes
//! durable together with the step's result, or not at all.

mod customers;
mod ids;
mod lookups;
mod services;
mod subscribers;

use async_trait::async_trait;
use sqlx::SqliteConnection;

use super::sql_error::{Stage, from_sqlite};
use crate::ports::{Business, Customer, NewCustomer, NewService, NewSubscriber, PortError, PortResult, Tx};

pub use lookups::{Credentials, KnownCustomers, Subscriber, customer_exists, subscriber, take_credentials};

/// The migrations in their order, with their names. Each may be repeated.
const MIGRATIONS: [(&str, &str); 1] =
    [("0001_rows", include_str!("../../../sql/business/0001_rows_sqlite.sql"))];

/// The adapter. It has no state: everything comes with the transaction.
#[derive(Clone, Copy, Debug, Default)]
pub struct Database;

impl Database {
    /// The adapter for a database that [`migrate`] has prepared.
    pub fn new() -> Self {
        Self
    }
}

/// Creates the tables if they are missing. To be called once at start, before any step runs.
pub async fn migrate(connection: &mut SqliteConnection) -> PortResult<()> {
    for (name, text) in MIGRATIONS {
        sqlx::raw_sql(text).execute(&mut *connection).await.map_err(|e| {
            let error = refused(&e);
            PortError { message: format!("migration {name}: {}", error.message), ..error }
        })?;
    }
    Ok(())
}

#[async_trait]
impl Business for Database {
    async fn create_customer(
        &self,
        tx: &mut Tx<'_>,
        reference: &str,
        new: &NewCustomer,
    ) -> PortResult<Customer> {
        customers::create(connection(tx)?, reference, new).await
    }

    async fn delete_customer(&self, tx: &mut Tx<'_>, reference: &str) -> PortResult<()> {
        customers::delete(connection(tx)?, reference).await
    }

    async fn create_subscriber(
        &self,
        tx: &mut Tx<'_>,
        reference: &str,
        new: &NewSubscriber,
    ) -> PortResult<String> {
        subscribers::create(connection(tx)?, reference, new).await
    }

    async fn delete_subscriber(&self, tx: &mut Tx<'_>, reference: &str) -> PortResult<()> {
        subscribers::delete(connection(tx)?, reference).await
    }

    async fn create_service(&self, tx: &mut Tx<'_>, reference: &str, new: &NewService) -> PortResult<String> {
        services::create(connection(tx)?, reference, new).await
    }

    async fn delete_service(&self, tx: &mut Tx<'_>, reference: &str) -> PortResult<()> {
        services::delete(connection(tx)?, reference).await
    }
}

/// The connection inside the opaque transaction. Another kind means that the service was put together
/// wrongly, which no retry can mend.
fn connection<'t>(tx: &'t mut Tx<'_>) -> PortResult<&'t mut SqliteConnection> {
    tx.0.downcast_mut::<SqliteConnection>()
        .ok_or_else(|| PortError::configuration("the engine's transaction is not one of SQLite"))
}

/// Nothing is committed here, so a refusal never leaves anything behind.
fn refused(error: &sqlx::Error) -> PortError {
    from_sqlite(error, Stage::Work)
}
