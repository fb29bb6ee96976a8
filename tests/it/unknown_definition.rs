//! A workflow whose definition no worker knows: left alone, told, and parked in the end.

use std::time::Duration;

use saga::engine::EngineBuilder;
use saga::saga;
use saga::store::{FailureReason, Status};

use crate::life::{Lives, id, pass, status};
use crate::world::{Act, Way, World, a, b, c};

mod older {
    use super::*;
    #[saga(version = 1)]
    pub(super) async fn trip(word: String) -> saga::Result<String> {
        let done = a(&word).await?;
        Ok(done)
    }
}
mod newer {
    use super::*;
    #[saga(version = 2)]
    pub(super) async fn trip(word: String) -> saga::Result<String> {
        a(&word).await?;
        let done = b(&word).await?;
        Ok(done)
    }
}
#[saga(version = 1)]
async fn voyage(word: String) -> saga::Result<String> {
    let done = c(&word).await?;
    Ok(done)
}

fn old(builder: EngineBuilder<World>) -> EngineBuilder<World> {
    builder.saga(older::trip::definition())
}
fn new(builder: EngineBuilder<World>) -> EngineBuilder<World> {
    old(builder).saga(newer::trip::definition()).saga(voyage::definition())
}

const MINUTE: Duration = Duration::from_secs(60);

/// A newer process has begun a workflow, and dies.
fn begun(act: Act) -> Lives {
    let mut lives = Lives::new();
    lives.world.script("b", Way::Do, [act]);
    lives.live(new, async |life| {
        life.client.start(newer::trip("x".into())).id("w").await.unwrap();
        pass(Duration::from_millis(100)).await;
    });
    lives
}

#[test]
fn guarantee_13_what_no_worker_knows_is_left_alone_told_and_parked_after_ten_minutes() {
    let mut lives = begun(Act::DoneAndHang);
    lives.live(old, async |life| {
        for _ in 0..9 {
            pass(MINUTE).await;
            assert_eq!(status(&life.load("w").await), Status::Running);
        }
        let stranded = life.client.stranded().await.unwrap();
        assert_eq!(stranded.len(), 1);
        assert_eq!(
            (&stranded[0].definition, stranded[0].workflows),
            (newer::trip::definition::<World>().id(), 1)
        );
        // What this one knows goes on beside it.
        let handle = life.client.start(older::trip("x".into())).await.unwrap().handle;
        handle.outcome().await.unwrap();
        pass(2 * MINUTE).await;
        let parked = life.ended("w").await;
        assert_eq!(parked.header.state.failure_reason, Some(FailureReason::Definition));
        let words = parked.header.state.error_message.unwrap();
        assert!(words.contains("start one that knows trip@2, then retry the workflow"), "{words}");
        assert_eq!(life.client.stranded().await.unwrap(), []);
    });
    // Nobody has said meanwhile what was under way: `b` is done again under the key that it had.
    lives.live(new, async |life| {
        life.client.retry("default", &id("w"), "ada", false).await.unwrap();
        assert_eq!(status(&life.ended("w").await), Status::Completed);
        assert_eq!(life.world.effects().values().copied().collect::<Vec<_>>(), [2, 1]);
        assert!(life.world.doubled().is_empty());
    });
}

#[test]
fn guarantee_13_a_worker_that_comes_back_in_time_finds_its_workflows_as_they_were() {
    let mut lives = begun(Act::Hang);
    lives.live(old, async |_| pass(9 * MINUTE).await);
    lives.live(new, async |life| {
        assert_eq!(life.client.stranded().await.unwrap(), []);
        assert_eq!(status(&life.ended("w").await), Status::Completed);
    });
}

/// Finding 61: no life of the old version has ten minutes, and together they have.
#[test]
fn the_ten_minutes_go_on_in_the_next_life_of_whoever_does_not_know_it() {
    let mut lives = begun(Act::Hang);
    for _ in 0..3 {
        lives.live(old, async |life| {
            pass(3 * MINUTE).await;
            assert_eq!(status(&life.load("w").await), Status::Running);
        });
    }
    lives.live(old, async |life| {
        pass(2 * MINUTE).await;
        let parked = life.ended("w").await;
        assert_eq!(parked.header.state.failure_reason, Some(FailureReason::Definition));
    });
}

/// Finding 61: one that knows it may die before it has done anything; the next one then has its ten minutes.
#[test]
fn the_ten_minutes_begin_anew_when_somebody_has_come_who_knows_it() {
    let mut lives = begun(Act::Hang);
    lives.live(old, async |_| pass(9 * MINUTE).await);
    lives.world.script("b", Way::Do, [Act::Hang]);
    lives.live(new, async |_| ());
    lives.live(old, async |life| {
        pass(9 * MINUTE).await;
        assert_eq!(status(&life.load("w").await), Status::Running);
        pass(2 * MINUTE).await;
        life.ended("w").await;
    });
}

#[test]
fn each_workflow_of_an_unknown_definition_has_its_ten_minutes() {
    Lives::new().live(old, async |life| {
        let api = life.api([voyage::definition::<World>().plan().clone()]);
        api.start(voyage("x".into())).id("first").await.unwrap();
        pass(9 * MINUTE).await;
        api.start(voyage("x".into())).id("second").await.unwrap();
        pass(5 * MINUTE).await;
        assert_eq!(status(&life.load("first").await), Status::Failed);
        assert_eq!(status(&life.load("second").await), Status::Pending);
        pass(6 * MINUTE).await;
        assert_eq!(status(&life.load("second").await), Status::Failed);
    });
}
