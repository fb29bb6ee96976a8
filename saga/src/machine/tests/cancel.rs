//! Cancellation and deadlines.

use std::time::Duration;

use super::plans::{Keeps, Pivot, Plain, call, chain, saga};
use super::sim::Sim;
use crate::definition::OnFailure;
use crate::store::{AuditKind, Status};

#[test]
fn a_cancel_lets_the_running_step_end_and_undoes_it_too() {
    let mut sim = Sim::of(chain(&["a", "b", "c"])).on("b", "hang");
    sim.run();
    sim.cancel();
    assert!(sim.machine().is_cancelled());
    sim.answer("b", "ok");
    sim.forget_script();
    sim.run();
    assert_eq!(sim.calls_made(), ["run a", "run b", "undo b", "undo a"]);
    assert_eq!(sim.all_calls.last().unwrap().cause.as_deref(), Some("cancelled by ann"));
}

#[test]
fn a_second_cancel_changes_nothing() {
    let mut sim = Sim::of(chain(&["a", "b"])).on("b", "hang").on("undo a", "hang");
    sim.run();
    sim.cancel();
    sim.cancel();
    sim.answer("b", "refused");
    sim.settle();
    sim.cancel();
    sim.deliver();
    sim.answer("undo a", "ok");
    sim.run();
    assert_eq!(sim.calls_made(), ["run a", "run b", "undo a"]);
    assert_eq!(asked(&sim), ["cancelled by ann"]);
    assert!(sim.journal.inbox.is_empty());
}

/// Two workers that see one tick of a schedule both cancel what it has to end; a person beside them is somebody else.
#[test]
fn whoever_asks_twice_is_told_of_once() {
    let mut sim = Sim::of(chain(&["a", "b"])).on("b", "hang");
    sim.run();
    for by in ["schedule/nightly", "ann", "schedule/nightly", "ann"] {
        assert!(sim.journal.send_cancel_by(by));
    }
    sim.deliver();
    sim.answer("b", "refused");
    sim.run();
    assert_eq!(sim.status(), Status::RolledBack);
    assert_eq!(asked(&sim), ["cancelled by schedule/nightly", "cancelled by ann"]);
    assert!(sim.journal.inbox.is_empty());
}

fn asked(sim: &Sim) -> Vec<&str> {
    let events = sim.journal.audit.iter().filter(|e| e.kind == AuditKind::CancelRequested);
    events.map(|e| &*e.message).collect()
}

/// The decision to roll back meets a signal, is refused and taken again.
#[test]
fn a_decision_that_is_refused_and_taken_again_is_told_once() {
    let mut sim = Sim::of(chain(&["a", "b"])).on("b", "hang");
    sim.run();
    sim.journal.send_cancel();
    sim.answer("b", "refused");
    sim.run();
    assert_eq!(sim.status(), Status::RolledBack);
    let told = |kind: AuditKind| sim.journal.audit.iter().filter(|e| e.kind == kind).count();
    assert_eq!(
        (told(AuditKind::AttemptFailed), told(AuditKind::RollbackStarted)),
        (1, 1),
        "{:?}",
        sim.journal.audit
    );
    let decided = sim.trace.iter().filter(|line| line.ends_with("-> rolling_back")).count();
    assert_eq!(decided, 2, "{:?}", sim.trace);
}

#[test]
fn a_cancel_ends_a_pause() {
    let mut sim = Sim::of(chain(&["a", "b"])).on("b", "wait");
    sim.run_until_idle();
    sim.cancel();
    sim.settle();
    assert_eq!(sim.status(), Status::RolledBack);
}

#[test]
fn a_cancel_rolls_back_whatever_the_failure_policy_says() {
    let mut sim = Sim::of(saga(|s| {
        s.on_failure(OnFailure::Park);
        call::<Plain>(s, "a");
        call::<Plain>(s, "b");
    }))
    .on("b", "hang");
    sim.run();
    sim.cancel();
    sim.answer("b", "refused");
    sim.run();
    assert_eq!(sim.status(), Status::RolledBack);
}

#[test]
fn a_cancel_before_the_first_step_undoes_nothing() {
    let mut sim = Sim::created_elsewhere(chain(&["a"]));
    sim.journal.send_cancel();
    sim.resume();
    sim.run();
    assert!(sim.calls_made().is_empty());
    assert_eq!(sim.status(), Status::RolledBack);
}

#[test]
fn the_deadline_rolls_back_and_a_retry_is_not_bound_by_it() {
    let mut sim = Sim::of(saga(|s| {
        s.deadline(Duration::from_secs(10));
        call::<Plain>(s, "a");
        call::<Plain>(s, "b");
    }))
    .on("b", "wait");
    sim.run();
    assert_eq!(sim.calls_made(), ["run a", "run b", "undo a"]);
    let message = sim.journal.header.state.error_message.clone();
    assert_eq!(message.as_deref(), Some("the workflow's deadline has passed"));

    sim.retry().unwrap();
    sim.resume();
    sim.say("b", "busy");
    sim.run();
    assert_eq!(sim.status(), Status::Completed);
}

#[test]
fn the_deadline_does_not_count_past_the_pivot() {
    let mut sim = Sim::of(saga(|s| {
        s.deadline(Duration::from_secs(10));
        call::<Pivot>(s, "p");
        call::<Keeps>(s, "k");
    }))
    .on("k", "wait ok");
    sim.run();
    assert_eq!(sim.status(), Status::Completed);
}

#[test]
fn a_compensation_is_shielded_from_the_deadline() {
    let mut sim = Sim::of(saga(|s| {
        s.deadline(Duration::from_secs(10));
        call::<Plain>(s, "a");
        call::<Plain>(s, "b");
    }))
    .on("b", "refused")
    .on("undo a", "wait ok");
    sim.run();
    assert_eq!(sim.calls_made(), ["run a", "run b", "undo a", "undo a (2)"]);
}
