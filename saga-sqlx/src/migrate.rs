//! Brings the tables up to date. Migrations expand first and contract later, so that the version before still
//! works: each says which is the oldest version of the tables' users that it does not break.

#[cfg(feature = "postgres")]
use std::time::Duration;

use saga::store::StoreError;
#[cfg(feature = "sqlite")]
use sqlx::Connection;
#[cfg(feature = "sqlite")]
use sqlx::SqliteConnection;

#[cfg(feature = "postgres")]
use crate::error::Failure;
#[cfg(feature = "sqlite")]
use crate::error::sql_error;
#[cfg(feature = "postgres")]
use crate::postgres::Held;

struct Migration {
    version: i64,
    /// The oldest version whose code works on these tables.
    works_from: i64,
    name: &'static str,
    sql: &'static str,
}

#[cfg(feature = "sqlite")]
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
        version: 4,
        works_from: 1,
        name: "known_definitions",
        sql: include_str!("../migrations/sqlite/0004_known_definitions.sql"),
    },
    Migration {
        version: 5,
        works_from: 1,
        name: "waits",
        sql: include_str!("../migrations/sqlite/0005_waits.sql"),
    },
    Migration {
        version: 6,
        // Whoever looks for the marks among the values does not find them any more.
        works_from: 6,
        name: "marks",
        sql: include_str!("../migrations/sqlite/0006_marks.sql"),
    },
    Migration {
        version: 7,
        works_from: 1,
        name: "pages",
        sql: include_str!("../migrations/sqlite/0007_pages.sql"),
    },
    Migration {
        version: 8,
        works_from: 6,
        name: "schedules",
        sql: include_str!("../migrations/sqlite/0008_schedules.sql"),
    },
    Migration {
        version: 9,
        works_from: 6,
        name: "triggers",
        sql: include_str!("../migrations/sqlite/0009_triggers.sql"),
    },
    Migration {
        version: 10,
        works_from: 6,
        name: "turns",
        sql: include_str!("../migrations/sqlite/0010_turns.sql"),
    },
    Migration {
        version: 11,
        works_from: 6,
        name: "size",
        sql: include_str!("../migrations/sqlite/0011_size.sql"),
    },
    Migration {
        version: 12,
        works_from: 6,
        name: "heartbeats",
        sql: include_str!("../migrations/sqlite/0012_heartbeats.sql"),
    },
    Migration {
        version: 13,
        works_from: 6,
        name: "watched_definitions",
        sql: include_str!("../migrations/sqlite/0013_watched_definitions.sql"),
    },
];

#[cfg(feature = "postgres")]
const POSTGRES: &[Migration] = &[
    Migration {
        version: 1,
        works_from: 1,
        name: "tables",
        sql: include_str!("../migrations/postgres/0001_tables.sql"),
    },
    Migration {
        version: 2,
        works_from: 1,
        name: "manual_update",
        sql: include_str!("../migrations/postgres/0002_manual_update.sql"),
    },
    Migration {
        version: 3,
        works_from: 1,
        name: "schedules",
        sql: include_str!("../migrations/postgres/0003_schedules.sql"),
    },
    Migration {
        version: 4,
        works_from: 1,
        name: "triggers",
        sql: include_str!("../migrations/postgres/0004_triggers.sql"),
    },
    Migration {
        version: 5,
        works_from: 1,
        name: "turns",
        sql: include_str!("../migrations/postgres/0005_turns.sql"),
    },
    Migration {
        version: 6,
        works_from: 1,
        name: "size",
        sql: include_str!("../migrations/postgres/0006_size.sql"),
    },
    Migration {
        version: 7,
        works_from: 1,
        name: "words",
        sql: include_str!("../migrations/postgres/0007_words.sql"),
    },
    Migration {
        version: 8,
        works_from: 1,
        name: "told_by_hand",
        sql: include_str!("../migrations/postgres/0008_told_by_hand.sql"),
    },
    Migration {
        version: 9,
        works_from: 1,
        name: "heartbeats",
        sql: include_str!("../migrations/postgres/0009_heartbeats.sql"),
    },
    Migration {
        version: 10,
        works_from: 1,
        name: "watched_definitions",
        sql: include_str!("../migrations/postgres/0010_watched_definitions.sql"),
    },
];

#[cfg(feature = "sqlite")]
const TABLE: &str = "CREATE TABLE IF NOT EXISTS orchestration_schema (
  version INTEGER PRIMARY KEY, works_from INTEGER NOT NULL, name TEXT NOT NULL,
  applied_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ')))";

const APPLIED: &str =
    "SELECT coalesce(max(version), 0), coalesce(max(works_from), 0) FROM orchestration_schema";

/// What is not applied yet, if this program works with what is: its version, and from which one on programs work with it.
fn missing(
    all: &'static [Migration],
    applied: (i64, i64),
) -> Result<impl Iterator<Item = &'static Migration>, StoreError> {
    let known = all.last().map_or(0, |last| last.version);
    if applied.1 > known {
        return Err(StoreError::Configuration(format!(
            "the tables are at version {}, which works with programs from version {} on; this one knows {known}: \
             use a newer program",
            applied.0, applied.1
        )));
    }
    Ok(all.iter().filter(move |migration| migration.version > applied.0))
}

