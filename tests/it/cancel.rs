//! Cancellation and deadlines roll back; past the pivot there is only forward.

use std::time::Duration;

use saga::engine::EngineBuilder;
use saga::saga;
use saga::store::{FailureReason, Status};

use crate::life::{Lives, id, pass, status};
use crate::world::{Act, Way, World, a, b, c, pivot, welcome};

#[saga(version = 1)]
async fn plain(word: String) -> saga::Result<String> {
    a(&word).await?;
    b(&word).await?;
    let last = c(&word).await?;
    Ok(last)
}
#[saga(version = 1, deadline = "10s")]
async fn hurried(word: String) -> saga::Result<String> {
    a(&word).await?;
    let last = b(&word).await?;
    Ok(last)
}
#[saga(version = 1, deadline = "10s")]
async fn past(word: String) -> saga::Result<String> {
    a(&word).await?;
    pivot().await?;
    let last = welcome().await?;
    Ok(last)
}

fn sagas(builder: EngineBuilder<World>) -> EngineBuilder<World> {
    builder.saga(plain::definition()).saga(hurried::definition()).saga(past::definition())
}

const MS: fn(u64) -> Duration = Duration::from_millis;

#[test]
fn guarantee_08_a_cancel_rolls_back_and_a_second_one_changes_nothing() {
    Lives::new().live(sagas, async |life| {
        life.world.script("b", Way::Do, [Act::Slow(MS(800))]).script("a", Way::Undo, [Act::Slow(MS(800))]);
        life.client.start(plain("x".into())).id("w").await.unwrap();
        pass(MS(100)).await;
        life.client.cancel("default", &id("w"), "ada").await.unwrap();
        life.client.cancel("default", &id("w"), "bob").await.unwrap();
        pass(MS(1000)).await;
        assert_eq!(status(&life.load("w").await), Status::RollingBack);
        life.client.cancel("default", &id("w"), "bob").await.unwrap();
        let loaded = life.ended("w").await;
        assert_eq!(status(&loaded), Status::RolledBack);
        assert_eq!(loaded.header.state.error_message.as_deref(), Some("cancelled by ada"));
        // What ran was waited for; the compensation was shielded.
        assert_eq!(life.world.calls(), ["do a", "do b", "undo b", "undo a"]);
        let refused = life.client.cancel("default", &id("w"), "bob").await.unwrap_err();
        assert!(refused.to_string().contains("rolled_back"), "{refused}");
        assert!(life.client.cancel("somebody else", &id("w"), "bob").await.is_err());
    });
}

#[test]
fn guarantee_08_a_step_that_listens_stops_half_way() {
    Lives::new().live(sagas, async |life| {
        life.world.script("b", Way::Do, [Act::UntilCancelled]);
        life.client.start(plain("x".into())).id("w").await.unwrap();
        pass(MS(100)).await;
        life.client.cancel("default", &id("w"), "ada").await.unwrap();
        assert_eq!(status(&life.ended("w").await), Status::RolledBack);
        assert_eq!(life.world.calls(), ["do a", "do b", "undo a"]);
    });
}

#[test]
fn guarantee_08_a_cancel_between_attempts_takes_the_place_of_the_next_one() {
    Lives::new().live(sagas, async |life| {
        life.world.script("b", Way::Do, [Act::RetryAfter(Duration::from_secs(3600))]);
        life.client.start(plain("x".into())).id("w").await.unwrap();
        pass(MS(100)).await;
        life.client.cancel("default", &id("w"), "ada").await.unwrap();
        pass(MS(100)).await;
        assert_eq!(status(&life.load("w").await), Status::RolledBack);
        assert_eq!(life.world.calls(), ["do a", "do b", "undo a"]);
    });
}

#[test]
fn guarantee_08_a_cancel_meets_every_moment() {
    // At whatever moment it comes: the workflow ends, with all or with nothing.
    for ms in 0..40 {
        Lives::new().live(sagas, async |life| {
            let slow = || Act::Slow(MS(10));
            life.world.script("a", Way::Do, [slow()]).script("b", Way::Do, [slow()]).script(
                "c",
                Way::Do,
                [slow()],
            );
            life.client.start(plain("x".into())).id("w").await.unwrap();
            pass(MS(ms)).await;
            let cancelled = life.client.cancel("default", &id("w"), "ada").await;
            let there = life.world.effects().len();
            let ended = status(&life.ended("w").await);
            match cancelled {
                Ok(()) if ended == Status::RolledBack => assert!(life.world.effects().is_empty()),
                _ => assert_eq!((ended, life.world.effects().len()), (Status::Completed, 3), "{ms} {there}"),
            }
        });
    }
}

#[test]
fn guarantee_08_a_cancel_that_nobody_heard_is_heard_by_the_next_worker() {
    let mut lives = Lives::new();
    lives.world.always("b", Way::Do, Act::Hang);
    lives.live(sagas, async |life| {
        life.client.start(plain("x".into())).id("w").await.unwrap();
        pass(MS(100)).await;
        // The process dies in the moment in which the message is written.
        use saga::store::{SignalKind, Store};
        life.store.send("default", &id("w"), SignalKind::Cancel, "ada").await.unwrap();
    });
    lives.world.always("b", Way::Do, Act::Ok);
    let loaded = lives.live(sagas, async |life| life.ended("w").await);
    assert_eq!(status(&loaded), Status::RolledBack);
    // It may not go on past the message: neither the interrupted step nor the next one.
    assert_eq!(lives.world.called("do b") + lives.world.called("do c"), 1, "{:?}", lives.world.calls());
    assert!(lives.world.effects().is_empty());
}

