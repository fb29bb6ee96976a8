//! Stored bytes that nobody of us wrote: a row is damaged, or comes from the future. It stops its own workflow at
//! most; the others go on, nothing panics, and what cannot be read is told by its place.
//!
//! `PROPTEST_CASES=20000 PROPTEST_RNG_SEED=7 cargo test -p tests --test it stored` looks longer, and elsewhere.

use std::cell::RefCell;
use std::panic;
use std::path::Path;
use std::sync::Once;
use std::thread::ThreadId;
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};
use saga::store::{Status, TrailPart};
use saga::{Client, Config, Engine, Json, saga};
use saga_sqlx::{SqliteOptions, SqliteStore};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection, Row};

use crate::life::{Clock, id};
use crate::world::{Act, Way, World, a, b, c, d, e};

#[saga(version = 1)]
async fn detour(word: String) -> saga::Result<String> {
    c(&word).await?;
    let last = d(&word).await?;
    Ok(last)
}

#[saga(version = 1)]
async fn journey(word: String) -> saga::Result<String> {
    a(&word).await?;
    let all = for_each(0..2, |n| b(&format!("{word}{n}"))).await?;
    sleep(Duration::from_millis(1)).await;
    detour(word.clone()).await?;
    let value = wait_for_event::<String>("online", "x").await?;
    when(value == "up" && all.len() == 2, e(&word)).await?;
    Ok(value)
}

/// Where both workflows are when their process dies, and how they end if nothing is wrong with them.
#[derive(Clone, Copy, Debug)]
enum Moment {
    InTheList,
    Detour,
    Waiting,
    RollingBack,
    Debts,
    Completed,
}

const MOMENTS: [Moment; 6] = [
    Moment::InTheList,
    Moment::Detour,
    Moment::Waiting,
    Moment::RollingBack,
    Moment::Debts,
    Moment::Completed,
];

const VICTIM: &str = "victim";
const OTHER: &str = "other";

async fn engine(path: &Path, world: &World) -> (SqliteStore, Engine<World>) {
    let store = SqliteStore::open(path, SqliteOptions::default()).await.unwrap();
    let config = Config { poll_interval: Duration::from_millis(20), ..Config::default() };
    let builder = Engine::builder(world.clone()).store(store.clone()).config(config);
    (store, builder.saga(journey::definition()).build().await.unwrap())
}

async fn publish(client: &Client) {
    client.publish("default", "online", "x", Json::encode("up").unwrap(), None).await.unwrap();
}

