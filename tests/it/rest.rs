//! Every workflow comes to rest, and says how.

use std::time::Duration;

use saga::engine::{EngineBuilder, WorkflowEventKind};
use saga::store::{FailureReason, Status, StepStatus, TouchedEffect};
use saga::{OnFailure, Outcome, saga};

use crate::life::{Lives, id, row, status};
use crate::world::{Act, Way, World, a, b, c, look, welcome};

#[saga(version = 1)]
async fn three(word: String) -> saga::Result<String> {
    a(&word).await?;
    let middle = b(&word).await.ok();
    let last = c(&middle.unwrap_or_default()).await?;
    Ok(last)
}

#[saga(version = 1, on_failure = park)]
async fn parking(word: String) -> saga::Result<String> {
    a(&word).await?;
    let last = b(&word).await?;
    Ok(last)
}

#[saga(version = 1)]
async fn quirky(word: String) -> saga::Result<String> {
    let seen = look().await?;
    a(&word).await?;
    let checked = check(&word, &seen)?;
    b(&checked).await?;
    welcome().await?;
    Ok(finish(&checked))
}

fn check(word: &str, _seen: &str) -> saga::Result<String> {
    assert_ne!(word, "panic", "a closure panics");
    if word == "refuse" {
        Err(saga::StepError::permanent("refused by a closure"))
    } else {
        Ok(word.to_owned())
    }
}

fn finish(word: &str) -> String {
    assert_ne!(word, "panic at the end", "a closure panics");
    word.to_owned()
}

fn sagas(builder: EngineBuilder<World>) -> EngineBuilder<World> {
    builder.saga(three::definition()).saga(parking::definition()).saga(quirky::definition())
}

#[test]
fn guarantee_03_all_done_all_undone_or_stopped_with_the_debts() {
    Lives::new().live(sagas, async |life| {
        let completed = life.client.start(three("x".into())).await.unwrap().handle;
        assert_eq!(
            completed.outcome().await.unwrap(),
            Outcome::Completed(format!("{}/c.last", completed.id()))
        );

        life.world.script("c", Way::Do, [Act::Refuse]);
        let rolled_back = life.client.start(three("x".into())).await.unwrap().handle;
        let message = "Step 3 (c) failed: refused".to_owned();
        assert_eq!(rolled_back.outcome().await.unwrap(), Outcome::RolledBack { message });

        life.world.script("c", Way::Do, [Act::Refuse]).script("a", Way::Undo, [Act::Refuse]);
        let failed = life.client.start(three("x".into())).await.unwrap().handle;
        let Outcome::Failed { reason, debts, .. } = failed.outcome().await.unwrap() else { panic!() };
        assert_eq!((reason, debts.len(), &*debts[0].step), (FailureReason::Debts, 1, "a"));
        assert_eq!(debts[0].target_system.as_deref(), Some("world"));
    });
}

#[test]
fn a_typed_handle_is_found_again_after_a_restart() {
    let mut lives = Lives::new();
    lives.live(sagas, async |life| {
        life.client.start(three("x".into())).id("w").await.unwrap();
        life.ended("w").await;
    });
    lives.live(sagas, async |life| {
        let handle = life.client.handle::<three>(id("w"));
        assert_eq!(handle.outcome().await.unwrap(), Outcome::Completed("w/c.last".into()));
        let wrong = life.client.handle::<look>(id("nobody"));
        assert!(wrong.outcome().await.unwrap_err().to_string().contains("there is no workflow nobody"));
    });
}

#[test]
fn a_tolerated_failure_is_undone_at_once_and_the_saga_goes_on() {
    Lives::new().live(sagas, async |life| {
        life.world.script("b", Way::Do, [Act::DoneAndLost, Act::Refuse]);
        life.client.start(three("x".into())).id("w").await.unwrap();
        let loaded = life.ended("w").await;
        assert_eq!(status(&loaded), Status::Completed);
        assert_eq!(row(&loaded, "b").status, StepStatus::Compensated);
        let calls = life.world.calls();
        let at = |call: &str| calls.iter().rposition(|c| c == call).unwrap();
        assert!(at("undo b") < at("do c"), "{calls:?}");
        assert!(!life.world.effects().contains_key("b"));

        // Refused for certain: there is nothing to undo.
        life.world.script("b", Way::Do, [Act::Refuse]);
        life.client.start(three("x".into())).id("v").await.unwrap();
        let loaded = life.ended("v").await;
        assert_eq!((status(&loaded), row(&loaded, "b").status), (Status::Completed, StepStatus::Failed));
        assert_eq!(row(&loaded, "b").effect, TouchedEffect::None);
    });
}

