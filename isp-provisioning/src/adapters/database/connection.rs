//! One connection, of either database. The statements are the same for both: plain SQL over text and numbers.

use std::sync::Arc;

use sqlx::{Error, PgConnection, PgPool, SqliteConnection, SqlitePool};

use crate::adapters::sql_error::{Stage, from_postgres, from_sqlite};
use crate::ports::{PortError, PortResult};

/// A connection to the engine's own database.
#[derive(Debug)]
pub enum Connection<'c> {
    /// A SQLite file.
    Sqlite(&'c mut SqliteConnection),
    /// A PostgreSQL database.
    Postgres(&'c mut PgConnection),
}

impl<'c> From<&'c mut SqliteConnection> for Connection<'c> {
    fn from(connection: &'c mut SqliteConnection) -> Self {
        Self::Sqlite(connection)
    }
}
impl<'c> From<&'c mut PgConnection> for Connection<'c> {
    fn from(connection: &'c mut PgConnection) -> Self {
        Self::Postgres(connection)
    }
}

/// What is bound to a statement.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value<'v> {
    Text(Option<&'v str>),
    Number(Option<i64>),
}

impl<'v> From<&'v str> for Value<'v> {
    fn from(text: &'v str) -> Self {
        Self::Text(Some(text))
    }
}
impl<'v> From<&'v String> for Value<'v> {
    fn from(text: &'v String) -> Self {
        Self::Text(Some(text))
    }
}
impl<'v> From<&'v Option<String>> for Value<'v> {
    fn from(text: &'v Option<String>) -> Self {
        Self::Text(text.as_deref())
    }
}

/// A row of texts.
pub(super) type Row = Vec<Option<String>>;

/// The text at this place of a row. The statement and this code belong together, so there is one.
pub(super) fn text(row: &Row, place: usize) -> PortResult<String> {
    let found = row.get(place).cloned().flatten();
    found.ok_or_else(|| PortError::configuration(format!("the row has no text at place {place}")))
}

impl Connection<'_> {
    /// The same connection, for a while.
    pub fn again(&mut self) -> Connection<'_> {
        match self {
            Self::Sqlite(connection) => Connection::Sqlite(connection),
            Self::Postgres(connection) => Connection::Postgres(connection),
        }
    }

    /// The rows that a statement answers.
    pub(super) async fn rows(
        &mut self,
        statement: &'static str,
        values: &[Value<'_>],
    ) -> PortResult<Vec<Row>> {
        match self {
            Self::Sqlite(connection) => {
                let mut query = sqlx::query(statement);
                for value in values {
                    query = match *value {
                        Value::Text(text) => query.bind(text),
                        Value::Number(number) => query.bind(number),
                    };
                }
                let failed = |e| from_sqlite(&e, Stage::Work);
                let rows = query.fetch_all(&mut **connection).await.map_err(failed)?;
                rows.iter().map(|row| texts(row).map_err(failed)).collect()
            }
            Self::Postgres(connection) => {
                let mut query = sqlx::query(statement);
                for value in values {
                    query = match *value {
                        Value::Text(text) => query.bind(text),
                        Value::Number(number) => query.bind(number),
                    };
                }
                let rows = query.fetch_all(&mut **connection).await.map_err(|e| raced(&e))?;
                rows.iter().map(|row| texts(row).map_err(|e| raced(&e))).collect()
            }
        }
    }

    /// The first of them.
    pub(super) async fn row(
        &mut self,
        statement: &'static str,
        values: &[Value<'_>],
    ) -> PortResult<Option<Row>> {
        Ok(self.rows(statement, values).await?.into_iter().next())
    }
}

fn texts<'r, R: sqlx::Row>(row: &'r R) -> Result<Row, Error>
where
    usize: sqlx::ColumnIndex<R>,
    Option<String>: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
{
    (0..row.len()).map(|place| row.try_get(place)).collect()
}

/// The steps look before they write: a row that was in the way all the same was written by somebody else in between, and
/// the next attempt sees it. (SQLite has one writer, so it knows no such thing.)
fn raced(error: &Error) -> PortError {
    let code = error.as_database_error().and_then(|e| e.code());
    match code.as_deref() {
        Some("23505" | "23503") => PortError::transient(error.to_string()),
        _ => from_postgres(error, Stage::Work),
    }
}

/// Somebody who wants to know of errors, since they may say that the file is damaged.
pub type Observer = Arc<dyn Fn(&Error) + Send + Sync>;

/// Connections for those who only read.
#[derive(Clone)]
pub enum Readers {
    /// To a SQLite file.
    Sqlite(SqlitePool, Observer),
    /// To a PostgreSQL database.
    Postgres(PgPool),
}

impl std::fmt::Debug for Readers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(pool, _) => f.debug_tuple("Sqlite").field(pool).finish(),
            Self::Postgres(pool) => f.debug_tuple("Postgres").field(pool).finish(),
        }
    }
}

impl Readers {
    /// Does it with one of them.
    pub(super) async fn with<T>(
        &self,
        read: impl AsyncFnOnce(Connection<'_>) -> PortResult<T>,
    ) -> PortResult<T> {
        match self {
            Self::Sqlite(pool, observer) => {
                let mut connection = pool.acquire().await.map_err(|e| from_sqlite(&e, Stage::Work))?;
                let found = read(Connection::Sqlite(&mut connection)).await;
                if found.is_err()
                    && let Ok(mut handle) = connection.lock_handle().await
                    && let Some(error) = handle.last_error()
                {
                    observer(&error.into());
                }
                found
            }
            Self::Postgres(pool) => {
                let mut connection = pool.acquire().await.map_err(|e| from_postgres(&e, Stage::Work))?;
                read(Connection::Postgres(&mut connection)).await
            }
        }
    }
}
