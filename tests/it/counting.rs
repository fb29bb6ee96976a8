//! What it costs, and that nothing is miscounted when much happens at once.

use std::time::Duration;

use saga::engine::EngineBuilder;
use saga::saga;
use saga::store::{Calls, MemoryStore, Status};

use crate::life::{Life, Lives, id, pass, status};
use crate::world::{Act, Way, World, a, b, c, d, e, once, recorded};

#[saga(version = 1)]
async fn five(word: String) -> saga::Result<String> {
    a(&word).await?;
    b(&word).await?;
    c(&word).await?;
    d(&word).await?;
    let last = e(&word).await?;
    Ok(last)
}
#[saga(version = 1)]
async fn with_an_intent(word: String) -> saga::Result<String> {
    a(&word).await?;
    let last = once().await?;
    Ok(last)
}
#[saga(version = 1)]
async fn with_a_record(word: String) -> saga::Result<String> {
    a(&word).await?;
    let last = recorded().await?;
    Ok(last)
}
#[saga(version = 1)]
async fn with_values(word: String) -> saga::Result<String> {
    let first = word.len();
    a(&format!("{word}{first}")).await?;
    let second = first + 1;
    let last = b(&format!("{second}")).await?;
    let third = last.len();
    Ok(format!("{third}"))
}
#[saga(version = 1)]
async fn side_by_side(word: String) -> saga::Result<String> {
    let (_, _, last) = try_join!(a(&word), b(&word), c(&word))?;
    Ok(last)
}

fn sagas(builder: EngineBuilder<World>) -> EngineBuilder<World> {
    builder
        .saga(five::definition())
        .saga(with_an_intent::definition())
        .saga(with_a_record::definition())
        .saga(with_values::definition())
        .saga(side_by_side::definition())
}

/// What it cost since then, without what runs by the clock.
fn since(before: Calls, store: &MemoryStore) -> (u64, u64) {
    let now = store.calls();
    (now.commits - before.commits, now.loads - before.loads)
}

macro_rules! cost {
    ($life:expr, $start:expr) => {{
        let before = $life.store.calls();
        let mut events = $life.engine.events();
        let started = $life.client.start($start).await.unwrap();
        let ended =
            |e: &saga::engine::WorkflowEvent| matches!(e.kind, saga::engine::WorkflowEventKind::Ended(_));
        while !ended(&events.next().await.unwrap()) {}
        let cost = since(before, &$life.store);
        assert_eq!(
            $life.client.ended(started.handle.id()).await.unwrap().header.state.status,
            Status::Completed
        );
        cost
    }};
}

#[test]
fn a_fresh_workflow_of_n_plain_steps_costs_n_plus_1_commits_and_reads_nothing() {
    Lives::new().live(sagas, async |life: &Life| {
        assert_eq!(cost!(life, five("x".into())), (6, 0));
        // Values and computed arguments travel with the commits that are there anyway.
        assert_eq!(cost!(life, with_values("x".into())), (3, 0));
        // What ends at the same moment is written together.
        let (commits, loads) = cost!(life, side_by_side("x".into()));
        assert!(commits <= 4 && loads == 0, "{commits}");
        // An intent is one more row, and travels with the commit before it.
        assert_eq!(cost!(life, with_an_intent("x".into())), (3, 0));
        // The extras by name: a record, a step that runs long.
        assert_eq!(cost!(life, with_a_record("x".into())), (3 + 1, 0));
        life.world.script("c", Way::Do, [Act::Slow(Duration::from_millis(300))]);
        assert_eq!(cost!(life, five("x".into())), (6 + 1, 0));
        // A rollback of k steps: one decision, then one each; the last brings the end.
        life.world.script("e", Way::Do, [Act::Refuse]);
        let before = life.store.calls();
        life.client.start(five("x".into())).id("w").await.unwrap();
        assert_eq!(status(&life.ended("w").await), Status::RolledBack);
        assert_eq!(since(before, &life.store).0, 1 + 4 + 1 + 4);
    });
}

#[test]
fn two_hundred_workflows_at_once_count_every_step() {
    let mut lives = Lives::new();
    lives.live(sagas, async |life| {
        life.world.script("c", Way::Do, (0..100).map(|n| if n % 2 == 0 { Act::Refuse } else { Act::Ok }));
        let start = |n| life.client.start(five(format!("{n}"))).id(format!("w{n}")).into_future();
        let started = futures_util::future::join_all((0..200).map(start)).await;
        assert!(started.iter().all(Result::is_ok));
        let mut completed = 0;
        for n in 0..200 {
            let loaded = life.ended(&format!("w{n}")).await;
            match status(&loaded) {
                Status::Completed => completed += 1,
                other => assert_eq!(other, Status::RolledBack),
            }
        }
        assert_eq!(completed, 150);
        assert!(life.world.effects().values().all(|n| *n == 150));
        assert!(life.world.doubled().is_empty());
        assert_eq!(life.world.called("do a"), 200);
        assert_eq!(life.world.called("undo a"), 50);
        // They shared their writes.
        let calls = life.store.calls();
        assert!(calls.largest_batch > 50 && calls.batches < calls.commits / 4, "{calls:?}");
        let counted = life.client.statistics("default").await.unwrap();
        assert_eq!(counted.workflows[&("five".to_owned(), Status::Completed)], 150);
        assert_eq!(counted.workflows[&("five".to_owned(), Status::RolledBack)], 50);
    });
}

#[test]
fn two_hundred_workflows_on_many_threads_survive_a_crash_and_count_every_step() {
    // Real threads and real time; the process dies in the middle.
    let world = World::new(crate::life::Clock::default());
    let store = MemoryStore::new();
    let build = async || {
        let builder = saga::Engine::builder(world.clone()).store(store.clone());
        sagas(builder).build().await.unwrap()
    };
    let threads =
        || tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    let first = threads();
    first.block_on(async {
        let engine = build().await;
        let client = engine.client();
        let start = |n| client.start(five(format!("{n}"))).id(format!("w{n}")).into_future();
        futures_util::future::join_all((0..200).map(start)).await;
    });
    first.shutdown_background();
    threads().block_on(async {
        let engine = build().await;
        for n in 0..200 {
            match engine.client().ended(&id(&format!("w{n}"))).await {
                Ok(loaded) => assert_eq!(status(&loaded), Status::Completed),
                Err(e) => panic!("{e}"),
            }
        }
        assert!(world.effects().values().all(|n| *n == 200));
        assert!(world.doubled().is_empty());
        engine.shutdown(Duration::from_secs(5)).await.unwrap();
    });
}

#[test]
fn ten_thousand_interrupted_workflows_resume_within_five_seconds() {
    let mut lives = Lives::new();
    lives.live(
        |builder| builder,
        async |life| {
            let api = life.api([five::definition::<World>().plan().clone()]);
            for n in 0..10_000 {
                api.start(five("x".into())).id(format!("w{n}")).await.unwrap();
            }
        },
    );
    lives.live(sagas, async |life| {
        pass(Duration::from_secs(5)).await;
        assert_eq!(life.world.called("do e"), 10_000);
    });
}