#[test]
fn a_tolerated_failure_whose_undo_fails_rolls_the_others_back_and_is_owed() {
    Lives::new().live(sagas, async |life| {
        life.world.script("b", Way::Do, [Act::DoneAndLost, Act::Refuse]).always("b", Way::Undo, Act::Refuse);
        life.client.start(three("x".into())).id("w").await.unwrap();
        let loaded = life.ended("w").await;
        assert_eq!(loaded.header.state.failure_reason, Some(FailureReason::Debts));
        assert_eq!(life.world.effects().into_keys().collect::<Vec<_>>(), ["b"]);
    });
}

#[test]
fn a_parking_saga_keeps_what_is_done_and_goes_on_from_the_failed_step() {
    assert_eq!(parking::definition::<World>().plan().on_failure(), OnFailure::Park);
    Lives::new().live(sagas, async |life| {
        life.world.script("b", Way::Do, [Act::Refuse]);
        life.client.start(parking("x".into())).id("w").await.unwrap();
        let loaded = life.ended("w").await;
        assert_eq!(loaded.header.state.failure_reason, Some(FailureReason::Parked));
        assert_eq!(loaded.header.state.current_step.as_deref(), Some("b"));
        assert_eq!(life.world.effects().len(), 1);
        life.client.retry("default", &id("w"), "ada", false).await.unwrap();
        assert_eq!(status(&life.ended("w").await), Status::Completed);
        assert_eq!(life.world.calls(), ["do a", "do b", "do b"]);
    });
}

#[test]
fn a_wrong_configuration_parks_whatever_the_saga_says_and_goes_on_after_a_retry() {
    Lives::new().live(sagas, async |life| {
        life.world.script("c", Way::Do, [Act::Misconfigured]);
        life.client.start(three("x".into())).id("w").await.unwrap();
        let loaded = life.ended("w").await;
        assert_eq!(loaded.header.state.failure_reason, Some(FailureReason::Configuration));
        assert!(loaded.header.state.error_message.as_ref().unwrap().contains("wrong password"));
        life.client.retry("default", &id("w"), "ada", false).await.unwrap();
        assert_eq!(status(&life.ended("w").await), Status::Completed);
        assert_eq!(life.world.called("do a"), 1);
    });
}

#[test]
fn panicking_steps_count_as_unknown_and_panicking_closures_as_failures() {
    Lives::new().live(sagas, async |life| {
        life.world.script("c", Way::Do, [Act::DoneAndPanic, Act::Panic, Act::Refuse]);
        life.client.start(three("x".into())).id("w").await.unwrap();
        assert_eq!(status(&life.ended("w").await), Status::RolledBack);
        assert!(life.world.called("undo c") > 0 && life.world.effects().is_empty());

        for (word, message) in [
            ("panic", "panicked"),
            ("refuse", "refused by a closure"),
            ("panic at the end", "the output failed: panicked"),
        ] {
            let handle = life.client.start(quirky(word.into())).await.unwrap().handle;
            let Outcome::RolledBack { message: words } = handle.outcome().await.unwrap() else { panic!() };
            assert!(words.contains(message), "{words}");
        }
        assert!(!life.world.effects().contains_key("a") && !life.world.effects().contains_key("b"));
        // The engine is well.
        let handle = life.client.start(quirky("x".into())).await.unwrap().handle;
        assert_eq!(handle.outcome().await.unwrap(), Outcome::Completed("x".into()));
    });
}

#[test]
fn a_retriable_step_is_tried_until_it_succeeds_and_parks_when_refused() {
    Lives::new().live(sagas, async |life| {
        life.world.script("welcome", Way::Do, std::iter::repeat_n(Act::Transient, 50));
        life.client.start(quirky("x".into())).id("w").await.unwrap();
        assert_eq!(status(&life.ended("w").await), Status::Completed);
        assert_eq!(life.world.called("do welcome"), 51);
        life.world.script("welcome", Way::Do, [Act::Refuse]);
        life.client.start(quirky("x".into())).id("v").await.unwrap();
        assert_eq!(life.ended("v").await.header.state.failure_reason, Some(FailureReason::Parked));
    });
}

