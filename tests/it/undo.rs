//! The way back: its order, its patience, and what remains owed.

use std::time::Duration;

use saga::engine::EngineBuilder;
use saga::machine::DebtAction;
use saga::saga;
use saga::store::{Debt, FailureReason, Status, StepStatus};

use crate::life::{Lives, id, row, status, until};
use crate::world::{Act, Way, World, a, b, c, d, e};

#[saga(version = 1)]
async fn joined(word: String) -> saga::Result<String> {
    a(&word).await?;
    let (_, _) = try_join!(b(&word), async {
        c(&word).await?;
        let inner = d(&word).await?;
        Ok(inner)
    })?;
    let last = e(&word).await?;
    Ok(last)
}

fn sagas(builder: EngineBuilder<World>) -> EngineBuilder<World> {
    builder.saga(joined::definition())
}

#[test]
fn guarantee_04_steps_are_undone_in_reverse_and_the_last_branch_of_a_join_first() {
    Lives::new().live(sagas, async |life| {
        // Whatever order they were done in.
        life.world.script("b", Way::Do, [Act::Slow(Duration::from_millis(500))]).script(
            "e",
            Way::Do,
            [Act::Refuse],
        );
        life.client.start(joined("x".into())).id("w").await.unwrap();
        assert_eq!(status(&life.ended("w").await), Status::RolledBack);
        let undone: Vec<_> = life.world.calls().into_iter().filter(|c| c.starts_with("undo")).collect();
        assert_eq!(undone, ["undo d", "undo c", "undo b", "undo a"]);
    });
}

#[test]
fn guarantee_04_a_failing_branch_waits_for_its_sibling_before_anything_is_undone() {
    Lives::new().live(sagas, async |life| {
        life.world.script("b", Way::Do, [Act::Slow(Duration::from_millis(800))]).script(
            "c",
            Way::Do,
            [Act::Refuse],
        );
        life.client.start(joined("x".into())).id("w").await.unwrap();
        assert_eq!(status(&life.ended("w").await), Status::RolledBack);
        assert_eq!(life.world.calls(), ["do a", "do b", "do c", "undo b", "undo a"]);
        assert!(life.world.effects().is_empty());
    });
}

#[test]
fn branches_run_side_by_side() {
    Lives::new().live(sagas, async |life| {
        let slow = || Act::Slow(Duration::from_millis(500));
        life.world.script("b", Way::Do, [slow()]).script("c", Way::Do, [slow()]);
        life.client.start(joined("x".into())).id("w").await.unwrap();
        life.ended("w").await;
        assert_eq!(life.world.most_running(), 2);
    });
}

#[test]
fn guarantee_04_what_is_recorded_as_undone_is_not_undone_again_and_a_cut_off_undo_keeps_its_key() {
    let mut lives = Lives::new();
    lives.world.always("e", Way::Do, Act::Refuse).script("c", Way::Undo, [Act::DoneAndHang]);
    lives.live(sagas, async |life| {
        life.client.start(joined("x".into())).id("w").await.unwrap();
        until(async || life.world.called("undo c") == 1).await;
    });
    lives.live(sagas, async |life| life.ended("w").await);
    let undone: Vec<_> = lives.world.calls().into_iter().filter(|c| c.starts_with("undo")).collect();
    assert_eq!(undone, ["undo d", "undo c", "undo c", "undo b", "undo a"]);
    assert_eq!(lives.world.keys("c", Way::Undo), ["w/c/undo"]);
}

#[test]
fn guarantee_07_compensations_have_a_patience_of_their_own() {
    Lives::new().live(sagas, async |life| {
        // The step's attempts are spent; those of its compensation are not.
        let again = || std::iter::repeat_n(Act::Transient, 2);
        life.world.script("e", Way::Do, [Act::Transient, Act::Transient, Act::DoneAndLost]);
        life.world.script("e", Way::Undo, again()).script("a", Way::Undo, again());
        life.client.start(joined("x".into())).id("w").await.unwrap();
        let loaded = life.ended("w").await;
        assert_eq!(status(&loaded), Status::RolledBack);
        assert_eq!((life.world.called("do e"), life.world.called("undo a")), (3, 3));
        assert_eq!(row(&loaded, "a").undo_attempts, 3);
        assert_eq!(life.audit("w").await.iter().filter(|k| *k == "compensation_attempt_failed").count(), 4);
    });
}

