//! A clean end hands over; an impatient one says what nobody knows.

use std::time::Duration;

use saga::engine::{EngineBuilder, StartError};
use saga::saga;
use saga::store::{Status, StoreError, TouchedEffect};

use crate::life::{Lives, id, pass, row, status};
use crate::world::{Act, Way, World, a, b, c};

#[saga(version = 1)]
async fn three(word: String) -> saga::Result<String> {
    a(&word).await?;
    b(&word).await?;
    let last = c(&word).await?;
    Ok(last)
}
/// Another plan under the same name and version.
mod changed {
    use super::{a, b};
    #[saga::saga(version = 1)]
    pub async fn three(word: String) -> saga::Result<String> {
        b(&word).await?;
        let last = a(&word).await?;
        Ok(last)
    }
}

fn sagas(builder: EngineBuilder<World>) -> EngineBuilder<World> {
    builder.saga(three::definition())
}

const MS: fn(u64) -> Duration = Duration::from_millis;

#[test]
fn a_drain_lets_attempts_end_and_hands_over_without_anything_unknown() {
    let mut lives = Lives::new();
    lives.world.script("b", Way::Do, [Act::Slow(MS(800))]);
    lives.live(sagas, async |life| {
        life.client.start(three("x".into())).id("w").await.unwrap();
        pass(MS(100)).await;
        life.engine.shutdown(Duration::from_secs(10)).await.unwrap();
        assert_eq!(life.world.calls(), ["do a", "do b"]);
        let loaded = life.load("w").await;
        assert_eq!(
            (status(&loaded), loaded.header.worker, loaded.header.unclean),
            (Status::Running, None, false)
        );
        assert_eq!(row(&loaded, "b").effect, TouchedEffect::Done);
        assert_eq!(life.client.start(three("x".into())).await.unwrap_err(), StartError::Busy);
    });
    let loaded = lives.live(sagas, async |life| life.ended("w").await);
    assert_eq!((status(&loaded), loaded.header.takeovers), (Status::Completed, 0));
    assert_eq!(lives.world.calls(), ["do a", "do b", "do c"]);
}

#[test]
fn after_the_grace_what_still_runs_is_given_up_and_unknown() {
    let mut lives = Lives::new();
    lives.world.script("b", Way::Do, [Act::DoneAndHang, Act::Refuse]);
    lives.live(sagas, async |life| {
        life.client.start(three("x".into())).id("w").await.unwrap();
        pass(MS(100)).await;
        life.engine.shutdown(MS(200)).await.unwrap();
        let loaded = life.load("w").await;
        assert_eq!((loaded.header.worker, loaded.header.unclean), (None, false));
        assert_eq!(row(&loaded, "b").effect, TouchedEffect::Unknown);
    });
    let loaded = lives.live(sagas, async |life| life.ended("w").await);
    assert_eq!(status(&loaded), Status::RolledBack);
    assert!(lives.world.effects().is_empty());
}

#[test]
fn a_drain_in_a_pause_keeps_the_time_of_the_next_attempt() {
    let mut lives = Lives::new();
    lives.world.script("b", Way::Do, [Act::RetryAfter(Duration::from_secs(60))]);
    lives.live(sagas, async |life| {
        life.client.start(three("x".into())).id("w").await.unwrap();
        pass(MS(100)).await;
        life.engine.shutdown(Duration::from_secs(10)).await.unwrap();
    });
    lives.live(sagas, async |life| {
        pass(Duration::from_secs(50)).await;
        assert_eq!(life.world.called("do b"), 1, "not before its time");
        assert_eq!(status(&life.ended("w").await), Status::Completed);
    });
}

#[test]
fn a_drain_in_a_rollback_goes_on_with_it_elsewhere() {
    let mut lives = Lives::new();
    lives.world.script("c", Way::Do, [Act::DoneAndLost, Act::Refuse]);
    lives.world.script("b", Way::Undo, [Act::Slow(MS(800))]);
    lives.live(sagas, async |life| {
        life.client.start(three("x".into())).id("w").await.unwrap();
        pass(MS(1000)).await;
        life.engine.shutdown(Duration::from_secs(10)).await.unwrap();
        assert_eq!(status(&life.load("w").await), Status::RollingBack);
    });
    let loaded = lives.live(sagas, async |life| life.ended("w").await);
    assert_eq!(status(&loaded), Status::RolledBack);
    assert!(lives.world.effects().is_empty());
    assert_eq!(lives.world.called("undo b"), 1);
}