async fn until(mut what: impl AsyncFnMut() -> bool) {
    let limit = Duration::from_secs(60);
    let reached = tokio::time::timeout(limit, async {
        while !what().await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
    reached.await.expect("it came to that within a minute");
}

impl Moment {
    /// A file in which both are there.
    async fn write(self, folder: &Path) {
        let world = World::new(Clock::default());
        let (name, way, act) = match self {
            Self::InTheList => ("b", Way::Do, Act::Hang),
            Self::Detour => ("d", Way::Do, Act::Hang),
            Self::Waiting | Self::Completed => ("", Way::Do, Act::Hang),
            Self::RollingBack => ("a", Way::Undo, Act::Hang),
            Self::Debts => ("b", Way::Undo, Act::Refuse),
        };
        world.always(name, way, act);
        if matches!(self, Self::RollingBack | Self::Debts) {
            world.always("e", Way::Do, Act::Refuse);
        }
        let (store, engine) = engine(&folder.join("running.db"), &world).await;
        let client = engine.client();
        for name in [VICTIM, OTHER] {
            client.start(journey(name.to_owned())).id(name).search_key(name).await.unwrap();
        }
        if !matches!(self, Self::Waiting) {
            publish(client).await;
        }
        until(async || match self {
            Self::Waiting => {
                let waits = sqlx::query_scalar("SELECT count(*) FROM orchestration_waits");
                waits.fetch_one(store.readers()).await.unwrap_or(0) == 2
            }
            Self::Debts => self.both(&store, Status::Failed).await,
            Self::Completed => self.both(&store, Status::Completed).await,
            _ => world.called(&format!("{} {name}", if way == Way::Do { "do" } else { "undo" })) >= 2,
        })
        .await;
        let copy = format!("VACUUM INTO '{}'", folder.join("saga.db").display());
        let mut connection = raw(&folder.join("running.db")).await;
        sqlx::query(sqlx::AssertSqlSafe(copy)).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        drop(engine);
        store.close().await;
    }

    async fn both(self, store: &SqliteStore, status: Status) -> bool {
        let there = sqlx::query_scalar("SELECT count(*) FROM orchestration_workflows WHERE status = ?");
        there.bind(status.as_str()).fetch_one(store.readers()).await.unwrap_or(0) == 2
    }

    fn end(self) -> Status {
        match self {
            Self::InTheList | Self::Detour | Self::Waiting | Self::Completed => Status::Completed,
            Self::RollingBack => Status::RolledBack,
            Self::Debts => Status::RolledBack,
        }
    }
}

async fn raw(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(path).disable_statement_logging().connect().await.unwrap()
}

/// One cell of one row, and what stands there instead.
#[derive(Clone, Debug)]
struct Slip {
    table: usize,
    row: usize,
    column: usize,
    value: usize,
}

/// SQL literals.
const VALUES: [&str; 34] = [
    "NULL",
    "-1",
    "0",
    "1",
    "3",
    "70000",
    "4294967296",
    "9223372036854775807",
    "-9223372036854775808",
    "1e308",
    "''",
    "'x'",
    "'completed'",
    "'running'",
    "'pending'",
    "'frozen'",
    "'unknown'",
    "'done'",
    "'none'",
    "'null'",
    "'{}'",
    "'[]'",
    "'[1]'",
    "'{\"a\":'",
    "'{\"value\":1}'",
    "'\"text\"'",
    "'9'",
    "x'ff00fe'",
    "'2999-01-01T00:00:00.000000Z'",
    "'0000-00-00'",
    "char(0)",
    "replace(hex(zeroblob(300)), '00', '[')",
    "replace(hex(zeroblob(200)), '00', '[') || replace(hex(zeroblob(200)), '00', ']')",
    "randomblob(40)",
];

const TABLES: [&str; 8] = [
    "orchestration_workflows",
    "orchestration_workflow_steps",
    "orchestration_workflow_steps",
    "orchestration_events",
    "orchestration_signals",
    "orchestration_waits",
    "orchestration_keys",
    "orchestration_locks",
];

impl Slip {
    fn any() -> impl Strategy<Value = Self> {
        (0..TABLES.len(), 0..50_usize, 0..60_usize, 0..VALUES.len())
            .prop_map(|(table, row, column, value)| Self { table, row, column, value })
    }

    /// What was changed, for people; nothing if the table has no such row or does not take the value.
    async fn make(&self, path: &Path) -> Option<String> {
        let table = TABLES[self.table];
        let mut connection = raw(path).await;
        sqlx::query("PRAGMA ignore_check_constraints = ON").execute(&mut connection).await.unwrap();
        let columns =
            format!("SELECT name, pk FROM pragma_table_info('{table}') WHERE name <> 'workflow_id'");
        let columns = sqlx::query(sqlx::AssertSqlSafe(columns)).fetch_all(&mut connection).await.unwrap();
        let column: String = columns[self.column % columns.len()].get("name");
        // Most tables have no rowid.
        let key: String = match table {
            "orchestration_workflow_steps" => "run || '/' || step_order || '/' || item".into(),
            "orchestration_events" => "event_id".into(),
            "orchestration_signals" => "signal_id".into(),
            _ => "workflow_id".into(),
        };
        let rows =
            format!("SELECT CAST({key} AS TEXT) FROM {table} WHERE workflow_id = '{VICTIM}' ORDER BY 1");
        let rows: Vec<String> =
            sqlx::query_scalar(sqlx::AssertSqlSafe(rows)).fetch_all(&mut connection).await.unwrap();
        let row = rows.get(self.row % rows.len().max(1))?;
        let value = VALUES[self.value];
        // Not through the trigger for people.
        let and =
            if table == "orchestration_workflows" && column == "status" { ", rev = rev + 1" } else { "" };
        let change = format!(
            "UPDATE {table} SET {column} = {value}{and} WHERE workflow_id = '{VICTIM}' AND CAST({key} AS TEXT) = '{row}'"
        );
        let changed = sqlx::query(sqlx::AssertSqlSafe(change.clone())).execute(&mut connection).await.is_ok();
        connection.close().await.unwrap();
        changed.then_some(change)
    }
}

thread_local! {
    static PANICS: RefCell<Vec<String>> = const { RefCell::new(vec![]) };
}

/// Keeps what panics on this thread, where the engine's tasks run too.
fn listen(thread: ThreadId) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            PANICS.with_borrow_mut(|panics| panics.push(info.to_string()));
            before(info);
        }));
    });
    assert_eq!(std::thread::current().id(), thread);
    PANICS.with_borrow_mut(Vec::clear);
}

