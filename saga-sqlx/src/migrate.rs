//! Brings the tables up to date. Migrations expand first and contract later, so that the version before still
//! works: each says which is the oldest version of the tables' users that it does not break.

use saga::store::StoreError;
use sqlx::{Connection, SqliteConnection};

use crate::error::sqlite_error;

struct Migration {
    version: i64,
    /// The oldest version whose code works on these tables.
    works_from: i64,
    name: &'static str,
    sql: &'static str,
}

const SQLITE: &[Migration] = &[
    Migration {
        version: 1,
        works_from: 1,
        name: "tables",
        sql: include_str!("../migrations/sqlite/0001_tables.sql"),
    },
    Migration {
        version: 2,
        works_from: 1,
        name: "manual_update",
        sql: include_str!("../migrations/sqlite/0002_manual_update.sql"),
    },
    Migration {
        version: 3,
        works_from: 1,
        name: "published_events",
        sql: include_str!("../migrations/sqlite/0003_published_events.sql"),
    },
    Migration {
        version: 5,
        works_from: 1,
        name: "waits",
        sql: include_str!("../migrations/sqlite/0005_waits.sql"),
    },
    Migration {
        version: 6,
        works_from: 1,
        name: "schedules",
        sql: include_str!("../migrations/sqlite/0006_schedules.sql"),
    },
    Migration {
        version: 7,
        works_from: 1,
        name: "triggers",
        sql: include_str!("../migrations/sqlite/0007_triggers.sql"),
    },
];

const TABLE: &str = "CREATE TABLE IF NOT EXISTS orchestration_schema (
  version INTEGER PRIMARY KEY, works_from INTEGER NOT NULL, name TEXT NOT NULL,
  applied_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ')))";

/// Applies what is missing, all or nothing. The caller holds the lock that keeps other processes out.
pub(crate) async fn sqlite(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let mut tx = connection.begin_with("BEGIN IMMEDIATE").await.map_err(sqlite_error)?;
    sqlx::query(TABLE).execute(&mut *tx).await.map_err(sqlite_error)?;
    let applied: (i64, i64) = sqlx::query_as(
        "SELECT coalesce(max(version), 0), coalesce(max(works_from), 0) FROM orchestration_schema",
    )
    .fetch_one(&mut *tx)
    .await
    .map_err(sqlite_error)?;
    let known = SQLITE.last().map_or(0, |last| last.version);
    if applied.1 > known {
        return Err(StoreError::Configuration(format!(
            "the tables are at version {}, which works with programs from version {} on; this one knows {known}: \
             use a newer program",
            applied.0, applied.1
        )));
    }
    for migration in SQLITE.iter().filter(|migration| migration.version > applied.0) {
        sqlx::raw_sql(migration.sql).execute(&mut *tx).await.map_err(sqlite_error)?;
        sqlx::query("INSERT INTO orchestration_schema (version, works_from, name) VALUES (?1, ?2, ?3)")
            .bind(migration.version)
            .bind(migration.works_from)
            .bind(migration.name)
            .execute(&mut *tx)
            .await
            .map_err(sqlite_error)?;
        tracing::info!("Migrated the saga tables to version {}: {}", migration.version, migration.name);
    }
    tx.commit().await.map_err(sqlite_error)
}
