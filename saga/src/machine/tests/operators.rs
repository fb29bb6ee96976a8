//! Retry and cancel on workflows that have come to rest, and idempotency keys over all of it.

use super::plans::{Keeps, Pivot, Plain, call, chain, saga, tolerated};
use super::sim::Sim;
use crate::definition::OnFailure;
use crate::id::CommitId;
use crate::machine::{CallKind, OperatorRefusal, retry};
use crate::store::{AuditKind, FailureReason, Status};

#[test]
fn what_is_under_way_or_done_cannot_be_retried() {
    let mut sim = Sim::of(chain(&["a"])).on("a", "hang");
    sim.run();
    assert!(matches!(sim.retry(), Err(OperatorRefusal::WrongState { status: Status::Running, .. })));
    sim.answer("a", "ok");
    sim.run();
    assert!(matches!(sim.retry(), Err(OperatorRefusal::WrongState { status: Status::Completed, .. })));
    sim.cancel_stopped().unwrap_err();
}

/// A node may have any name.
#[test]
fn the_engines_marks_do_not_stand_among_the_users_values() {
    let mut sim = Sim::of(chain(&["a", "b"])).on("a", "hang").on("undo a", "hang");
    for _ in 0..3 {
        sim.run();
        sim.die_and_resume();
    }
    sim.forget_script();
    sim.say("b", "refused");
    sim.say("undo a", "hang");
    sim.run();
    let state = &sim.journal.header.state;
    assert!(state.turned_back && state.leaves_intents);
    assert_eq!(state.context.as_ref().map(|context| context.as_str()), Some("{}"));
}

#[test]
fn retries_are_counted_and_bounded_unless_forced() {
    let mut sim = Sim::of(chain(&["a"])).on("a", "refused refused refused refused refused");
    sim.run();
    for n in 1..=3 {
        sim.retry().unwrap();
        assert_eq!(sim.journal.header.state.retry_count, n);
        sim.resume();
        sim.run();
    }
    let loaded = sim.journal.loaded();
    let refused = retry(&loaded, None, "ann", false, sim.now, CommitId(1));
    assert!(matches!(refused, Err(OperatorRefusal::RetriesSpent { retries: 3, .. })));
    retry(&loaded, None, "ann", true, sim.now, CommitId(1)).unwrap();
}

#[test]
fn a_rolled_back_workflow_begins_a_new_run_under_new_keys_and_keeps_the_first() {
    let mut sim = Sim::of(chain(&["a", "b"])).on("b", "refused");
    sim.run();
    sim.retry().unwrap();
    assert_eq!((sim.status(), sim.journal.header.state.run), (Status::Pending, 2));
    sim.resume();
    sim.run();
    assert_eq!(sim.status(), Status::Completed);
    assert_eq!(sim.keys("a", CallKind::Run), ["wf/plain.a", "wf/plain.a/r2.0"]);
    assert_eq!(sim.journal.rows.len(), 4);
    assert!(sim.journal.audit.iter().any(|e| e.kind == AuditKind::Retried && e.run == 2));
}

/// `a` is done, `b` stopped the saga with this answer.
fn parked(word: &str) -> Sim {
    let mut sim = Sim::of(saga(|s| {
        s.on_failure(OnFailure::Park);
        call::<Plain>(s, "a");
        tolerated::<Plain>(s, "t");
        call::<Plain>(s, "b");
        call::<Plain>(s, "c");
    }))
    .on("t", "refused")
    .on("b", word);
    sim.run();
    assert_eq!(sim.journal.header.state.failure_reason, Some(FailureReason::Parked));
    sim
}

#[test]
fn a_parked_workflow_goes_on_from_the_failed_step_and_repeats_nothing_else() {
    let mut sim = parked("refused");
    sim.retry().unwrap();
    assert_eq!(sim.status(), Status::Pending);
    sim.resume();
    sim.run();
    assert_eq!(sim.calls_made(), ["run a", "run t", "run b", "run b", "run c"]);
    let state = &sim.journal.header.state;
    assert_eq!((state.status, &state.current_step, &state.error_message), (Status::Completed, &None, &None));
}

#[test]
fn a_refused_request_gets_a_new_key_and_an_unknown_one_never() {
    let mut sim = parked("refused");
    sim.retry().unwrap();
    sim.resume();
    sim.run();
    assert_eq!(sim.keys("b", CallKind::Run), ["wf/plain.b", "wf/plain.b/r1.1"]);

    let mut sim = parked("lost lost lost");
    sim.retry().unwrap();
    sim.resume();
    sim.run();
    assert_eq!(sim.keys("b", CallKind::Run), ["wf/plain.b"; 4]);
    assert_eq!(sim.row("b").attempts, 1);
}

#[test]
fn the_undo_of_a_later_key_is_its_own() {
    let mut sim = parked("refused");
    sim.retry().unwrap();
    sim.resume();
    sim.say("c", "refused");
    sim.run();
    sim.cancel_stopped().unwrap();
    sim.resume();
    sim.run();
    assert_eq!(sim.keys("b", CallKind::Undo), ["wf/plain.b/r1.1/undo"]);
    assert_eq!(sim.status(), Status::RolledBack);
}

#[test]
fn a_parked_workflow_can_be_cancelled_and_is_rolled_back() {
    let mut sim = parked("lost lost lost");
    sim.cancel_stopped().unwrap();
    assert_eq!(sim.status(), Status::RollingBack);
    sim.resume();
    sim.run();
    assert_eq!(sim.calls_made()[5..], ["undo b", "undo-late b", "undo a"]);
    assert_eq!(sim.status(), Status::RolledBack);
    assert_eq!(sim.all_calls.last().unwrap().cause.as_deref(), Some("cancelled by ann"));
}

#[test]
fn past_the_pivot_nobody_cancels() {
    let mut sim = Sim::of(saga(|s| {
        call::<Plain>(s, "a");
        call::<Pivot>(s, "p");
        call::<Keeps>(s, "k");
    }))
    .on("k", "refused");
    sim.run();
    assert!(matches!(sim.cancel_stopped(), Err(OperatorRefusal::PastPivot { .. })));
}

#[test]
fn what_was_stopped_by_hand_while_its_worker_died_is_retried_before_it_can_be_cancelled() {
    let mut sim = Sim::of(chain(&["a"])).on("a", "hang");
    sim.run();
    sim.journal.fail_by_hand();
    sim.die(true);
    sim.cancel_stopped().unwrap_err();
    sim.retry().unwrap();
    sim.resume();
    sim.forget_script();
    sim.say("a", "refused");
    sim.run();
    assert_eq!(sim.calls_made(), ["run a", "run a", "undo a", "undo-late a"]);
}

#[test]
fn keys_differ_by_node_direction_pass_and_run_and_are_the_same_for_all_attempts() {
    let mut sim = Sim::of(chain(&["a", "b"])).on("a", "lost busy ok").on("b", "lost refused");
    sim.run();
    let mut keys = std::collections::BTreeMap::new();
    for call in &sim.all_calls {
        let what = (call.step, call.kind == CallKind::Undo, &*call.key);
        keys.entry(call.key.to_string()).or_insert(what);
        assert_eq!(keys[&*call.key], what);
    }
    assert_eq!(
        keys.keys().collect::<Vec<_>>(),
        ["wf/plain.a", "wf/plain.a/undo", "wf/plain.b", "wf/plain.b/undo", "wf/plain.b/undo-late"]
    );
}
