//! Several engines share the work: whatever reaches one of them reaches all.

use std::time::Duration;

use saga::engine::{ClientError, EngineBuilder, StartError};
use saga::store::{Status, StepStatus};
use saga::{Config, Json, Outcome, saga};

use crate::home;
use crate::kit::{Cluster, ended, stop};
use crate::life::{id, row, status, until};
use crate::world::{Act, Way, World, a, b, c, d, e, lasting};

#[saga(version = 1)]
async fn three(word: String) -> saga::Result<String> {
    a(&word).await?;
    b(&word).await?;
    let last = c(&word).await?;
    Ok(last)
}
#[saga(version = 1, on_failure = park)]
async fn parking(word: String) -> saga::Result<String> {
    a(&word).await?;
    let last = b(&word).await?;
    Ok(last)
}
#[saga(version = 1)]
async fn detour(word: String) -> saga::Result<String> {
    c(&word).await?;
    let last = d(&word).await?;
    Ok(last)
}
/// Everything that the language has.
#[saga(version = 1, locks(word = &word))]
async fn journey(word: String) -> saga::Result<Vec<String>> {
    a(&word).await?;
    let all = for_each(0..3, |n| b(&format!("{word}{n}"))).max_parallel(2).await?;
    sleep(Duration::from_millis(700)).await;
    let value = wait_for_event::<String>("online", &word).await?;
    if value == "up" {
        detour(word.clone()).await.ok();
    }
    e(&word).await?;
    Ok(all)
}

#[saga(version = 1)]
async fn long(word: String) -> saga::Result<String> {
    lasting().await?;
    let last = c(&word).await?;
    Ok(last)
}

fn sagas(builder: EngineBuilder<World>) -> EngineBuilder<World> {
    builder
        .saga(long::definition())
        .saga(three::definition())
        .saga(parking::definition())
        .saga(journey::definition())
}

#[tokio::test]
async fn what_one_engine_runs_all_of_them_can_tell() {
    let cluster = Cluster::new().await;
    let (one, other) = (cluster.engine(sagas).await, cluster.engine(sagas).await);
    for n in 0..10 {
        let by = if n % 2 == 0 { &one } else { &other };
        by.client().start(three("x".into())).id(format!("w{n}")).await.unwrap();
    }
    for n in 0..10 {
        let handle = other.client().handle::<three>(id(&format!("w{n}")));
        assert_eq!(handle.outcome().await.unwrap(), Outcome::Completed(format!("w{n}/c.last")));
    }
    assert!(cluster.world.doubled().is_empty());
    assert_eq!(cluster.world.effects().values().sum::<i64>(), 30);
    stop(&one).await;
    stop(&other).await;
}

#[tokio::test]
async fn a_cancel_reaches_the_engine_that_runs_it_from_another_one_and_from_a_process_without_a_worker() {
    let cluster = Cluster::new().await;
    let (one, other) = (cluster.engine(sagas).await, cluster.engine(sagas).await);
    let api = cluster.api([]).await;
    for (name, by) in [("v", other.client()), ("w", &api)] {
        cluster.world.script("lasting", Way::Do, [Act::UntilCancelled]);
        let before = cluster.world.called("do lasting");
        one.client().start(long("x".into())).id(name).await.unwrap();
        until(async || cluster.world.called("do lasting") > before).await;
        by.cancel("default", &id(name), "ada").await.unwrap();
        let loaded = ended(&other, name).await;
        assert_eq!(status(&loaded), Status::RolledBack);
        assert_eq!(loaded.header.state.error_message.as_deref(), Some("cancelled by ada"));
        let refused = by.cancel("default", &id(name), "ada").await;
        assert!(matches!(refused, Err(ClientError::Refused(_))), "{refused:?}");
    }
    assert!(cluster.world.effects().is_empty());
    stop(&one).await;
    stop(&other).await;
}

#[tokio::test]
async fn a_rollback_and_a_retry_by_another_engine_run_to_their_ends() {
    let cluster = Cluster::new().await;
    let (one, other) = (cluster.engine(sagas).await, cluster.engine(sagas).await);
    cluster.world.script("c", Way::Do, [Act::Refuse]).script("b", Way::Do, [Act::Ok, Act::Refuse]);
    one.client().start(three("x".into())).id("back").await.unwrap();
    assert_eq!(status(&ended(&other, "back").await), Status::RolledBack);
    assert!(cluster.world.effects().is_empty());

    one.client().start(parking("x".into())).id("parked").await.unwrap();
    assert_eq!(status(&ended(&other, "parked").await), Status::Failed);
    other.client().retry("default", &id("parked"), "ada", false).await.unwrap();
    let loaded = ended(&one, "parked").await;
    assert_eq!((status(&loaded), row(&loaded, "b").status), (Status::Completed, StepStatus::Completed));
    // One click of two is taken.
    let back = id("back");
    let (a, b) = tokio::join!(
        one.client().retry("default", &back, "ada", false),
        other.client().retry("default", &back, "bob", false)
    );
    assert_eq!([&a, &b].into_iter().filter(|r| r.is_ok()).count(), 1, "{a:?} {b:?}");
    assert_eq!(status(&ended(&one, "back").await), Status::Completed);
    assert!(cluster.world.doubled().is_empty());
    stop(&one).await;
    stop(&other).await;
}