#[test]
fn guarantee_07_a_compensation_that_fails_for_good_is_owed_and_the_others_go_on() {
    Lives::new().live(sagas, async |life| {
        life.world.script("e", Way::Do, [Act::Refuse]);
        life.world.script("d", Way::Undo, [Act::Refuse]).script(
            "b",
            Way::Undo,
            std::iter::repeat_n(Act::Transient, 3),
        );
        life.client.start(joined("x".into())).id("w").await.unwrap();
        let loaded = life.ended("w").await;
        assert_eq!(status(&loaded), Status::Failed);
        assert_eq!(loaded.header.state.failure_reason, Some(FailureReason::Debts));
        let owed: Vec<_> =
            loaded.steps.iter().filter(|r| r.debt == Some(Debt::Open)).map(|r| &*r.step_name).collect();
        assert_eq!(owed, ["b", "d"]);
        assert!(owed.iter().all(|step| row(&loaded, step).status == StepStatus::CompensationFailed));
        assert_eq!(life.world.effects().into_keys().collect::<Vec<_>>(), ["b", "d"]);
        let error = loaded.header.state.compensation_error.unwrap();
        assert!(error.contains("step 4 (d)") && error.contains("step 2 (b)"), "{error}");

        let debt = async |step: &str, action| {
            life.client.change_debt("default", &id("w"), step, action, "note", "ada").await
        };
        assert!(debt("c", DebtAction::Settle).await.unwrap_err().to_string().contains("owes nothing at `c`"));
        debt("d", DebtAction::Settle).await.unwrap();
        assert_eq!(status(&life.load("w").await), Status::Failed);
        debt("b", DebtAction::Retry).await.unwrap();
        let loaded = life.ended("w").await;
        assert_eq!(status(&loaded), Status::RolledBack);
        assert_eq!(row(&loaded, "d").debt, Some(Debt::Settled));
        assert_eq!(row(&loaded, "d").debt_note.as_deref(), Some("note"));
        assert_eq!(
            life.world.effects().into_keys().collect::<Vec<_>>(),
            ["d"],
            "a person has undone it, we are told"
        );
        let audit = life.audit("w").await;
        for kind in ["compensation_failed", "debt_settled", "retried", "compensated", "rolled_back"] {
            assert!(audit.iter().any(|k| k == kind), "{kind} in {audit:?}");
        }
    });
}

#[test]
fn guarantee_07_an_operators_retry_tries_all_debts_again_as_often_as_it_is_allowed() {
    Lives::new().live(sagas, async |life| {
        life.world.script("e", Way::Do, [Act::Refuse]).script(
            "a",
            Way::Undo,
            std::iter::repeat_n(Act::Refuse, 4),
        );
        life.client.start(joined("x".into())).id("w").await.unwrap();
        life.ended("w").await;
        for _ in 0..3 {
            life.client.retry("default", &id("w"), "ada", false).await.unwrap();
            assert_eq!(life.ended("w").await.header.state.failure_reason, Some(FailureReason::Debts));
        }
        let spent = life.client.retry("default", &id("w"), "ada", false).await.unwrap_err();
        assert!(spent.to_string().contains("retried 3 times"), "{spent}");
        life.client.retry("default", &id("w"), "ada", true).await.unwrap();
        let loaded = life.ended("w").await;
        assert_eq!((status(&loaded), loaded.header.state.retry_count), (Status::RolledBack, 4));
        assert_eq!(life.world.called("undo b"), 1);
    });
}

#[test]
fn two_retries_at_once_are_one_retry() {
    Lives::new().live(sagas, async |life| {
        life.world.script("e", Way::Do, [Act::Refuse]);
        life.client.start(joined("x".into())).id("w").await.unwrap();
        life.ended("w").await;
        let workflow = id("w");
        let retry = || life.client.retry("default", &workflow, "ada", false);
        let (one, two) = futures_util::future::join(retry(), retry()).await;
        assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
        let loaded = life.ended("w").await;
        assert_eq!((status(&loaded), loaded.header.state.run), (Status::Completed, 2));
        assert_eq!(life.world.effects().len(), 5);
    });
}
