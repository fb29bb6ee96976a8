//! Files of every format.

use std::path::Path;
use std::time::Duration;

use saga::{Config, Engine};
use saga_sqlx::{SqliteOptions, SqliteStore};

use crate::basic::World;
use crate::dump::{dump, load, schema};
use crate::finish::{PHRASE, engine, finish, finish_all, finish_newest, make_all, told_apart};

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
    } else {
        let newest = schema(include_str!("fixtures/sqlite-2026-11-23c.sql")).await;
        assert_eq!(schema(&sql).await, newest, "the format has changed: `scripts/format DAY` keeps it");
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
