//! A workflow that takes its worker down is found out, and no innocent with it.

use std::time::Duration;

use saga::engine::EngineBuilder;
use saga::store::{FailureReason, Status};
use saga::{StepContext, saga, step};

use crate::life::{Lives, pass, status};
use crate::world::{Act, Way, World, a, d, welcome};

/// The process dies when it has been running for a moment.
#[step(
    compensate = undo_lethal(world, cx), timeout = "1s", settle_after = "500ms",
    retry(max_attempts = 50, backoff = fixed("100ms"), jitter = none)
)]
async fn lethal(#[inject] world: &World, cx: &StepContext) -> saga::Result<()> {
    world.attempt("lethal", Way::Do, cx).await
}
async fn undo_lethal(world: &World, cx: &StepContext) -> saga::Result<()> {
    world.attempt("lethal", Way::Undo, cx).await
}

#[saga(version = 1)]
async fn deadly(word: String) -> saga::Result<()> {
    a(&word).await?;
    lethal().await?;
    Ok(())
}
#[saga(version = 1)]
async fn patient(word: String) -> saga::Result<String> {
    a(&word).await?;
    let last = welcome().await?;
    Ok(last)
}
#[saga(version = 1)]
async fn busy(word: String) -> saga::Result<String> {
    a(&word).await?;
    let last = d(&word).await?;
    Ok(last)
}

fn sagas(builder: EngineBuilder<World>) -> EngineBuilder<World> {
    builder.saga(deadly::definition()).saga(patient::definition()).saga(busy::definition())
}

const MS: fn(u64) -> Duration = Duration::from_millis;

#[test]
fn a_workflow_that_kills_its_worker_again_and_again_is_parked_and_the_others_are_not() {
    let mut lives = Lives::new();
    lives.world.always("lethal", Way::Do, Act::Hang);
    lives.world.script("welcome", Way::Do, std::iter::repeat_n(Act::RetryAfter(Duration::from_secs(20)), 20));
    lives.world.script("d", Way::Do, (0..50).map(|_| Act::Slow(MS(150))));
    lives.live(sagas, async |life| {
        life.client.start(deadly("x".into())).id("deadly").await.unwrap();
        life.client.start(patient("x".into())).id("patient").await.unwrap();
        for n in 0..5 {
            life.client.start(busy("x".into())).id(format!("busy{n}")).await.unwrap();
        }
        pass(MS(100)).await;
    });
    let mut deaths = 1;
    loop {
        let poisoned = lives.live(sagas, async |life| {
            let before = life.world.called("do lethal");
            for _ in 0..200 {
                pass(MS(10)).await;
                if status(&life.load("deadly").await) == Status::Failed {
                    return true;
                }
                if life.world.called("do lethal") > before {
                    // Now it takes the process down.
                    pass(MS(20)).await;
                    return false;
                }
            }
            panic!("{deaths}: {:?} {:#?}", life.world.calls(), life.load("deadly").await);
        });
        if poisoned {
            break;
        }
        deaths += 1;
        assert!(deaths < 20, "nobody stops it");
    }
    assert!(deaths >= 4, "{deaths}");
    lives.live(sagas, async |life| {
        let parked = life.load("deadly").await;
        assert_eq!(parked.header.state.failure_reason, Some(FailureReason::Poison));
        let words = parked.header.state.error_message.unwrap();
        assert!(words.contains("step 2 (lethal)"), "{words}");
        for n in 0..5 {
            assert_eq!(status(&life.ended(&format!("busy{n}")).await), Status::Completed);
        }
        assert_eq!(status(&life.ended("patient").await), Status::Completed);
    });
}

#[test]
fn a_suspect_that_only_waits_keeps_no_other_suspect_waiting() {
    let mut lives = Lives::new();
    lives.world.script("welcome", Way::Do, std::iter::repeat_n(Act::RetryAfter(Duration::from_secs(20)), 4));
    lives.world.script("d", Way::Do, [Act::Hang, Act::Hang, Act::Hang]);
    for life in 0..3 {
        lives.live(sagas, async |at| {
            if life == 0 {
                at.client.start(patient("x".into())).id("a_patient").await.unwrap();
                at.client.start(busy("x".into())).id("busy").await.unwrap();
            }
            pass(MS(100)).await;
        });
    }
    lives.live(sagas, async |life| {
        assert!(life.load("busy").await.header.takeovers >= 2);
        pass(Duration::from_secs(10)).await;
        assert_eq!(status(&life.load("busy").await), Status::Completed);
        assert_eq!(status(&life.load("a_patient").await), Status::Running);
        assert_eq!(status(&life.ended("a_patient").await), Status::Completed);
    });
}