/// The rows are changed while nobody runs; then a process starts, and people look at both.
async fn live(moment: Moment, template: &Path, slips: &[Slip]) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("saga.db");
    std::fs::copy(template.join("saga.db"), &path).unwrap();
    let mut changes = vec![];
    for slip in slips {
        changes.extend(slip.make(&path).await);
    }
    let world = World::new(Clock::default());
    let (store, engine) = engine(&path, &world).await;
    let client = engine.client();
    let says = |what: String| Err(format!("{moment:?}, after {changes:#?}: {what}"));
    if matches!(moment, Moment::Waiting) {
        publish(client).await;
    }
    if matches!(moment, Moment::Debts) {
        client.retry("default", &id(OTHER), "ada", false).await.map_err(|e| e.to_string())?;
    }
    let ended = tokio::time::timeout(Duration::from_secs(60), async {
        loop {
            let other = client.workflow("default", &id(OTHER)).await;
            match other {
                Ok(other) if other.header.state.status == moment.end() => return,
                _ => tokio::time::sleep(Duration::from_millis(2)).await,
            }
        }
    });
    if ended.await.is_err() {
        return says(format!(
            "the other one does not end: {:?}",
            client.workflow("default", &id(OTHER)).await.map(|w| w.header)
        ));
    }
    // People ask for it, and do what people do.
    let said = [
        client.workflow("default", &id(VICTIM)).await.err(),
        client.history("default", &id(VICTIM), TrailPart::ALL).await.err(),
        client.cancel("default", &id(VICTIM), "ada").await.err(),
        client.retry("default", &id(VICTIM), "ada", true).await.err(),
        client.statistics("default").await.err(),
    ];
    for error in said.into_iter().flatten() {
        if error.to_string().trim().is_empty() {
            return says("an error without words".into());
        }
    }
    let _ = engine.shutdown(Duration::from_secs(2)).await;
    store.close().await;
    match PANICS.with_borrow(|panics| panics.first().cloned()) {
        Some(panic) => says(panic),
        None => Ok(()),
    }
}

/// The same damage in every run, so that a change is judged by itself.
fn config() -> ProptestConfig {
    let base =
        ProptestConfig { failure_persistence: None, max_shrink_iters: 12, ..ProptestConfig::default() };
    match std::env::var_os("PROPTEST_RNG_SEED") {
        Some(_) => base,
        None => ProptestConfig { cases: 120, rng_seed: RngSeed::Fixed(1), ..base },
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn a_damaged_row_stops_its_workflow_and_no_other() {
    let templates: Vec<_> = MOMENTS
        .iter()
        .map(|moment| {
            let folder = tempfile::tempdir().unwrap();
            runtime().block_on(moment.write(folder.path()));
            folder
        })
        .collect();
    listen(std::thread::current().id());
    let moments = 0..MOMENTS.len();
    let mut runner = TestRunner::new(config());
    let found = runner.run(&(moments, prop::collection::vec(Slip::any(), 0..3)), |(moment, slips)| {
        PANICS.with_borrow_mut(Vec::clear);
        // Nothing of one life goes on in the next.
        let lived = runtime().block_on(live(MOMENTS[moment], templates[moment].path(), &slips));
        lived.map_err(TestCaseError::fail)
    });
    if let Err(found) = found {
        panic!("{found}");
    }
}
