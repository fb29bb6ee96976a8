//! The store is away for a while: what was acknowledged stays, what was not is not claimed, nothing is doubled.

use std::time::Duration;

use saga::engine::EngineBuilder;
use saga::saga;
use saga::store::Status;

use crate::life::{Lives, id, pass, status};
use crate::world::{Act, Way, World, a, b, c, once, recorded};

#[saga(version = 1)]
async fn mixed(word: String) -> saga::Result<String> {
    a(&word).await?;
    recorded().await?;
    once().await?;
    b(&word).await?;
    let last = c(&word).await?;
    Ok(last)
}

fn sagas(builder: EngineBuilder<World>) -> EngineBuilder<World> {
    builder.saga(mixed::definition())
}

#[test]
fn writes_that_fail_or_whose_answers_are_lost_are_sent_again_and_recognised() {
    for lost in [false, true] {
        for refuse in [false, true] {
            for at in 0..40 {
                Lives::new().live(sagas, async |life| {
                    let slow = || Act::Slow(Duration::from_millis(3));
                    for step in ["a", "b", "once", "recorded"] {
                        life.world.script(step, Way::Do, [slow()]).script(step, Way::Undo, [slow()]);
                    }
                    if refuse {
                        life.world.script("c", Way::Do, [Act::Refuse]);
                    }
                    let client = life.client.clone();
                    let start = tokio::spawn(async move { client.start(mixed("x".into())).id("w").await });
                    pass(Duration::from_millis(at)).await;
                    if lost {
                        life.store.lose_answers(3)
                    } else {
                        life.store.fail_commits(3)
                    }
                    start.await.unwrap().unwrap();
                    let expected = if refuse { Status::RolledBack } else { Status::Completed };
                    assert_eq!(status(&life.ended("w").await), expected, "{lost} {at}");
                    assert_eq!(life.world.effects().len(), if refuse { 0 } else { 5 });
                    assert!(life.world.doubled().is_empty());
                    assert_eq!(life.world.called("do a"), 1);
                    let audit = life.audit("w").await;
                    assert!(audit.iter().filter(|k| *k == "rolled_back").count() <= 1, "{audit:?}");
                });
            }
        }
    }
}

#[test]
fn an_outage_of_an_hour_is_waited_for() {
    Lives::new().live(sagas, async |life| {
        life.world.script("a", Way::Do, [Act::Slow(Duration::from_millis(100))]);
        life.client.start(mixed("x".into())).id("w").await.unwrap();
        life.tap.shut();
        pass(Duration::from_secs(3600)).await;
        assert_eq!(life.world.calls(), ["do a"]);
        life.tap.open();
        assert_eq!(status(&life.ended("w").await), Status::Completed);
    });
}

#[test]
fn a_shutdown_during_an_outage_ends_and_the_next_worker_goes_on() {
    let mut lives = Lives::new();
    lives.world.script("a", Way::Do, [Act::Slow(Duration::from_millis(100))]);
    lives.live(sagas, async |life| {
        life.client.start(mixed("x".into())).id("w").await.unwrap();
        life.tap.shut();
        pass(Duration::from_secs(1)).await;
        life.engine.shutdown(Duration::from_secs(1)).await.unwrap();
        life.tap.open();
        pass(Duration::from_secs(1)).await;
        // What was waiting at the door came too late.
        assert_eq!(life.load("w").await.steps.len(), 0);
    });
    assert_eq!(status(&lives.live(sagas, async |life| life.ended("w").await)), Status::Completed);
    assert_eq!(lives.world.called("do a"), 2);
    assert!(lives.world.doubled().is_empty());
}

#[test]
fn a_worker_whose_lease_has_run_out_sends_nothing_until_it_is_renewed() {
    Lives::new().live(sagas, async |life| {
        life.world.script("b", Way::Do, [Act::RetryAfter(Duration::from_secs(30))]);
        life.client.start(mixed("x".into())).id("w").await.unwrap();
        pass(Duration::from_secs(1)).await;
        life.tap.silence();
        pass(Duration::from_secs(60)).await;
        assert_eq!(life.world.called("do b"), 1, "its time has come, and nobody knows who may go on");
        life.tap.answer();
        assert_eq!(status(&life.ended("w").await), Status::Completed);
        assert!(!life.engine.is_fenced());
    });
}

#[test]
fn a_decision_that_meets_signals_is_taken_again() {
    // Every decision of a rollback is refused once, because somebody else has written the header.
    for at in 0..60 {
        Lives::new().live(sagas, async |life| {
            let slow = || Act::Slow(Duration::from_millis(4));
            for step in ["a", "b", "once", "recorded"] {
                life.world.script(step, Way::Do, [slow()]).script(step, Way::Undo, [slow()]);
            }
            life.world.script("c", Way::Do, [Act::Refuse]);
            life.client.start(mixed("x".into())).id("w").await.unwrap();
            pass(Duration::from_millis(at)).await;
            life.tap.shut();
            pass(Duration::from_millis(2)).await;
            let _ = life.client.cancel("default", &id("w"), "ada").await;
            pass(Duration::from_millis(2)).await;
            life.tap.open();
            assert_eq!(status(&life.ended("w").await), Status::RolledBack, "{at}");
            assert!(life.world.effects().is_empty(), "{at}");
        });
    }
}