/// Applies what is missing, all or nothing. The caller holds the lock that keeps other processes out.
#[cfg(feature = "sqlite")]
pub(crate) async fn sqlite(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let mut tx = connection.begin_with("BEGIN IMMEDIATE").await.map_err(sql_error)?;
    sqlx::query(TABLE).execute(&mut *tx).await.map_err(sql_error)?;
    let applied = sqlx::query_as(APPLIED).fetch_one(&mut *tx).await.map_err(sql_error)?;
    for migration in missing(SQLITE, applied)? {
        sqlx::raw_sql(migration.sql).execute(&mut *tx).await.map_err(sql_error)?;
        sqlx::query("INSERT INTO orchestration_schema (version, works_from, name) VALUES (?1, ?2, ?3)")
            .bind(migration.version)
            .bind(migration.works_from)
            .bind(migration.name)
            .execute(&mut *tx)
            .await
            .map_err(sql_error)?;
        tracing::info!("Migrated the saga tables to version {}: {}", migration.version, migration.name);
    }
    tx.commit().await.map_err(sql_error)
}

#[cfg(feature = "postgres")]
const PG_TABLE: &str = "CREATE TABLE IF NOT EXISTS orchestration_schema (
  version BIGINT PRIMARY KEY, works_from BIGINT NOT NULL, name TEXT NOT NULL,
  applied_at TIMESTAMPTZ NOT NULL DEFAULT now())";

/// Of all programs on the same tables one at a time looks what is missing. The lock goes with the transaction, not with the
/// session: a pooler may have lent that to somebody else by then.
#[cfg(feature = "postgres")]
const PG_LOCK: &str = "SELECT pg_advisory_xact_lock(
  hashtextextended('orchestration_schema', hashtext(coalesce($1, current_schema(), ''))))";

/// However long it takes: to wait for another program's migration, and to make an index of a large table.
#[cfg(feature = "postgres")]
const PG_UNHURRIED: &str =
    "SELECT set_config('statement_timeout', '0', true), set_config('lock_timeout', '0', true)";

/// Programs of the version before are at work meanwhile, and queue behind whoever waits for a table.
#[cfg(feature = "postgres")]
const PG_IN_NOBODYS_WAY: &str = "SELECT set_config('lock_timeout', '1s', true)";
#[cfg(feature = "postgres")]
const MOST_TRIES: u32 = 20;

/// Applies what is missing, all or nothing, in the schema to which the connection's search path leads. One that has been
/// checked to be a plain name is made if it is not there.
#[cfg(feature = "postgres")]
pub(crate) async fn postgres(connection: &mut Held, schema: Option<&str>) -> Result<(), StoreError> {
    let mut tries = 1;
    loop {
        match postgres_once(connection, schema).await {
            Err(Failure::Busy) if tries < MOST_TRIES => tries += 1,
            migrated => return Ok(migrated?),
        }
        tracing::info!("The saga tables are in use; their migration is tried again");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[cfg(feature = "postgres")]
async fn postgres_once(connection: &mut Held, schema: Option<&str>) -> Result<(), Failure> {
    let mut tx = connection.begin().await?;
    sqlx::query(PG_UNHURRIED).execute(&mut *tx).await?;
    sqlx::query(PG_LOCK).bind(schema).execute(&mut *tx).await?;
    sqlx::query(PG_IN_NOBODYS_WAY).execute(&mut *tx).await?;
    if let Some(schema) = schema {
        let create = format!("CREATE SCHEMA IF NOT EXISTS \"{schema}\"");
        sqlx::raw_sql(sqlx::AssertSqlSafe(create)).execute(&mut *tx).await?;
    }
    sqlx::query(PG_TABLE).execute(&mut *tx).await?;
    let applied = sqlx::query_as(APPLIED).fetch_one(&mut *tx).await?;
    for migration in missing(POSTGRES, applied)? {
        sqlx::raw_sql(migration.sql).execute(&mut *tx).await?;
        sqlx::query("INSERT INTO orchestration_schema (version, works_from, name) VALUES ($1, $2, $3)")
            .bind(migration.version)
            .bind(migration.works_from)
            .bind(migration.name)
            .execute(&mut *tx)
            .await?;
        tracing::info!("Migrated the saga tables to version {}: {}", migration.version, migration.name);
    }
    Ok(tx.commit().await?)
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use super::*;

    #[tokio::test]
    async fn marks_among_the_values_become_columns_and_the_values_stay() {
        let mut db = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        for migration in SQLITE.iter().filter(|migration| migration.version < 5) {
            sqlx::raw_sql(migration.sql).execute(&mut db).await.unwrap();
        }
        let insert = "INSERT INTO orchestration_workflows (workflow_id, input_hash, workflow_type, definition_version,
            definition, total_steps, input_data, max_retries, created_at, created_by, updated_at, status, context)
            VALUES (?1, '', 't', 1, 't@1#f', 1, '{}', 3, '', 0, '', 'failed', ?2)";
        let rows = [
            ("a", Some(r#"{"(leaves intents)":null,"(turned back)":null,"word":"(turned back)"}"#)),
            ("b", Some(r#"{"(leaves intents)":null}"#)),
            ("c", Some(r#"{"word":"x \"(turned back)\""}"#)),
            ("d", None),
        ];
        for (id, context) in rows {
            sqlx::query(insert).bind(id).bind(context).execute(&mut db).await.unwrap();
        }
        sqlx::raw_sql(include_str!("../migrations/sqlite/0006_marks.sql")).execute(&mut db).await.unwrap();
        let marks =
            "SELECT turned_back, leaves_intents, context FROM orchestration_workflows ORDER BY workflow_id";
        let found: Vec<(bool, bool, Option<String>)> =
            sqlx::query_as(marks).fetch_all(&mut db).await.unwrap();
        let text = |text: &str| Some(text.to_owned());
        let wanted = [
            (true, true, text(r#"{"word":"(turned back)"}"#)),
            (false, true, text("{}")),
            (false, false, text(r#"{"word":"x \"(turned back)\""}"#)),
            (false, false, None),
        ];
        assert_eq!(found, wanted);
    }
}
