//! What steps answer, and what becomes of the saga.

use std::time::Duration;

use saga::StepError;
use saga::store::FailureReason;
use saga::testing::{CallEnd, CallKind, Landed, SagaTest};

use crate::sagas::{World, activate, allocate, connect, connecting};

#[tokio::test]
async fn what_is_not_stubbed_runs_for_real() {
    let report = connecting().run(connect("Ada".to_owned())).await;
    assert_eq!(report.assert_completed(), "A1 at 7");
    report.assert_ran(["allocate", "activate"]).assert_skipped(["write_to"]).assert_undone([]);
    assert_eq!(report.resources().pool.taken(), ["Ada"]);
    let call = report.calls_of::<activate>()[0];
    assert_eq!((call.arg::<u32>("ip"), call.scripted), (7, true));
    assert!(!call.key.is_empty() && !report.calls_of::<allocate>()[0].scripted);
}

#[tokio::test]
async fn a_refusal_undoes_what_was_done_and_not_what_was_refused() {
    let test = connecting().fail::<activate>(StepError::permanent("ONU serial not found"));
    let report = test.run(connect("Ada".to_owned())).await;
    report.assert_rolled_back().assert_undone(["allocate"]);
    assert_eq!(report.resources().pool.taken(), [""; 0]);
    let message = report.workflow().header.state.error_message.as_deref();
    assert!(message.unwrap().contains("ONU serial not found"));
}

#[tokio::test]
async fn outcomes_follow_each_other_and_pauses_of_minutes_pass_at_once() {
    let report = connecting()
        .fail_once::<activate>(StepError::transient("busy"))
        .stub_once::<activate>(|args| Err(StepError::transient(format!("busy at {}", args.attempt()))))
        .run(connect("Ada".to_owned()))
        .await;
    report.assert_completed();
    let ends: Vec<_> = report.calls_of::<activate>().iter().map(|call| (call.attempt, call.at)).collect();
    assert_eq!(ends.len(), 3, "{report}");
    assert!(
        report.elapsed() >= Duration::from_secs(20 * 60) && report.elapsed() < Duration::from_secs(3600),
        "{report}"
    );
}

#[tokio::test]
async fn what_landed_unknown_to_anybody_is_found_and_undone() {
    let report = connecting().unknown::<activate>(Landed::Yes).run(connect("Ada".to_owned())).await;
    report.assert_rolled_back().assert_undone(["activate", "allocate"]);
    let found = report.calls_of::<activate>().iter().any(|call| matches!(call.end, CallEnd::Found(Some(_))));
    assert!(found, "{report}");
}

#[tokio::test]
async fn what_did_not_land_is_looked_for_and_not_undone() {
    let report = connecting().unknown::<activate>(Landed::No).run(connect("Ada".to_owned())).await;
    report.assert_rolled_back().assert_undone(["allocate"]);
    let looked = report.calls_of::<activate>().iter().any(|call| call.end == CallEnd::Found(None));
    assert!(looked, "{report}");
}

#[tokio::test]
async fn a_lost_answer_of_a_step_that_runs_for_real_leaves_its_effect() {
    let report = connecting()
        .unknown_once::<allocate>(Landed::Yes)
        .fail::<activate>(StepError::permanent("no"))
        .run(connect("Ada".to_owned()))
        .await;
    report.assert_rolled_back().assert_undone(["allocate"]);
    assert_eq!(report.calls_of::<allocate>().iter().filter(|c| c.kind == CallKind::Run).count(), 2);
    assert_eq!(report.resources().pool.taken(), [""; 0]);
}

#[tokio::test]
async fn what_was_adopted_stays() {
    let report = SagaTest::new(World::default())
        .adopted::<allocate>(|_| Ok(9))
        .fail::<activate>(StepError::permanent("no"))
        .run(connect("Ada".to_owned()))
        .await;
    report.assert_rolled_back().assert_undone([]);
    assert!(matches!(report.calls()[0].end, CallEnd::Adopted(_)));
}

#[tokio::test]
async fn an_undo_that_fails_for_good_is_a_debt() {
    let report = connecting()
        .fail::<activate>(StepError::permanent("no"))
        .fail_undo::<allocate>(StepError::permanent("it is in use"))
        .run(connect("Ada".to_owned()))
        .await;
    report.assert_failed(FailureReason::Debts).assert_undone([]);
    let debts = report.debts();
    assert_eq!(debts.len(), 1);
    assert_eq!((&*debts[0].step, debts[0].error.contains("in use")), ("allocate", true));
}

#[tokio::test]
async fn an_undo_that_fails_once_is_tried_again() {
    let report = connecting()
        .fail::<activate>(StepError::permanent("no"))
        .fail_undo_once::<allocate>(StepError::transient("busy"))
        .run(connect("Ada".to_owned()))
        .await;
    report.assert_rolled_back().assert_undone(["allocate"]);
    assert_eq!(report.resources().pool.taken(), [""; 0]);
}
