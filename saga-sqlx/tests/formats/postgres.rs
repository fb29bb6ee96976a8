//! Databases of every format.

use std::path::Path;
use std::time::Duration;

use saga::{Config, Engine};
use saga_sqlx::{PgOptions, PgStore};
use sqlx::{Connection, PgConnection};

use crate::basic::World;
use crate::finish::{PHRASE, engine, finish, finish_all, finish_newest, make_all};

/// The schema's name in the fixtures.
const THEIRS: &str = "saga_format";

fn url() -> String {
    std::env::var("DATABASE_URL")
        .expect("DATABASE_URL has to name a PostgreSQL database: run scripts/test postgres")
}

async fn open(schema: &str) -> PgStore {
    let statement_timeout = Duration::from_secs(30);
    let options = PgOptions {
        schema: Some(schema.to_owned()),
        connections: 4,
        statement_timeout,
        ..PgOptions::default()
    };
    PgStore::connect(&url(), options).await.unwrap()
}

async fn run(sql: String) {
    let mut foreign = PgConnection::connect(&url()).await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut foreign).await.unwrap();
}

/// The whole schema as statements, by PostgreSQL's own tool.
fn dump(schema: &str) -> String {
    let told = std::process::Command::new("pg_dump")
        .args(["--inserts", "--column-inserts", "--no-owner", "--no-privileges", "--no-comments"])
        .arg(format!("--schema={schema}"))
        .arg(format!("--dbname={}", url()))
        .output()
        .expect("pg_dump, which comes with PostgreSQL's client");
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    let text = String::from_utf8(told.stdout).unwrap();
    // What is for psql, and what is not for people.
    let lines =
        text.lines().filter(|line| !line.starts_with('\\') && !line.starts_with("--") && !line.is_empty());
    lines.collect::<Vec<_>>().join("\n") + "\n"
}

async fn read(sql: &str, schema: &str, then: impl AsyncFnOnce(&Engine<World>, &World)) {
    // What was not known to the server of then, or is not known to that of now, is not the matter.
    let sql: String =
        sql.lines().filter(|line| !line.starts_with("SET ")).map(|line| format!("{line}\n")).collect();
    run(sql.replace(THEIRS, schema)).await;
    // Whoever made it has been silent for long.
    run(format!("UPDATE {schema}.orchestration_workers SET lease_until = now() - interval '1 minute'")).await;
    let (store, world) = (open(schema).await, World::default());
    let lease = Duration::from_secs(300);
    let engine = engine(store, &world, Config { lease, ..Config::default() }).await;
    then(&engine, &world).await;
    engine.shutdown(Duration::from_secs(10)).await.unwrap();
    run(format!("DROP SCHEMA {schema} CASCADE")).await;
}

/// With `SAGA_KEEP_FORMAT` it is kept as a fixture of that name.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_stored_today_is_read_today() {
    let pid = std::process::id();
    let made = format!("made_{pid}");
    let keep = std::env::var("SAGA_KEEP_FORMAT").ok();
    let nap = Duration::from_secs(if keep.is_some() { 40 } else { 1 });
    let (store, world) = (open(&made).await, World::making());
    let lease = Duration::from_secs(300);
    let making = engine(store, &world, Config { lease, ..Config::default() }).await;
    make_all(&making, &world, nap).await;
    let sql = dump(&made).replace(&made, THEIRS);
    drop(making);
    run(format!("DROP SCHEMA {made} CASCADE")).await;
    assert!(!sql.contains(PHRASE), "a secret lies open");
    if let Some(name) = keep {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats/fixtures");
        std::fs::write(fixtures.join(format!("postgres-{name}.sql")), &sql).unwrap();
    }
    read(&sql, &format!("read_{pid}"), finish_all).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_format_of_2026_11_23_is_read() {
    let schema = format!("format_{}", std::process::id());
    read(include_str!("fixtures/postgres-2026-11-23.sql"), &schema, finish).await;
}

/// With pauses, heartbeats, schedules and events.
#[tokio::test(flavor = "multi_thread")]
async fn the_second_format_of_2026_11_23_is_read() {
    let schema = format!("format_b_{}", std::process::id());
    read(include_str!("fixtures/postgres-2026-11-23b.sql"), &schema, finish_newest).await;
}

/// With what steps do in a table of the user's own.
#[tokio::test(flavor = "multi_thread")]
async fn the_third_format_of_2026_11_23_is_read() {
    let schema = format!("format_c_{}", std::process::id());
    read(include_str!("fixtures/postgres-2026-11-23c.sql"), &schema, finish_all).await;
}
