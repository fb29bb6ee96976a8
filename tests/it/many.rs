//! Many workflows in one call.

use std::sync::Arc;

use saga::engine::TokioRuntime;
use saga::engine::{EngineBuilder, StartError};
use saga::store::{Status, StoreError};
use saga::{Client, Config, Engine, Timestamp, saga, step};
use saga_sqlx::{SqliteOptions, SqliteStore};

use crate::life::{Lives, id, status};
use crate::world::{World, a};

#[saga(version = 1)]
async fn single(word: String) -> saga::Result<String> {
    let made = a(&word).await?;
    Ok(made)
}

/// Two of the same order exclude each other.
#[saga(version = 1, locks(order = &order))]
async fn ship(order: String) -> saga::Result<String> {
    let made = a(&order).await?;
    Ok(made)
}

#[step(no_effect)]
async fn say(word: &str) -> saga::Result<String> {
    Ok(word.to_owned())
}
#[saga(version = 1)]
async fn echo(word: String) -> saga::Result<String> {
    Ok(say(&word).await?)
}

fn sagas(builder: EngineBuilder<World>) -> EngineBuilder<World> {
    builder.saga(single::definition()).saga(ship::definition())
}

#[test]
fn each_of_many_is_judged_alone_and_answered_in_its_place() {
    Lives::new().live(sagas, async |life| {
        let client = &life.client;
        let held = client.start(ship("held".into())).exclusive("dock").id("holder");
        life.world.always("a", crate::world::Way::Do, crate::world::Act::Hang);
        held.await.unwrap();
        let started = client
            .start_many([
                client.start(ship("one".into())).idempotency_key("k"),
                client.start(ship("one".into())).idempotency_key("k"),
                client.start(ship("two".into())).idempotency_key("k"),
                client.start(ship("one".into())),
                client.start(ship("three".into())).exclusive("dock"),
                client.start(ship("four".into())).id("not an id"),
                client.start(ship("five\0".into())),
                client.start(ship("six".into())).id("six").tenant("other"),
            ])
            .await;
        let first = started[0].as_ref().unwrap();
        assert!(!first.replayed);
        let again = started[1].as_ref().unwrap();
        assert!(again.replayed && again.handle.id() == first.handle.id());
        let existing = first.handle.id().clone();
        assert_eq!(*started[2].as_ref().unwrap_err(), StartError::Conflict { existing: existing.clone() });
        let key = "order=one".to_owned();
        assert_eq!(*started[3].as_ref().unwrap_err(), StartError::Excluded { key, holder: existing });
        let (key, holder) = ("dock".to_owned(), id("holder"));
        assert_eq!(*started[4].as_ref().unwrap_err(), StartError::Excluded { key, holder });
        assert!(matches!(started[5], Err(StartError::Id(_))));
        assert!(matches!(started[6], Err(StartError::Unstorable(_))));
        assert_eq!(started[7].as_ref().unwrap().handle.id().as_str(), "six");
        assert_eq!(started.len(), 8);
    });
}

#[test]
fn what_there_is_no_room_for_waits_in_the_store_and_is_run_in_the_end() {
    let mut lives = Lives::with(Config { max_live: 7, ..Config::default() });
    lives.live(sagas, async |life| {
        let starts = (0..3_000).map(|n| life.client.start(single(format!("{n}"))).id(format!("w{n}")));
        let started = life.client.start_many(starts).await;
        assert!(started.iter().all(Result::is_ok));
        for n in 0..3_000 {
            assert_eq!(status(&life.ended(&format!("w{n}")).await), Status::Completed);
        }
        assert!(life.world.most_running() <= 7, "{}", life.world.most_running());
        assert!(life.world.doubled().is_empty());
    });
}

#[test]
fn when_the_store_fails_in_the_middle_the_rest_says_so_and_may_be_sent_again() {
    Lives::new().live(sagas, async |life| {
        let starts = |n: usize| {
            let start = |n| life.client.start(single(format!("{n}"))).idempotency_key(format!("k{n}"));
            (0..n).map(start).collect::<Vec<_>>()
        };
        life.client.start_many(starts(1_000)).await;
        life.store.fail_commits(1);
        let failed = life.client.start_many(starts(2_500)).await;
        assert_eq!(failed.len(), 2_500);
        let (written, left) = failed.split_at(1_000);
        let uncertain = |e: &StartError| matches!(e, StartError::Uncertain { .. });
        assert!(written.iter().all(|answer| answer.as_ref().is_err_and(uncertain)));
        let unavailable = |e: &StartError| matches!(e, StartError::Store(StoreError::Unavailable(_)));
        assert!(left.iter().all(|answer| answer.as_ref().is_err_and(unavailable)));
        let again = life.client.start_many(starts(2_500)).await;
        let replayed = again.iter().filter(|answer| answer.as_ref().unwrap().replayed).count();
        assert_eq!((again.len(), replayed), (2_500, 1_000));
    });
}

/// Durable when the call returns, from a process that runs nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_are_one_call_and_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("saga.db");
    let store = SqliteStore::open(&path, SqliteOptions::default()).await.unwrap();
    let runtime = Arc::new(TokioRuntime::current().unwrap());
    let definition = echo::definition::<()>();
    let client = Client::without_worker(Arc::new(store.clone()), runtime, [definition.plan().clone()]);
    let starts = (0..10_000).map(|n| client.start(echo(format!("{n}"))).priority(n));
    let handles = client.start_many(starts).await.into_iter().map(|s| s.unwrap().handle).collect::<Vec<_>>();
    store.close().await;
    let store = SqliteStore::open(&path, SqliteOptions::default()).await.unwrap();
    let engine = Engine::builder(()).store(store).saga(definition).build().await.unwrap();
    for (n, handle) in handles.iter().enumerate().step_by(997) {
        let ended = engine.client().ended(handle.id()).await.unwrap();
        assert_eq!(ended.header.state.status, Status::Completed, "{n}");
        assert!(ended.header.created_at > Timestamp::from_micros(0));
    }
    let counted = engine.client().statistics("default").await.unwrap();
    assert_eq!(counted.total(), 10_000);
    engine.shutdown(std::time::Duration::from_secs(5)).await.unwrap();
}