/// Finding 7: the event is published before, while and after the wait is entered, by whoever does not run it.
#[tokio::test]
async fn an_event_from_another_process_reaches_what_waits_here_whenever_it_comes() {
    let cluster = Cluster::new().await;
    let (one, other) = (cluster.engine(sagas).await, cluster.engine(sagas).await);
    let up = || Json::encode("up").unwrap();
    for n in 0..12_u64 {
        let word = format!("x{n}");
        one.client().start(journey(word.clone())).id(format!("w{n}")).await.unwrap();
        // Some before it waits, some about then, some long after.
        tokio::time::sleep(Duration::from_millis(100 * n)).await;
        other.client().publish("default", "online", &word, up(), None).await.unwrap();
    }
    for n in 0..12 {
        assert_eq!(status(&ended(&other, &format!("w{n}")).await), Status::Completed, "w{n}");
    }
    assert!(cluster.world.doubled().is_empty());
    let all: Vec<i64> = cluster.world.effects().into_values().collect();
    assert_eq!(all, [12, 36, 12, 12, 12]);
    stop(&one).await;
    stop(&other).await;
}

/// Guarantees 11 and 12 over processes: of starts with one key, and of those that exclude each other, one wins.
#[tokio::test]
async fn starts_on_several_engines_at_once_are_one_workflow_per_key() {
    let cluster = Cluster::new().await;
    let (one, other) = (cluster.engine(sagas).await, cluster.engine(sagas).await);
    cluster.world.always("a", Way::Do, Act::Slow(Duration::from_millis(300)));
    let starts = (0..10).map(|n| {
        let client = if n % 2 == 0 { one.client() } else { other.client() };
        async { client.start(three("x".into())).idempotency_key("k").await.unwrap() }
    });
    let started = futures_util::future::join_all(starts).await;
    let ids: std::collections::BTreeSet<_> = started.iter().map(|s| s.handle.id().clone()).collect();
    assert_eq!((ids.len(), started.iter().filter(|s| !s.replayed).count()), (1, 1));

    let starts = (0..10).map(|n| {
        let client = if n % 2 == 0 { one.client() } else { other.client() };
        async { client.start(journey("onu".into())).await }
    });
    let started = futures_util::future::join_all(starts).await;
    assert_eq!(started.iter().filter(|s| s.is_ok()).count(), 1);
    assert!(started.iter().all(|s| matches!(s, Ok(_) | Err(StartError::Excluded { .. }))), "{started:?}");
    let won = started.into_iter().find_map(Result::ok).unwrap();
    one.client().publish("default", "online", "onu", Json::encode("up").unwrap(), None).await.unwrap();
    assert!(matches!(won.handle.outcome().await.unwrap(), Outcome::Completed(_)));
    assert!(cluster.world.doubled().is_empty());
    stop(&one).await;
    stop(&other).await;
}

/// Guarantee 10: a process that dies takes nothing with it. Its own runtime ends, with all of its connections.
#[test]
fn guarantee_10_what_a_dead_engine_ran_goes_on_elsewhere_and_nothing_is_done_twice() {
    let runtime =
        || tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (dying, living) = (runtime(), runtime());
    let cluster = living.block_on(Cluster::new());
    let slow = || std::iter::repeat_n(Act::Slow(Duration::from_millis(200)), 60);
    cluster.world.script("a", Way::Do, slow()).script("b", Way::Do, slow()).script("c", Way::Do, slow());
    dying.block_on(async {
        let engine = cluster.engine_with(home::mortal(), sagas).await;
        let starts = (0..20).map(|n| engine.client().start(three("x".into())).id(format!("w{n}")));
        let starts = starts.map(std::future::IntoFuture::into_future);
        futures_util::future::join_all(starts).await.into_iter().for_each(|s| drop(s.unwrap()));
        until(async || cluster.world.called("do b") >= 5).await;
    });
    dying.shutdown_background();
    living.block_on(async {
        let other = cluster.engine(sagas).await;
        for n in 0..20 {
            let loaded = ended(&other, &format!("w{n}")).await;
            assert_eq!((status(&loaded), loaded.header.takeovers), (Status::Completed, 0));
        }
        stop(&other).await;
    });
    assert!(cluster.world.doubled().is_empty());
    assert_eq!(cluster.world.effects().values().copied().collect::<Vec<_>>(), [20, 20, 20]);
}

/// Guarantee 9: an engine that hears nothing from its store for longer than its lease does nothing any more, and what it
/// had begun is known to be unknown.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guarantee_09_an_engine_that_was_silent_for_too_long_is_fenced_and_others_go_on() {
    let cluster = Cluster::new().await;
    let tap = crate::tap::Tap::new(std::sync::Arc::new(cluster.home.open().await), None);
    let config = Config { name: "silent".into(), ..home::mortal() };
    let builder = saga::Engine::builder(cluster.world.clone()).store(tap.clone()).config(config);
    let silent = sagas(builder).build().await.unwrap();
    let other = cluster.engine(sagas).await;
    let dead = silent.worker();
    cluster.world.script("lasting", Way::Do, [Act::DoneAndHang]);
    silent.client().start(long("x".into())).id("w").await.unwrap();
    until(async || cluster.world.called("do lasting") == 1).await;
    tap.silence();
    let loaded = ended(&other, "w").await;
    assert_eq!(status(&loaded), Status::Completed);
    // It hears of its death, and comes back as somebody else, with nothing in its hands.
    tap.answer();
    until(async || silent.worker() != dead).await;
    assert!(cluster.world.doubled().is_empty());
    assert_eq!(cluster.world.called("do c"), 1);
    silent.client().start(three("x".into())).id("again").await.unwrap();
    assert_eq!(status(&ended(&other, "again").await), Status::Completed);
    stop(&silent).await;
    stop(&other).await;
}