#[test]
fn a_shutdown_at_any_moment_loses_nothing() {
    for ms in 0..60 {
        for grace in [0, 10_000] {
            let mut lives = Lives::new();
            let slow = || Act::Slow(MS(15));
            lives.world.script("a", Way::Do, [slow()]).script("b", Way::Do, [slow()]).script(
                "c",
                Way::Do,
                [slow()],
            );
            let started = lives.live(sagas, async |life| {
                let client = life.client.clone();
                let starts = tokio::spawn(async move {
                    let mut durable = vec![];
                    for n in 0..3 {
                        if client.start(three("x".into())).id(format!("w{n}")).await.is_ok() {
                            durable.push(format!("w{n}"));
                        }
                        pass(MS(5)).await;
                    }
                    durable
                });
                pass(MS(ms)).await;
                life.engine.shutdown(MS(grace)).await.unwrap();
                starts.await.unwrap()
            });
            lives.live(sagas, async |life| {
                for workflow in &started {
                    assert_eq!(status(&life.ended(workflow).await), Status::Completed, "{ms} {grace}");
                }
            });
            let there = i64::try_from(started.len()).unwrap();
            assert!(lives.world.effects().values().all(|n| *n == there), "{ms} {grace}");
            assert!(lives.world.doubled().is_empty());
        }
    }
}

#[test]
fn a_workflow_of_another_plan_is_parked_with_the_difference_and_its_unknown_survives() {
    let mut lives = Lives::new();
    lives.world.script("b", Way::Do, [Act::DoneAndHang]);
    lives.live(sagas, async |life| {
        life.client.start(three("x".into())).id("w").await.unwrap();
        pass(MS(100)).await;
    });
    let other = |builder: EngineBuilder<World>| builder.saga(changed::three::definition());
    let parked = lives.live(other, async |life| life.ended("w").await);
    assert_eq!(parked.header.state.failure_reason, Some(saga::store::FailureReason::Definition));
    let words = parked.header.state.error_message.unwrap();
    assert!(words.contains("\n- ") && words.contains("\n+ ") && words.contains("three@1"), "{words}");
    assert_eq!(lives.world.called("do b"), 1);
    // Where its plan is, it can be continued, and what was unknown is unknown still.
    lives.world.script("b", Way::Do, [Act::Refuse]);
    let loaded = lives.live(sagas, async |life| {
        life.client.retry("default", &id("w"), "ada", false).await.unwrap();
        life.ended("w").await
    });
    assert_eq!(status(&loaded), Status::RolledBack);
    assert!(lives.world.effects().is_empty(), "{:?}", lives.world.calls());
}

#[test]
fn a_workflow_of_an_unknown_saga_is_left_alone() {
    let mut lives = Lives::new();
    lives.world.script("a", Way::Do, [Act::Hang]);
    lives.live(sagas, async |life| {
        life.client.start(three("x".into())).id("w").await.unwrap();
        pass(MS(100)).await;
    });
    lives.live(
        |builder| builder,
        async |life| {
            pass(Duration::from_secs(30)).await;
            assert_eq!(
                (status(&life.load("w").await), life.load("w").await.header.worker),
                (Status::Running, None)
            );
        },
    );
    assert_eq!(status(&lives.live(sagas, async |life| life.ended("w").await)), Status::Completed);
}

#[test]
fn on_a_store_of_one_process_a_worker_with_a_successor_stops_at_once_and_writes_nothing_more() {
    Lives::new().live(sagas, async |life| {
        life.engine.shutdown(MS(0)).await.unwrap();
        let engine = || saga::Engine::builder(life.world.clone()).store(life.store.clone());
        let engine = || engine().saga(three::definition()).runtime(life.runtime()).build();
        life.world.script("b", Way::Do, [Act::Slow(MS(900))]);
        let first = engine().await.unwrap();
        first.client().start(three("x".into())).id("w").await.unwrap();
        pass(MS(100)).await;
        // Another incarnation joins the same store: this one is dead from now on.
        let second = engine().await.unwrap();
        let loaded = second.client().ended(&id("w")).await.unwrap();
        assert_eq!(status(&loaded), Status::Completed);
        pass(Duration::from_secs(5)).await;
        assert!(first.is_fenced());
        assert!(first.client().start(three("x".into())).await.is_err());
        assert!(first.shutdown(MS(10)).await.is_err());
        assert!(life.world.doubled().is_empty());
        assert_eq!(life.world.called("do c"), 1);
    });
}

