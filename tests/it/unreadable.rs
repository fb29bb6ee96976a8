//! A workflow of which a row cannot be read: it is told once, looked at ever more seldom, disturbs nobody, and goes on by
//! itself when the row has been mended.

use std::time::Duration;

use saga::engine::EngineBuilder;
use saga::store::Status;
use saga::{Config, Engine, saga};
use saga_sqlx::{SqliteOptions, SqliteStore};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use crate::heard::warnings;
use crate::life::{Clock, Lives, id, pass, status, until};
use crate::tap::Mishap;
use crate::world::{Act, Way, World, a, b};

#[saga(version = 1)]
async fn pair(word: String) -> saga::Result<String> {
    a(&word).await?;
    let done = b(&word).await?;
    Ok(done)
}

fn sagas(builder: EngineBuilder<World>) -> EngineBuilder<World> {
    builder.saga(pair::definition())
}

/// Its owner has died in it.
fn cut_off() -> Lives {
    let mut lives = Lives::new();
    lives.world.script("b", Way::Do, [Act::Hang]);
    lives.live(sagas, async |life| {
        life.client.start(pair("x".into())).id("w").await.unwrap();
        pass(Duration::from_millis(100)).await;
    });
    lives
}

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn a_workflow_that_cannot_be_read_is_told_once_and_goes_on_when_it_has_been_mended() {
    let mut lives = cut_off();
    let (said, _guard) = warnings();
    lives.live(sagas, async |life| {
        // The answer to the claim would have brought it.
        life.tap.goes_wrong(Mishap::LoseClaim, 1);
        life.tap.spoil("w");
        until(async || !life.client.unreadable().is_empty()).await;
        pass(HOUR).await;
        let unreadable = life.client.unreadable();
        assert_eq!(unreadable.len(), 1);
        assert_eq!(unreadable[0].workflow_id, id("w"));
        assert!(unreadable[0].error.contains("orchestration_workflow_steps.status of w"), "{unreadable:?}");
        let about = |line: &String| line.contains("frozen");
        assert_eq!(said().iter().filter(|line| about(line)).count(), 1, "{:#?}", said());
        // Beside it everything goes on.
        life.client.start(pair("y".into())).id("v").await.unwrap();
        assert_eq!(status(&life.ended("v").await), Status::Completed);

        let tried = life.tap.mend();
        assert!((50..=80).contains(&tried), "in an hour it was tried {tried} times");
        pass(Duration::from_secs(61)).await;
        assert_eq!(life.client.unreadable(), []);
        assert_eq!(status(&life.ended("w").await), Status::Completed);
        assert_eq!(life.world.called("do a"), 2, "one of each");
    });
}

#[test]
fn a_workflow_that_cannot_be_read_keeps_no_shutdown_waiting() {
    let mut lives = cut_off();
    lives.live(sagas, async |life| {
        life.tap.goes_wrong(Mishap::LoseClaim, 1);
        life.tap.spoil("w");
        until(async || !life.client.unreadable().is_empty()).await;
        pass(HOUR).await;
        let began = life.runtime().now();
        life.engine.shutdown(Duration::from_secs(10)).await.unwrap();
        let took = life.runtime().now().since(began);
        assert!(took < Duration::from_secs(1), "{took:?}");
        pass(Duration::from_secs(1)).await;
        assert_eq!(life.client.unreadable(), [], "nobody looks any more");
        life.tap.mend();
    });
    assert_eq!(status(&lives.live(sagas, async |life| life.ended("w").await)), Status::Completed);
}

/// A claim takes it and cannot hand it out.
#[tokio::test]
async fn a_damaged_row_in_a_file_is_told_and_its_workflow_goes_on_when_it_has_been_mended() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("saga.db");
    let world = World::new(Clock::default());
    world.script("b", Way::Do, [Act::Hang]);
    let engine = async || {
        let store = SqliteStore::open(&path, SqliteOptions::default()).await.unwrap();
        let config = Config { poll_interval: Duration::from_millis(20), ..Config::default() };
        let builder = Engine::builder(world.clone()).store(store.clone()).config(config);
        (store, builder.saga(pair::definition()).build().await.unwrap())
    };
    let spoil = async |from: &str, to: &str| {
        let options = SqliteConnectOptions::new().filename(&path).disable_statement_logging();
        let mut connection = options.connect().await.unwrap();
        sqlx::query("PRAGMA ignore_check_constraints = ON").execute(&mut connection).await.unwrap();
        let change =
            "UPDATE orchestration_workflow_steps SET status = ?2 WHERE status = ?1 AND step_order = 0";
        let changed = sqlx::query(change).bind(from).bind(to).execute(&mut connection).await.unwrap();
        assert_eq!(changed.rows_affected(), 1);
        connection.close().await.unwrap();
    };

    let (store, first) = engine().await;
    first.client().start(pair("x".into())).id("w").await.unwrap();
    until(async || world.called("do b") == 1).await;
    first.shutdown(Duration::ZERO).await.unwrap();
    store.close().await;
    spoil("completed", "frozen").await;

    let (store, second) = engine().await;
    let client = second.client();
    until(async || !client.unreadable().is_empty()).await;
    assert!(client.unreadable()[0].error.contains("frozen"), "{:?}", client.unreadable());
    let other = client.start(pair("y".into())).id("v").await.unwrap().handle;
    other.outcome().await.unwrap();
    spoil("frozen", "completed").await;
    assert_eq!(status(&client.ended(&id("w")).await.unwrap()), Status::Completed);
    until(async || client.unreadable().is_empty()).await;
    second.shutdown(Duration::from_secs(10)).await.unwrap();
    store.close().await;
}
