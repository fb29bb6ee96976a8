//! What has ended is forgotten when its time has come, and nothing else is.

use std::time::Duration;

use saga::engine::{EngineBuilder, StartError};
use saga::store::{Listing, Status};
use saga::{Client, Config, Keep, Retention, saga};

use crate::life::{Life, Lives, pass};
use crate::world::{Act, Way, World, a, b};

#[saga(version = 1)]
async fn two(word: String) -> saga::Result<String> {
    a(&word).await?;
    let made = b(&word).await?;
    Ok(made)
}

fn sagas(builder: EngineBuilder<World>) -> EngineBuilder<World> {
    builder.saga(two::definition())
}

const MINUTE: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

fn keeping(retention: Retention) -> Config {
    let (at_least, every) = (HOUR, 10 * MINUTE);
    Config { retention: Retention { at_least, every, ..retention }, keep_events: HOUR, ..Config::default() }
}

async fn run(life: &Life, key: &str) -> saga::WorkflowId {
    let started = life.client.start(two("x".into())).idempotency_key(key).await.unwrap();
    started.handle.id().clone()
}

async fn there(client: &Client) -> usize {
    let all = Listing { tenant: "default".into(), limit: 1000, ..Listing::default() };
    let page = client.list(all).await.unwrap();
    assert_eq!(page.total as usize, page.headers.len());
    assert_eq!(client.statistics("default").await.unwrap().total(), page.total);
    page.headers.len()
}

#[test]
fn what_ended_is_forgotten_when_its_time_is_over() {
    let retention = Retention { completed: Keep::for_time(2 * HOUR), ..Retention::default() };
    Lives::with(keeping(retention)).live(sagas, async |life| {
        let first = run(life, "k").await;
        pass(HOUR).await;
        run(life, "l").await;
        pass(50 * MINUTE).await;
        let replayed = life.client.start(two("x".into())).idempotency_key("k").await.unwrap();
        assert!(replayed.replayed && *replayed.handle.id() == first);
        assert_eq!(there(&life.client).await, 2);
        pass(25 * MINUTE).await;
        assert_eq!(there(&life.client).await, 1);
        let again = life.client.start(two("y".into())).idempotency_key("k").await.unwrap();
        assert!(!again.replayed && *again.handle.id() != first, "the key is free again");
    });
}

/// More than a chunk, and more than one life: the next one goes on.
#[test]
fn so_many_are_left_and_no_key_loses_its_workflow_too_early() {
    let retention = Retention { completed: Keep::at_most(50), ..Retention::default() };
    let mut lives = Lives::with(keeping(retention));
    lives.live(sagas, async |life| {
        for n in 0..450 {
            run(life, &n.to_string()).await;
            pass(SECOND).await;
        }
        pass(40 * MINUTE).await;
        assert_eq!(there(&life.client).await, 450, "their keys protect them for an hour");
        pass(35 * MINUTE).await;
        assert_eq!(there(&life.client).await, 50);
        let oldest = life.client.start(two("y".into())).idempotency_key("400").await;
        assert!(matches!(oldest, Err(StartError::Conflict { .. })));
        run(life, "one more").await;
    });
    lives.nobody_for(2 * HOUR);
    lives.live(sagas, async |life| {
        pass(MINUTE).await;
        assert_eq!(there(&life.client).await, 50);
    });
}

/// Everything else stays, however old it is.
#[test]
fn what_owes_or_still_runs_is_kept_for_ever() {
    let all = Keep { time: Some(HOUR), most: Some(0) };
    let retention = Retention { completed: all, rolled_back: all, failed: all, ..Retention::default() };
    Lives::with(keeping(retention)).live(sagas, async |life| {
        life.world.script("b", Way::Do, [Act::Refuse]).script("a", Way::Undo, [Act::Refuse]);
        let owing = life.client.start(two("x".into())).id("owing").await.unwrap();
        owing.handle.outcome().await.unwrap();
        life.world.script("b", Way::Do, [Act::Refuse]);
        let undone = life.client.start(two("x".into())).id("undone").await.unwrap();
        undone.handle.outcome().await.unwrap();
        let later = life.runtime().now().plus(48 * HOUR);
        life.client.start(two("x".into())).id("later").at(later).await.unwrap();
        pass(20 * HOUR).await;
        assert_eq!(there(&life.client).await, 2);
        let status = async |id: &str| {
            let found = life.client.workflow("default", &crate::life::id(id)).await;
            found.ok().map(|view| view.header.state.status)
        };
        assert_eq!(status("owing").await, Some(Status::Failed));
        assert_eq!(status("later").await, Some(Status::Pending));
        assert_eq!(status("undone").await, None);
        let counts = life.client.statistics("default").await.unwrap();
        assert_eq!((counts.open_debts, counts.entered_rollback), (1, 1));
    });
}

/// By default nothing is ever removed.
#[test]
fn without_a_word_everything_is_kept() {
    let mut lives = Lives::new();
    lives.live(sagas, async |life| drop(run(life, "k").await));
    lives.nobody_for(10_000 * HOUR);
    lives.live(sagas, async |life| {
        pass(20 * HOUR).await;
        assert_eq!(there(&life.client).await, 1);
    });
}
