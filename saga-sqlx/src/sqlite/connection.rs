//! Connections, and proof that they are set up as they should be.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use saga::store::StoreError;
use serde::{Deserialize, Serialize};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection};

use crate::error::sql_error;

/// How long SQLite itself waits for a foreign connection before it is asked again.
const BUSY: Duration = Duration::from_millis(500);

/// What is optional about a store in a SQLite file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SqliteOptions {
    /// Make a new database where there was one that is gone (usually that is an error).
    pub create_new: bool,
    /// When a commit counts as durable.
    pub durability: Durability,
    /// How many connections read beside the one that writes.
    pub readers: u32,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self { create_new: false, durability: Durability::Full, readers: 4 }
    }
}

/// When a commit counts as durable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Durability {
    /// When it is on the disk (`synchronous=FULL`): acknowledged means it survives a power cut.
    #[default]
    Full,
    /// When the operating system has it (`synchronous=NORMAL`): a power cut may take back what was acknowledged,
    /// and steps whose effects happened run again. For tests and throw-away data.
    Normal,
}

impl SqliteOptions {
    fn connect(&self, path: &Path) -> SqliteConnectOptions {
        let synchronous = match self.durability {
            Durability::Full => SqliteSynchronous::Full,
            Durability::Normal => SqliteSynchronous::Normal,
        };
        SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(synchronous)
            .busy_timeout(BUSY)
            .thread_name(|n| format!("sqlite-{n}"))
            .disable_statement_logging()
    }

    /// A bogus value of a pragma is no error to SQLite: what counts is what it answers.
    async fn verify(&self, connection: &mut SqliteConnection, query_only: i64) -> Result<(), StoreError> {
        let synchronous = match self.durability {
            Durability::Full => "2",
            Durability::Normal => "1",
        };
        let query_only = query_only.to_string();
        let wanted = [
            ("journal_mode", "SELECT CAST(journal_mode AS TEXT) FROM pragma_journal_mode", "wal"),
            ("synchronous", "SELECT CAST(synchronous AS TEXT) FROM pragma_synchronous", synchronous),
            ("query_only", "SELECT CAST(query_only AS TEXT) FROM pragma_query_only", &query_only),
        ];
        for (pragma, sql, wanted) in wanted {
            let found: String =
                sqlx::query_scalar(sql).fetch_one(&mut *connection).await.map_err(sql_error)?;
            if found != wanted {
                return Err(StoreError::Configuration(format!(
                    "`PRAGMA {pragma}` is `{found}` where `{wanted}` is needed: is the file on a network file system?"
                )));
            }
        }
        Ok(())
    }
}

/// The connection that writes. While `stop` is true it breaks off whatever statement runs.
pub(super) async fn writer(
    path: &Path,
    options: &SqliteOptions,
    create: bool,
    stop: &Arc<AtomicBool>,
) -> Result<SqliteConnection, StoreError> {
    let connect = options.connect(path).create_if_missing(create);
    let mut connection =
        SqliteConnection::connect_with(&connect).await.map_err(|e| opening(path, sql_error(e)))?;
    options.verify(&mut connection, 0).await?;
    let stop = stop.clone();
    let mut handle = connection.lock_handle().await.map_err(sql_error)?;
    handle.set_progress_handler(1000, move || !stop.load(Ordering::Relaxed));
    drop(handle);
    Ok(connection)
}

/// Connections that only read. Anybody may use them; what they see is durable.
pub(super) async fn readers(path: &Path, options: &SqliteOptions) -> Result<SqlitePool, StoreError> {
    let connect = options.connect(path).create_if_missing(false).pragma("query_only", "ON");
    let expected = options.clone();
    SqlitePoolOptions::new()
        .max_connections(options.readers.max(1))
        .after_connect(move |connection, _| {
            let expected = expected.clone();
            Box::pin(async move {
                expected.verify(connection, 1).await.map_err(|e| sqlx::Error::Configuration(e.into()))
            })
        })
        .connect_with(connect)
        .await
        .map_err(|e| opening(path, sql_error(e)))
}

/// Says which file it is.
pub(super) fn opening(path: &Path, error: StoreError) -> StoreError {
    let path = path.display();
    match error {
        StoreError::Unavailable(e) | StoreError::Configuration(e) => {
            StoreError::Configuration(format!("the database {path} cannot be opened: {e}"))
        }
        StoreError::Corrupt { reason, .. } => {
            StoreError::Corrupt { place: format!("the database {path}"), reason }
        }
        other => other,
    }
}