/// Its process was paused, or cut off, and others have taken over: that is no reason to go home.
#[test]
fn where_workers_have_leases_one_that_was_declared_dead_drops_everything_and_comes_back_as_a_new_one() {
    Lives::new().live(sagas, async |life| {
        life.world.script("b", Way::Do, [Act::Slow(MS(900)), Act::Ok]);
        life.client.start(three("x".into())).id("w").await.unwrap();
        pass(MS(100)).await;
        let before = life.engine.worker();
        declare_dead(life).await;
        pass(Duration::from_secs(5)).await;
        assert!(life.engine.worker() > before && !life.engine.is_fenced());
        // As after a crash, what was under way is not known: it is done again, under the same key.
        assert_eq!(status(&life.ended("w").await), Status::Completed);
        assert_eq!((life.world.called("do b"), life.world.called("do c")), (2, 1));
        assert!(life.world.doubled().is_empty());
        // The client that was handed out before is the new worker's too.
        let client = life.client.clone();
        assert!(matches!(
            client.start(three("y".into())).await.unwrap().handle.outcome().await.unwrap(),
            saga::Outcome::Completed(_)
        ));
        life.engine.shutdown(MS(10)).await.unwrap();
    });
}

#[test]
fn a_worker_that_is_shut_down_while_it_is_dead_does_not_come_back() {
    Lives::new().live(sagas, async |life| {
        let before = life.engine.worker();
        life.tap.silence();
        declare_dead(life).await;
        assert_eq!(life.engine.shutdown(MS(10)).await, Ok(()), "it does not know yet");
        life.tap.answer();
        pass(Duration::from_secs(30)).await;
        assert_eq!(life.engine.worker(), before);
    });
}

async fn declare_dead(life: &crate::life::Life) {
    use saga::store::{Join, Store};
    let lease = Duration::from_secs(10);
    let successor = Join { name: "successor".into(), definitions: vec![], plans: vec![], lease };
    let worker = life.store.join(successor).await.unwrap().worker;
    life.store.leave(worker).await.unwrap();
}

/// It says that it is damaged, and would say so for as long as it is asked.
#[test]
fn a_shutdown_on_a_damaged_store_ends_at_once_and_the_next_life_goes_on() {
    let mut lives = Lives::new();
    lives.world.script("a", Way::Do, [Act::Slow(MS(100))]);
    lives.live(sagas, async |life| {
        life.client.start(three("x".into())).id("w").await.unwrap();
        let place = "the database file".to_owned();
        let damaged = StoreError::Corrupt { place, reason: "malformed".to_owned() };
        life.tap.break_writes(Some(damaged.clone()));
        pass(Duration::from_secs(60)).await;
        let began = life.runtime().now();
        // Nobody who starts something is kept waiting either.
        let refused = life.client.start(three("y".into())).id("v").await.unwrap_err();
        assert_eq!(refused, StartError::Store(damaged.clone()), "nobody has tried to write it");
        assert_eq!(life.engine.shutdown(Duration::from_secs(10)).await, Err(damaged));
        let took = life.runtime().now().since(began);
        assert!(took < Duration::from_secs(2), "{took:?}");
        // And nothing is written any more, although it could be now.
        life.tap.break_writes(None);
        let writes = life.tap.writes();
        pass(Duration::from_secs(60)).await;
        assert_eq!(life.tap.writes(), writes);
    });
    assert_eq!(status(&lives.live(sagas, async |life| life.ended("w").await)), Status::Completed);
    assert!(lives.world.doubled().is_empty());
}

#[test]
fn a_shutdown_while_nothing_can_be_written_waits_for_its_grace_and_hardly_longer() {
    let mut lives = Lives::new();
    lives.world.script("a", Way::Do, [Act::Slow(MS(100))]);
    lives.live(sagas, async |life| {
        life.client.start(three("x".into())).id("w").await.unwrap();
        life.tap.break_writes(Some(StoreError::Unavailable("the disk is full".to_owned())));
        pass(Duration::from_secs(60)).await;
        let began = life.runtime().now();
        let left = life.engine.shutdown(Duration::from_secs(3)).await;
        assert!(matches!(left, Err(StoreError::Unavailable(_))), "{left:?}");
        let took = life.runtime().now().since(began);
        assert!(took < Duration::from_secs(5), "{took:?}");
        life.tap.break_writes(None);
        let writes = life.tap.writes();
        pass(Duration::from_secs(60)).await;
        assert_eq!(life.tap.writes(), writes, "it is over");
    });
    assert_eq!(status(&lives.live(sagas, async |life| life.ended("w").await)), Status::Completed);
}