#[test]
fn a_result_that_no_store_can_hold_is_undone_and_so_is_one_that_says_it_with_a_nul() {
    Lives::new().live(sagas, async |life| {
        for answer in ["x".repeat(2 << 20), "nul \0".to_owned()] {
            life.world.script("c", Way::Do, [Act::Answer(answer)]);
            let handle = life.client.start(three("x".into())).await.unwrap().handle;
            let Outcome::RolledBack { message } = handle.outcome().await.unwrap() else { panic!() };
            assert!(message.contains("the result cannot be stored"), "{message}");
            assert!(life.world.effects().is_empty());
        }
        for words in ["x".repeat(2 << 20), "nul \0".to_owned()] {
            life.world.script("c", Way::Do, [Act::Say(words.clone())]).script(
                "a",
                Way::Undo,
                [Act::Say(words)],
            );
            let handle = life.client.start(three("x".into())).await.unwrap().handle;
            let Outcome::Failed { reason, .. } = handle.outcome().await.unwrap() else { panic!() };
            assert_eq!(reason, FailureReason::Debts);
        }
    });
}

/// Values that are each small enough, and together too large for one row.
#[saga(version = 1)]
async fn heavy(word: String) -> saga::Result<String> {
    a(&word).await?;
    let one = large(&word);
    let two = large(&word);
    b(&word).await?;
    Ok(format!("{}", one.len() + two.len()))
}

/// The same, with nothing after them: they travel with the decision that completes it.
#[saga(version = 1)]
async fn heavy_end(word: String) -> saga::Result<String> {
    a(&word).await?;
    let one = large(&word);
    let two = large(&word);
    Ok(format!("{}", one.len() + two.len()))
}

/// The same before the first step.
#[saga(version = 1)]
async fn heavy_start(word: String) -> saga::Result<String> {
    let one = large(&word);
    let two = large(&word);
    a(&word).await?;
    Ok(format!("{}", one.len() + two.len()))
}

fn large(word: &str) -> String {
    word.repeat(600 << 10)
}

#[test]
fn values_that_are_too_large_together_roll_back_and_nothing_hangs() {
    let sagas = |builder: EngineBuilder<World>| {
        builder.saga(heavy::definition()).saga(heavy_end::definition()).saga(heavy_start::definition())
    };
    Lives::new().live(sagas, async |life| {
        let handle = life.client.start(heavy("x".into())).await.unwrap().handle;
        assert!(matches!(handle.outcome().await.unwrap(), Outcome::RolledBack { .. }));
        let handle = life.client.start(heavy_end("x".into())).await.unwrap().handle;
        assert!(matches!(handle.outcome().await.unwrap(), Outcome::RolledBack { .. }));
        let refused = life.client.start(heavy_start("x".into())).id("w").await.unwrap_err();
        assert!(refused.to_string().contains("the context has"), "{refused}");
        assert!(life.world.effects().is_empty());
        // Nothing is left running.
        life.engine.shutdown(Duration::ZERO).await.unwrap();
    });
}

#[test]
fn events_tell_what_happens_in_order() {
    Lives::new().live(sagas, async |life| {
        let mut events = life.engine.events();
        life.world.script("c", Way::Do, [Act::Transient, Act::Refuse]);
        life.client.start(three("x".into())).id("w").await.unwrap();
        let mut told = vec![];
        loop {
            let event = events.next().await.unwrap();
            assert_eq!((event.workflow_id, &*event.workflow_type), (id("w"), "three"));
            let ended = matches!(event.kind, WorkflowEventKind::Ended(_));
            told.push(match event.kind {
                WorkflowEventKind::Started => "started".to_owned(),
                WorkflowEventKind::StepStarted { step, attempt } => format!("{step} {attempt}"),
                WorkflowEventKind::StepCompleted { step } => format!("{step} done"),
                WorkflowEventKind::StepFailed { step, attempt, error } => format!("{step} {attempt} {error}"),
                WorkflowEventKind::CompensationStarted { step } => format!("undo {step}"),
                WorkflowEventKind::StepCompensated { step } => format!("{step} undone"),
                WorkflowEventKind::Ended(status) => status.to_string(),
                other => format!("{other:?}"),
            });
            if ended {
                break;
            }
        }
        let expected = [
            "started",
            "a 1",
            "a done",
            "b 1",
            "b done",
            "c 1",
            "c 1 not reachable",
            "c 2",
            "c 2 refused",
            "undo b",
            "b undone",
            "undo a",
            "a undone",
            "rolled_back",
        ];
        assert_eq!(told, expected);
    });
}
