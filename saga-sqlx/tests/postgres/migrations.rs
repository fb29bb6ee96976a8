//! Tables that are brought up to date: once, in nobody's way, and never backwards.

use std::time::Duration;

use saga::WorkerId;
use saga::store::{CommitOutcome, Store, StoreError, TrailPart};
use saga_sqlx::{PgOptions, PgStore};
use sqlx::postgres::PgPoolOptions;
use sqlx::{Connection, PgConnection};

use crate::fence::{give, id, line};
use crate::kit::{Home, url};

/// The tables as the version before left them.
const BEFORE: [&str; 6] = [
    include_str!("../../migrations/postgres/0001_tables.sql"),
    include_str!("../../migrations/postgres/0002_manual_update.sql"),
    include_str!("../../migrations/postgres/0003_schedules.sql"),
    include_str!("../../migrations/postgres/0004_triggers.sql"),
    include_str!("../../migrations/postgres/0005_turns.sql"),
    include_str!("../../migrations/postgres/0006_size.sql"),
];

/// Longer than any of these tests takes.
fn patient(home: &Home) -> PgOptions {
    PgOptions { statement_timeout: Duration::from_secs(30), ..home.options() }
}

async fn run(connection: &mut PgConnection, sql: &str) {
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(connection).await.unwrap();
}

async fn versions(connection: &mut PgConnection) -> Vec<i64> {
    let versions = "SELECT version FROM orchestration_schema ORDER BY version";
    sqlx::query_scalar(versions).fetch_all(connection).await.unwrap()
}

/// Of eight programs that begin at the same time one brings the tables up to date.
#[tokio::test]
async fn migrations_run_once_however_many_open_the_database() {
    let home = Home::new();
    let open = || async { PgStore::connect(&url(), patient(&home)).await.unwrap() };
    let opened = futures_util::future::join_all((0..8).map(|_| open())).await;
    let mut foreign = home.foreign().await;
    let applied =
        "SELECT count(*), count(DISTINCT version), count(DISTINCT applied_at) FROM orchestration_schema";
    let (rows, versions, times): (i64, i64, i64) =
        sqlx::query_as(applied).fetch_one(&mut foreign).await.unwrap();
    assert!(rows == versions && rows > 5, "{rows} rows of {versions} versions");
    assert_eq!(times, 1, "all in one transaction");
    let stores = "SELECT count(*) FROM orchestration_store";
    assert_eq!(sqlx::query_scalar::<_, i64>(stores).fetch_one(&mut foreign).await.unwrap(), 1);
    for store in opened {
        store.close().await;
    }
    home.remove().await;
}

/// A newer program that has only added something disturbs nobody; one that has taken something away does.
#[tokio::test]
async fn tables_that_are_too_new_are_refused_with_words_and_newer_ones_that_still_work_are_not() {
    let home = Home::new();
    let open = || async { PgStore::connect(&url(), patient(&home)).await };
    open().await.unwrap().close().await;
    let mut foreign = home.foreign().await;
    run(
        &mut foreign,
        "INSERT INTO orchestration_schema (version, works_from, name) VALUES (1000, 1, 'more')",
    )
    .await;
    open().await.unwrap().close().await;
    run(
        &mut foreign,
        "INSERT INTO orchestration_schema (version, works_from, name) VALUES (1001, 1000, 'less')",
    )
    .await;
    let Err(StoreError::Configuration(words)) = open().await.map(drop) else {
        panic!("it was not refused");
    };
    assert!(words.contains("version 1001") && words.contains("use a newer program"), "{words}");
    home.remove().await;
}

