//! When a start begins, and who comes first. Over the memory store with virtual time, and over a SQLite file.

use std::time::Duration;

use saga::engine::StartError;
use saga::store::Status;
use saga::{Engine, Outcome, Timestamp, saga};
use saga_sqlx::{SqliteOptions, SqliteStore};

use crate::life::{Clock, Lives, id, pass, status};
use crate::world::{Act, Way, World, a};

#[saga(version = 1)]
async fn single(word: String) -> saga::Result<String> {
    let made = a(&word).await?;
    Ok(made)
}

fn sagas(builder: saga::engine::EngineBuilder<World>) -> saga::engine::EngineBuilder<World> {
    builder.saga(single::definition())
}

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn a_start_at_a_time_is_durable_at_once_and_begins_then_after_a_restart_too() {
    let mut lives = Lives::new();
    let begins = lives.live(sagas, async |life| {
        let begins = life.runtime().now().plus(HOUR);
        let started = life.client.start(single("x".into())).id("w").at(begins).await.unwrap();
        assert!(!started.replayed);
        let header = life.load("w").await.header;
        assert_eq!(
            (header.state.status, header.state.wake_at, header.worker),
            (Status::Pending, Some(begins), None)
        );
        assert!(life.client.start(single("x".into())).id("w").at(begins).await.unwrap().replayed);
        pass(HOUR / 2).await;
        begins
    });
    assert!(lives.world.calls().is_empty());
    lives.live(sagas, async |life| {
        pass(HOUR / 3).await;
        assert!(life.world.calls().is_empty());
        assert!(life.tap.writes() == 0, "it costs nothing while it waits");
        let ended = life.ended("w").await;
        assert_eq!(status(&ended), Status::Completed);
        let began = ended.header.state.started_at.unwrap();
        assert!(began >= begins && began.since(begins) <= Duration::from_secs(1), "{began}");
    });
}

#[test]
fn a_start_at_a_time_that_is_past_begins_at_once() {
    Lives::new().live(sagas, async |life| {
        let past = Timestamp::from_micros(0);
        life.client.start(single("x".into())).id("w").at(past).await.unwrap();
        let header = life.ended("w").await.header;
        assert_eq!(
            (header.state.status, header.state.started_at),
            (Status::Completed, Some(header.created_at))
        );
    });
}

#[test]
fn a_workflow_that_is_cancelled_before_it_begins_does_nothing() {
    Lives::new().live(sagas, async |life| {
        let begins = life.runtime().now().plus(HOUR);
        life.client.start(single("x".into())).id("w").at(begins).await.unwrap();
        pass(Duration::from_secs(9)).await;
        life.client.cancel("default", &id("w"), "alice").await.unwrap();
        let ended = life.ended("w").await;
        assert_eq!(status(&ended), Status::RolledBack);
        assert!(ended.header.updated_at < begins);
        assert!(life.world.calls().is_empty());
    });
}

/// `max_live` is 1 and one runs; the others are started while it does.
fn one_at_a_time() -> saga::Config {
    saga::Config { max_live: 1, ..saga::Config::default() }
}

async fn order(client: &saga::Client, names: &[&str]) -> Vec<String> {
    let mut began = vec![];
    for name in names {
        let ended = client.ended(&id(name)).await.unwrap();
        began.push((ended.header.state.started_at.unwrap(), (*name).to_owned()));
    }
    began.sort();
    began.into_iter().map(|(_, name)| name).collect()
}

#[test]
fn queued_starts_of_a_full_worker_begin_by_priority_and_nobody_overtakes_them() {
    Lives::with(one_at_a_time()).live(sagas, async |life| {
        life.world.always("a", Way::Do, Act::Slow(Duration::from_millis(300)));
        let start = |name: &str| life.client.start(single("x".into())).id(name);
        start("first").await.unwrap();
        assert_eq!(start("refused").await.unwrap_err(), StartError::Busy);
        start("low").priority(-1).queued().await.unwrap();
        start("plain").queued().await.unwrap();
        start("high").priority(5).queued().await.unwrap();
        assert_eq!(life.load("high").await.header.state.status, Status::Pending);
        life.ended("first").await;
        // There is room for a moment, but not for this one.
        assert_eq!(start("refused").priority(9).await.unwrap_err(), StartError::Busy);
        assert_eq!(order(&life.client, &["low", "plain", "high"]).await, ["high", "plain", "low"]);
        start("refused").await.unwrap();
        life.ended("refused").await;
    });
}

#[tokio::test]
async fn sqlite_keeps_starts_for_their_time_and_hands_them_out_by_priority() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("saga.db");
    let world = World::new(Clock::default());
    let open = async || SqliteStore::open(&path, SqliteOptions::default()).await.unwrap();
    let config = saga::Config { poll_interval: Duration::from_millis(50), ..one_at_a_time() };
    let build = async |store: SqliteStore| {
        let builder = Engine::builder(world.clone()).store(store).config(config.clone());
        sagas(builder).build().await.unwrap()
    };
    let store = open().await;
    let engine = build(store.clone()).await;
    let client = engine.client();
    let begins = now().plus(Duration::from_millis(600));
    let later = |name: &str| client.start(single("x".into())).id(name).at(begins);
    later("low").priority(-1).await.unwrap();
    later("high").priority(5).await.unwrap();
    later("never").await.unwrap();
    client.cancel("default", &id("never"), "alice").await.unwrap();
    assert_eq!(client.ended(&id("never")).await.unwrap().header.state.status, Status::RolledBack);
    engine.shutdown(Duration::from_secs(1)).await.unwrap();
    store.close().await;
    assert!(world.calls().is_empty());

    let engine = build(open().await).await;
    let began = order(engine.client(), &["low", "high"]).await;
    assert_eq!(began, ["high", "low"]);
    let handle = engine.client().handle::<single>(id("high"));
    assert!(matches!(handle.outcome().await.unwrap(), Outcome::Completed(_)));
    let high = engine.client().ended(&id("high")).await.unwrap().header;
    assert!(high.state.started_at.unwrap() >= begins);
    engine.shutdown(Duration::from_secs(1)).await.unwrap();
}

fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap())
}
