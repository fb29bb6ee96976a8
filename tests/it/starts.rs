//! Starting: durable first, once per key, refused with words.

use std::time::Duration;

use saga::engine::StartError;
use saga::store::{FailureReason, Status};
use saga::{Outcome, saga};

use crate::life::{Lives, id, pass, status};
use crate::world::{Act, Way, World, a, b};

#[saga(version = 1)]
async fn pair(word: String) -> saga::Result<String> {
    a(&word).await?;
    let last = b(&word).await?;
    Ok(last)
}

fn sagas(builder: saga::engine::EngineBuilder<World>) -> saga::engine::EngineBuilder<World> {
    builder.saga(pair::definition())
}

#[test]
fn guarantee_01_start_returns_when_the_workflow_is_durable_and_no_step_runs_before() {
    Lives::new().live(sagas, async |life| {
        life.tap.shut();
        let client = life.client.clone();
        let start = tokio::spawn(async move { client.start(pair("x".into())).id("w").await });
        pass(Duration::from_secs(3)).await;
        assert!(!start.is_finished());
        assert_eq!(life.world.calls(), [""; 0]);
        life.tap.open();
        let started = start.await.unwrap().unwrap();
        assert!(!started.replayed);
        assert_eq!(life.load("w").await.header.input.as_str(), "\"x\"");
        let Outcome::Completed(key) = started.handle.outcome().await.unwrap() else { panic!() };
        assert_eq!(key, "w/b.last");
    });
}

#[test]
fn guarantee_12_twenty_starts_at_once_with_one_key_make_one_workflow() {
    Lives::new().live(sagas, async |life| {
        let start = |_| life.client.start(pair("x".into())).idempotency_key("k").into_future();
        let started = futures_util::future::join_all((0..20).map(start)).await;
        let ids: Vec<_> = started.iter().map(|s| s.as_ref().unwrap().handle.id().clone()).collect();
        assert!(ids.iter().all(|id| *id == ids[0]));
        assert_eq!(started.iter().filter(|s| !s.as_ref().unwrap().replayed).count(), 1);
        life.client.ended(&ids[0]).await.unwrap();
        assert_eq!(life.world.calls(), ["do a", "do b"]);
    });
}

#[test]
fn guarantee_12_twenty_starts_at_once_under_one_id_make_one_workflow() {
    Lives::new().live(sagas, async |life| {
        let start = |_| life.client.start(pair("x".into())).id("w").into_future();
        let started = futures_util::future::join_all((0..20).map(start)).await;
        let fresh = started.into_iter().filter(|s| !s.as_ref().unwrap().replayed).count();
        assert_eq!(fresh, 1);
        life.ended("w").await;
        assert_eq!(life.world.calls(), ["do a", "do b"]);
    });
}

#[test]
fn guarantee_12_one_key_with_another_input_is_a_conflict() {
    Lives::new().live(sagas, async |life| {
        let first = life.client.start(pair("x".into())).idempotency_key("k").await.unwrap();
        let again = life.client.start(pair("y".into())).idempotency_key("k").await;
        let existing = first.handle.id().clone();
        assert_eq!(again.unwrap_err(), StartError::Conflict { existing: existing.clone() });
        life.client.ended(&existing).await.unwrap();
        // Also when it has ended, and under its id.
        let again = life.client.start(pair("x".into())).idempotency_key("k").await.unwrap();
        assert!(again.replayed);
        let by_id = life.client.start(pair("y".into())).id(existing.as_str()).await;
        assert_eq!(by_id.unwrap_err(), StartError::Conflict { existing });
        assert_eq!(life.world.calls(), ["do a", "do b"]);
    });
}

#[test]
fn guarantee_12_a_twin_by_id_takes_over_when_the_first_start_is_refused() {
    Lives::new().live(sagas, async |life| {
        life.world.script("a", Way::Do, [Act::Slow(Duration::from_secs(60))]);
        life.client.start(pair("x".into())).exclusive("onu").id("holder").await.unwrap();
        let refused = life.client.start(pair("x".into())).exclusive("onu").id("w").into_future();
        let twin = life.client.start(pair("x".into())).id("w").into_future();
        let (refused, twin) = futures_util::future::join(refused, twin).await;
        assert!(matches!(refused, Err(StartError::Excluded { .. })), "{refused:?}");
        assert!(!twin.unwrap().replayed);
        assert_eq!(status(&life.ended("w").await), Status::Completed);
    });
}

