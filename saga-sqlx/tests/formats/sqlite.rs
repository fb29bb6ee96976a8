//! Files of every format.

use std::path::Path;
use std::time::Duration;

use saga::{Config, Engine};
use saga_sqlx::{SqliteOptions, SqliteStore};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Row};

use crate::basic::World;
use crate::finish::{PHRASE, engine, finish, finish_all, finish_newest, make_all, told_apart};

async fn raw(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(path).create_if_missing(true).connect().await.unwrap()
}

/// The whole file as statements: tables, rows, and then what watches over them.
async fn dump(path: &Path) -> String {
    let mut file = raw(path).await;
    sqlx::raw_sql("BEGIN").execute(&mut file).await.unwrap();
    let things =
        "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'
      ORDER BY type <> 'table', name";
    let things: Vec<(String, String, String)> = sqlx::query_as(things).fetch_all(&mut file).await.unwrap();
    let (mut tables, mut rest) = (String::new(), String::new());
    for (kind, name, sql) in things {
        if kind != "table" {
            rest += &format!("{sql};\n");
            continue;
        }
        tables += &format!("{sql};\n");
        let columns = "SELECT name FROM pragma_table_xinfo(?) WHERE hidden = 0 ORDER BY cid";
        let columns: Vec<String> =
            sqlx::query_scalar(columns).bind(&name).fetch_all(&mut file).await.unwrap();
        let quoted = columns.iter().map(|c| format!("quote({c})")).collect::<Vec<_>>().join(" || ', ' || ");
        let rows = sqlx::AssertSqlSafe(format!("SELECT {quoted} AS line FROM {name}"));
        let mut lines: Vec<String> =
            sqlx::query(rows).fetch_all(&mut file).await.unwrap().iter().map(|row| row.get("line")).collect();
        lines.sort();
        for line in lines {
            tables += &format!("INSERT INTO {name} ({}) VALUES ({line});\n", columns.join(", "));
        }
    }
    format!("BEGIN;\n{tables}{rest}COMMIT;\n")
}

async fn load(sql: &str, path: &Path) {
    let mut file = raw(path).await;
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(&mut file).await.unwrap();
}

async fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path, SqliteOptions::default()).await.unwrap()
}

/// What a fixture holds, as a file that today's engine has opened.
async fn read(sql: &str, then: impl AsyncFnOnce(&Engine<World>, &World)) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("saga.db");
    load(sql, &path).await;
    let (store, world) = (open(&path).await, World::default());
    let engine = engine(store.clone(), &world, Config::default()).await;
    then(&engine, &world).await;
    engine.shutdown(Duration::from_secs(10)).await.unwrap();
    store.close().await;
}

/// With `SAGA_KEEP_FORMAT` it is kept as a fixture of that name.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_stored_today_is_read_today() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("saga.db");
    let keep = std::env::var("SAGA_KEEP_FORMAT").ok();
    let nap = Duration::from_secs(if keep.is_some() { 40 } else { 1 });
    let (store, world) = (open(&path).await, World::making());
    let making = engine(store.clone(), &world, Config::default()).await;
    make_all(&making, &world, nap).await;
    let sql = dump(&path).await;
    assert!(!sql.contains(PHRASE), "a secret lies open");
    if let Some(name) = keep {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats/fixtures");
        std::fs::write(fixtures.join(format!("sqlite-{name}.sql")), &sql).unwrap();
    }
    drop(making);
    store.close().await;
    read(&sql, finish_all).await;
}

/// Three migrations, steps one after the other, and plans told in other words than today: what lived is parked and shown,
/// as after a change of the plan, and nothing of it is lost. (Nobody but ourselves ever had such a file. From the next
/// fixture on what lived goes on.)
#[tokio::test(flavor = "multi_thread")]
async fn the_first_format_that_landed_is_read() {
    read(include_str!("fixtures/sqlite-2026-11-22.sql"), told_apart).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_format_of_2026_11_23_is_read() {
    read(include_str!("fixtures/sqlite-2026-11-23.sql"), finish).await;
}

/// With pauses, heartbeats, schedules and events.
#[tokio::test(flavor = "multi_thread")]
async fn the_second_format_of_2026_11_23_is_read() {
    read(include_str!("fixtures/sqlite-2026-11-23b.sql"), finish_newest).await;
}

/// With what steps do in a table of the user's own.
#[tokio::test(flavor = "multi_thread")]
async fn the_third_format_of_2026_11_23_is_read() {
    read(include_str!("fixtures/sqlite-2026-11-23c.sql"), finish_all).await;
}