/// A rolling deploy: somebody of the version before owns a workflow and writes, in the middle of a migration too.
#[tokio::test]
async fn whoever_works_on_the_tables_of_the_version_before_goes_on_through_a_migration() {
    let home = Home::new();
    let mut foreign = home.foreign().await;
    run(&mut foreign, &format!("CREATE SCHEMA {}", home.options().schema.unwrap())).await;
    for migration in BEFORE {
        run(&mut foreign, migration).await;
    }
    // Tables that say to be newer are left as they are: this is the old program.
    let schema = "CREATE TABLE orchestration_schema (version BIGINT PRIMARY KEY, works_from BIGINT NOT NULL,
        name TEXT NOT NULL, applied_at TIMESTAMPTZ NOT NULL DEFAULT now());
      INSERT INTO orchestration_schema (version, works_from, name)
        SELECT n, 1, '' FROM unnest(ARRAY[1, 2, 3, 4, 5, 6, 1000]) AS n";
    run(&mut foreign, schema).await;
    let old = PgStore::connect(&url(), patient(&home)).await.unwrap();
    assert_eq!(versions(&mut foreign).await.last(), Some(&1000), "nothing was migrated");
    run(&mut foreign, "DELETE FROM orchestration_schema WHERE version = 1000").await;
    // As the old program joined: the new one looks for tables that are not there yet.
    let join = "INSERT INTO orchestration_workers (name, definitions, lease, lease_until)
      VALUES ('old', '[]', interval '60 s', now() + interval '60 s') RETURNING worker";
    let worker = WorkerId(sqlx::query_scalar(join).fetch_one(&mut foreign).await.unwrap());
    give(&home, worker).await;
    let write = async |number| {
        let outcomes = old.commit(Some(worker), vec![line(number)]).await.unwrap();
        assert_eq!(outcomes, [CommitOutcome::Applied { rev: 0 }]);
    };
    write(1).await;
    // Somebody reads for as long as it takes: the migration waits, and lets the old program write meanwhile.
    let mut reader = home.foreign().await;
    let mut reading = reader.begin().await.unwrap();
    let look = "SELECT count(*) FROM orchestration_workflows, orchestration_workflow_steps";
    sqlx::query(look).execute(&mut *reading).await.unwrap();
    let migrating = tokio::spawn({
        let options = patient(&home);
        async move { PgStore::connect(&url(), options).await }
    });
    home.blocked_by(&mut reading, "ADD CONSTRAINT").await;
    for number in 2..6 {
        write(number).await;
    }
    assert!(!migrating.is_finished());
    reading.rollback().await.unwrap();
    let new = migrating.await.unwrap().unwrap();
    assert!(versions(&mut foreign).await.len() > BEFORE.len());
    write(6).await;
    old.beat(worker).await.unwrap();
    let seen = new.load(&id()).await.unwrap().unwrap();
    assert_eq!(seen.header.worker, Some(worker));
    assert_eq!(new.history(&id(), TrailPart::ALL).await.unwrap().total, 6);
    old.close().await;
    new.close().await;
    home.remove().await;
}

/// An index of a large table takes longer than a statement of ours may.
#[tokio::test]
async fn a_migration_is_not_cut_short_by_the_time_that_statements_have() {
    let home = Home::new();
    let mut foreign = home.foreign().await;
    let schema = home.options().schema.unwrap();
    run(&mut foreign, &format!("CREATE SCHEMA {schema}")).await;
    let mut held = foreign.begin().await.unwrap();
    let lock = "SELECT pg_advisory_xact_lock(hashtextextended('orchestration_schema', hashtext($1)))";
    sqlx::query(lock).bind(&schema).execute(&mut *held).await.unwrap();
    // A pool of the user's own: its search path decides, and no name is given; the lock is the same.
    let set_up = format!("SET search_path TO {schema}; SET statement_timeout TO '100ms'");
    let pool = PgPoolOptions::new().max_connections(4).after_connect(move |connection, _| {
        let set_up = set_up.clone();
        Box::pin(async move {
            sqlx::raw_sql(sqlx::AssertSqlSafe(set_up)).execute(connection).await?;
            Ok(())
        })
    });
    let pool = pool.connect(&url()).await.unwrap();
    let opening = tokio::spawn(async move { PgStore::with_pool(pool).await });
    home.blocked_by(&mut held, "pg_advisory_xact_lock").await;
    sqlx::query("SELECT pg_sleep(0.5)").execute(&mut *held).await.unwrap();
    assert!(!opening.is_finished());
    held.rollback().await.unwrap();
    opening.await.unwrap().unwrap().close().await;
    home.remove().await;
}