#[test]
fn exclusion_keys_are_freed_at_completed_and_rolled_back_and_kept_in_failed() {
    Lives::new().live(sagas, async |life| {
        let start = |name: &str| life.client.start(pair("x".into())).id(name).exclusive("onu").into_future();
        life.world.script("b", Way::Do, [Act::Slow(Duration::from_secs(5))]);
        start("one").await.unwrap();
        let StartError::Excluded { key, holder } = start("two").await.unwrap_err() else { panic!() };
        assert_eq!((key.as_str(), holder), ("onu", id("one")));
        assert_eq!(status(&life.ended("one").await), Status::Completed);

        life.world.script("b", Way::Do, [Act::Refuse]);
        start("three").await.unwrap();
        assert_eq!(status(&life.ended("three").await), Status::RolledBack);

        life.world.script("b", Way::Do, [Act::Refuse]).always("a", Way::Undo, Act::Refuse);
        start("four").await.unwrap();
        let four = life.ended("four").await;
        assert_eq!(four.header.state.failure_reason, Some(FailureReason::Debts));
        assert!(matches!(start("five").await, Err(StartError::Excluded { .. })));

        // A second run of the third one takes the key again, or is refused while it is held.
        let retry = life.client.retry("default", &id("three"), "ada", false).await;
        assert!(retry.unwrap_err().to_string().contains("`onu` is held by workflow four"));
        let forgive = saga::machine::DebtAction::Forgive;
        life.client.change_debt("default", &id("four"), "a", forgive, "so be it", "ada").await.unwrap();
        assert_eq!(status(&life.load("four").await), Status::RolledBack);
        life.world.script("a", Way::Do, [Act::Slow(Duration::from_secs(5))]);
        life.client.retry("default", &id("three"), "ada", false).await.unwrap();
        assert!(matches!(start("six").await, Err(StartError::Excluded { .. })));
        assert_eq!(status(&life.ended("three").await), Status::Completed);
        start("seven").await.unwrap();
    });
}

#[test]
fn a_refused_start_leaves_no_trace() {
    Lives::new().live(sagas, async |life| {
        life.world.script("a", Way::Do, [Act::Slow(Duration::from_secs(5))]);
        life.client.start(pair("x".into())).id("one").exclusive("onu").await.unwrap();
        let mut events = life.engine.events();
        let refused = life.client.start(pair("x".into())).id("two").exclusive("onu").exclusive("cpe").await;
        assert!(refused.is_err());
        // Neither its name, nor its other key, nor an event.
        life.client.start(pair("x".into())).id("two").exclusive("cpe").await.unwrap();
        let first = events.next().await.unwrap();
        assert_eq!(first.workflow_id, id("two"));
        life.ended("two").await;
        let one = std::iter::from_fn(|| futures_util::FutureExt::now_or_never(events.next()).flatten());
        let starts = one.filter(|e| e.kind == saga::engine::WorkflowEventKind::Started).count();
        assert_eq!(starts, 0, "only the second start of `two` began");
    });
}

#[test]
fn guarantee_15_bad_starts_are_refused_before_anything_is_written() {
    Lives::new().live(sagas, async |life| {
        let words = |result: Result<saga::engine::Started<pair>, StartError>| result.unwrap_err().to_string();
        let start = |word: &str| life.client.start(pair(word.to_owned()));
        assert!(words(start("x").id("no spaces").await).contains("cannot name a workflow"));
        assert!(words(start("nul\0").await).contains("the input contains the character NUL"));
        assert!(
            words(start("x").idempotency_key("k".repeat(600)).await)
                .contains("idempotency_key has 600 bytes")
        );
        assert!(words(start(&"x".repeat(2 << 20)).await).contains("the input has"));
        assert_eq!(life.tap.writes(), 0);
    });
    Lives::new().live(
        |builder| builder,
        async |life| {
            let refused = life.client.start(pair("x".into())).await.unwrap_err();
            assert!(refused.to_string().contains(".saga(pair::definition())"));
        },
    );
}

#[test]
fn a_full_worker_is_busy_and_takes_work_again_when_one_has_ended() {
    let config = saga::Config { max_live: 2, ..saga::Config::default() };
    Lives::with(config).live(sagas, async |life| {
        life.world.script(
            "a",
            Way::Do,
            [Act::Slow(Duration::from_millis(500)), Act::Slow(Duration::from_secs(9))],
        );
        life.client.start(pair("x".into())).id("one").await.unwrap();
        life.client.start(pair("x".into())).id("two").await.unwrap();
        let third = life.client.start(pair("x".into())).id("three").await;
        assert_eq!(third.unwrap_err(), StartError::Busy);
        life.ended("one").await;
        life.client.start(pair("x".into())).id("three").await.unwrap();
        life.ended("three").await;
    });
}

/// A database of several parts finds a second use of a key where the first one is: the key tells the home.
#[test]
fn a_key_tells_the_home_of_its_workflow() {
    let start = |tenant: &str, key: Option<&str>| {
        Lives::new().live(sagas, async |life| {
            let request = life.client.start(pair("x".into())).tenant(tenant);
            let request = key.into_iter().fold(request, |request, key| request.idempotency_key(key));
            request.await.unwrap().handle.id().home()
        })
    };
    let homes = (0..8).map(|n| start("default", Some(&n.to_string()))).collect::<Vec<_>>();
    assert_eq!(homes, (0..8).map(|n| start("default", Some(&n.to_string()))).collect::<Vec<_>>());
    assert!(homes.iter().any(|home| home != &homes[0]), "{homes:?}");
    assert_ne!(homes, (0..8).map(|n| start("other", Some(&n.to_string()))).collect::<Vec<_>>());
}
