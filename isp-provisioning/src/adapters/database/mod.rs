//! The rows of the business in the engine's own database, SQLite or PostgreSQL.
//!
//! Every call works inside the transaction that it is handed and never commits: what it writes becomes
//! durable together with the step's result, or not at all.

mod connection;
mod customers;
mod key_check;
mod ids;
mod lookups;
mod services;
mod subscribers;

use async_trait::async_trait;
use sqlx::{PgConnection, SqliteConnection};

use super::sql_error::{Stage, from_postgres, from_sqlite};
use crate::ports::{Business, Customer, NewCustomer, NewService, NewSubscriber, PortError, PortResult, Tx};

pub use connection::{Connection, Observer, Readers};
pub use key_check::same_key;
pub use lookups::{
    Credentials, KnownCustomers, Subscriber, customer_exists, read_subscriber, subscriber, take_credentials,
};

/// A migration: its name, and its text for each database. Each may be repeated, on PostgreSQL also by several processes
/// at once: the first statement there keeps the others out until the transaction ends.
struct Migration {
    name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

/// In their order.
const MIGRATIONS: [Migration; 1] = [Migration {
    name: "0001_rows",
    sqlite: include_str!("../../../sql/business/0001_rows_sqlite.sql"),
    postgres: include_str!("../../../sql/business/0001_rows_postgres.sql"),
}];

/// The adapter. It has no state: everything comes with the transaction.
#[derive(Clone, Copy, Debug, Default)]
pub struct Database;

impl Database {
    /// The adapter for a database that [`migrate`] has prepared.
    pub fn new() -> Self {
        Self
    }
}

/// Creates the tables if they are missing. To be called once at start, in a transaction, before any step runs.
pub async fn migrate<'c>(connection: impl Into<Connection<'c>>) -> PortResult<()> {
    let mut connection = connection.into();
    for Migration { name, sqlite, postgres } in MIGRATIONS {
        let done = match &mut connection {
            Connection::Sqlite(connection) => {
                let done = sqlx::raw_sql(sqlite).execute(&mut **connection).await;
                done.map(drop).map_err(|e| from_sqlite(&e, Stage::Work))
            }
            Connection::Postgres(connection) => {
                let done = sqlx::raw_sql(postgres).execute(&mut **connection).await;
                done.map(drop).map_err(|e| from_postgres(&e, Stage::Work))
            }
        };
        done.map_err(|error| PortError { message: format!("migration {name}: {}", error.message), ..error })?;
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
pub fn connection<'t>(tx: &'t mut Tx<'_>) -> PortResult<Connection<'t>> {
    if tx.0.is::<SqliteConnection>() {
        return tx.0.downcast_mut::<SqliteConnection>().map(Connection::Sqlite).ok_or_else(foreign);
    }
    tx.0.downcast_mut::<PgConnection>().map(Connection::Postgres).ok_or_else(foreign)
}

fn foreign() -> PortError {
    PortError::configuration("the engine's transaction is not one of SQLite or PostgreSQL")
}
