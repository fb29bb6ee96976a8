//! What is seen of a workflow while it runs, and a person's `UPDATE` at that moment.

use std::time::Duration;

use saga::engine::EngineBuilder;
use saga::store::{FailureReason, Status, StepStatus};
use saga::{Config, saga};

use crate::life::{Lives, id, pass, row, status, steps};
use crate::world::{Act, Way, World, a, b, c};

#[saga(version = 1)]
async fn three(word: String) -> saga::Result<String> {
    a(&word).await?;
    b(&word).await?;
    let last = c(&word).await?;
    Ok(last)
}

fn sagas(builder: EngineBuilder<World>) -> EngineBuilder<World> {
    builder.saga(three::definition())
}

#[test]
fn a_running_step_is_shown_at_once_and_written_down_when_it_runs_long() {
    Lives::new().live(sagas, async |life| {
        life.world.script("a", Way::Do, [Act::Slow(Duration::from_millis(900))]);
        life.client.start(three("x".into())).id("w").await.unwrap();
        pass(Duration::from_millis(50)).await;
        let view = life.client.workflow("default", &id("w")).await.unwrap();
        assert_eq!((view.steps.len(), view.steps[0].status), (1, StepStatus::Running));
        assert_eq!(steps(&life.load("w").await), []);
        pass(Duration::from_millis(400)).await;
        assert_eq!(steps(&life.load("w").await), [("a".to_owned(), StepStatus::Running)]);
        let done = life.ended("w").await;
        assert!(done.steps.iter().all(|r| r.status == StepStatus::Completed));
        assert!(life.client.workflow("somebody else", &id("w")).await.is_err());
    });
}

#[test]
fn an_operators_update_by_hand_sticks_and_can_be_retried() {
    let config = Config { poll_interval: Duration::from_millis(200), ..Config::default() };
    Lives::with(config).live(sagas, async |life| {
        life.world.script("b", Way::Do, [Act::Slow(Duration::from_millis(800))]);
        life.client.start(three("x".into())).id("w").await.unwrap();
        pass(Duration::from_millis(50)).await;
        life.store.set_status_by_hand(&id("w"), Status::Failed);
        let loaded = life.ended("w").await;
        assert_eq!(loaded.header.state.failure_reason, Some(FailureReason::Operator));
        // What ran was waited for and written down; nothing further started.
        assert_eq!(row(&loaded, "b").status, StepStatus::Completed);
        assert_eq!(life.world.calls(), ["do a", "do b"]);
        pass(Duration::from_secs(5)).await;
        life.client.retry("default", &id("w"), "ada", false).await.unwrap();
        assert_eq!(status(&life.ended("w").await), Status::Completed);
        assert_eq!(life.world.calls(), ["do a", "do b", "do c"]);
    });
}