#[test]
fn guarantee_08_a_cancel_between_two_owners_is_heard_before_anything_starts() {
    let mut lives = Lives::new();
    lives.world.script("b", Way::Do, [Act::Slow(MS(500))]);
    lives.live(sagas, async |life| {
        life.client.start(plain("x".into())).id("w").await.unwrap();
        pass(MS(100)).await;
        life.engine.shutdown(Duration::from_secs(5)).await.unwrap();
        let client = life.api([plain::definition::<World>().plan().clone()]);
        client.cancel("default", &id("w"), "ada").await.unwrap();
    });
    let loaded = lives.live(sagas, async |life| life.ended("w").await);
    assert_eq!(status(&loaded), Status::RolledBack);
    assert_eq!(lives.world.calls(), ["do a", "do b", "undo b", "undo a"]);
}

#[test]
fn guarantee_08_a_start_for_others_that_is_cancelled_at_once_does_nothing() {
    let mut lives = Lives::new();
    lives.live(
        |builder| builder,
        async |life| {
            let client = life.api([plain::definition::<World>().plan().clone()]);
            client.start(plain("x".into())).id("w").await.unwrap();
            client.cancel("default", &id("w"), "ada").await.unwrap();
        },
    );
    let loaded = lives.live(sagas, async |life| life.ended("w").await);
    assert_eq!(status(&loaded), Status::RolledBack);
    assert_eq!(lives.world.calls(), [""; 0]);
}

#[test]
fn guarantee_08_a_deadline_rolls_back() {
    Lives::new().live(sagas, async |life| {
        life.world.script("b", Way::Do, [Act::RetryAfter(Duration::from_secs(3600))]);
        life.client.start(hurried("x".into())).id("w").await.unwrap();
        pass(Duration::from_secs(9)).await;
        assert_eq!(status(&life.load("w").await), Status::Running);
        pass(Duration::from_secs(2)).await;
        let loaded = life.load("w").await;
        assert_eq!(status(&loaded), Status::RolledBack);
        assert!(loaded.header.state.error_message.unwrap().contains("deadline"));
        assert!(life.world.effects().is_empty());
    });
    // Also when nobody lived at that time.
    let mut lives = Lives::new();
    lives.world.script("b", Way::Do, [Act::RetryAfter(Duration::from_secs(3600))]);
    lives.live(sagas, async |life| {
        life.client.start(hurried("x".into())).id("w").await.unwrap();
        pass(Duration::from_secs(1)).await;
    });
    lives.live(|builder| builder, async |_| pass(Duration::from_secs(20)).await);
    let loaded = lives.live(sagas, async |life| life.ended("w").await);
    assert_eq!(status(&loaded), Status::RolledBack);
    assert_eq!(lives.world.called("do b"), 1);
}

#[test]
fn guarantee_08_past_a_done_pivot_there_is_only_forward() {
    Lives::new().live(sagas, async |life| {
        life.world.script("welcome", Way::Do, std::iter::repeat_n(Act::Transient, 200));
        life.client.start(past("x".into())).id("w").await.unwrap();
        pass(MS(100)).await;
        let refused = life.client.cancel("default", &id("w"), "ada").await.unwrap_err();
        assert!(refused.to_string().contains("past its pivot `pivot`"), "{refused}");
        // Its deadline of ten seconds passes too: after 200 attempts it completes.
        let loaded = life.ended("w").await;
        assert_eq!(status(&loaded), Status::Completed);
        assert_eq!(life.world.effects().len(), 3);

        life.world.script("welcome", Way::Do, [Act::Refuse]);
        life.client.start(past("x".into())).id("v").await.unwrap();
        let loaded = life.ended("v").await;
        assert_eq!(loaded.header.state.failure_reason, Some(FailureReason::Parked));
        assert!(life.world.called("undo a") == 0);
        life.client.retry("default", &id("v"), "ada", false).await.unwrap();
        assert_eq!(status(&life.ended("v").await), Status::Completed);
    });
}

#[test]
fn guarantee_08_a_cancel_while_the_pivot_runs_comes_too_late_or_in_time() {
    for (act, expected) in [(Act::Slow(MS(500)), Status::Completed), (Act::Refuse, Status::RolledBack)] {
        Lives::new().live(sagas, async |life| {
            life.world.script("pivot", Way::Do, [Act::RetryAfter(MS(200)), act]);
            life.client.start(past("x".into())).id("w").await.unwrap();
            pass(MS(250)).await;
            // It runs (or was refused just now): the store takes the message while it is live.
            let _ = life.client.cancel("default", &id("w"), "ada").await;
            let loaded = life.ended("w").await;
            assert_eq!(status(&loaded), expected);
            if expected == Status::Completed {
                assert!(life.audit("w").await.contains(&"cancel_refused".to_owned()));
            }
        });
    }
}
