//! Somebody else wrote the header: decisions are refused, facts never.

use super::plans::{Pivot, Plain, call, chain, saga};
use super::sim::Sim;
use crate::machine::Event;
use crate::store::{FailureReason, Status, StepStatus, TouchedEffect};

#[test]
fn a_cancel_that_meets_the_completion_is_seen() {
    let mut sim = Sim::of(chain(&["a"])).on("a", "hang");
    sim.run();
    sim.answer("a", "ok");
    // The decision is on its way; the store hears of the cancellation first.
    sim.journal.send_cancel();
    sim.run();
    assert_eq!(sim.calls_made(), ["run a", "undo a"]);
    assert_eq!(sim.status(), Status::RolledBack);
    assert!(sim.journal.inbox.is_empty());
}

#[test]
fn a_cancel_that_is_delivered_while_the_completion_is_under_way_is_not_lost() {
    let mut sim = Sim::of(chain(&["a"])).on("a", "hang");
    sim.run();
    sim.answer("a", "ok");
    sim.cancel();
    sim.run();
    assert_eq!(sim.status(), Status::RolledBack);
}

#[test]
fn a_cancel_that_comes_while_the_completion_waits_for_its_turn_is_heeded() {
    let definition = saga(|s| {
        s.join(|s| call::<Plain>(s, "a"), |s| call::<Plain>(s, "b"));
    });
    let mut sim = Sim::of(definition).on("a", "hang").on("b", "hang");
    sim.run();
    sim.answer("a", "ok");
    sim.answer("b", "ok");
    // `a` is being written; `b` and the completion come next.
    sim.cancel();
    sim.run();
    assert_eq!(sim.calls_made()[2..], ["undo b", "undo a"]);
    assert_eq!(sim.status(), Status::RolledBack);
}

#[test]
fn a_refused_rollback_is_decided_again_and_nothing_is_undone_before() {
    let mut sim = Sim::of(chain(&["a", "b"])).on("b", "hang");
    sim.run();
    sim.answer("b", "refused");
    sim.journal.send_cancel();
    sim.acknowledge();
    assert!(sim.calls.is_empty());
    sim.run();
    assert_eq!(sim.calls_made(), ["run a", "run b", "undo a"]);
    assert_eq!(sim.status(), Status::RolledBack);
}

#[test]
fn a_signal_stays_in_the_inbox_until_the_decision_to_which_it_led() {
    let definition = saga(|s| {
        s.join(|s| call::<Plain>(s, "a"), |s| call::<Plain>(s, "b"));
    });
    let mut sim = Sim::of(definition).on("a", "hang").on("b", "hang");
    sim.run();
    sim.cancel();
    // A fact comes first: it decides nothing.
    sim.answer("a", "ok");
    sim.settle();
    assert_eq!(sim.journal.inbox.len(), 1);
    // So a death before the decision does not lose it.
    sim.die_and_resume();
    sim.forget_script();
    sim.run();
    assert_eq!(sim.status(), Status::RolledBack);
    assert!(sim.journal.inbox.is_empty());
}

#[test]
fn a_status_set_by_hand_is_never_overwritten_and_what_runs_is_written_down() {
    let mut sim = Sim::of(chain(&["a", "b"])).on("a", "hang");
    sim.run();
    sim.journal.fail_by_hand();
    let header = Box::new(sim.journal.header.clone());
    sim.feed(Event::Header(header));
    assert!(sim.machine.is_some(), "it waits for what runs");
    sim.answer("a", "ok");
    sim.run();
    assert_eq!(sim.calls_made(), ["run a"]);
    assert_eq!((sim.status(), sim.journal.header.worker), (Status::Failed, None));
    assert_eq!(sim.journal.header.state.failure_reason, Some(FailureReason::Operator));
    assert_eq!((sim.row("a").status, sim.row("a").effect), (StepStatus::Completed, TouchedEffect::Done));

    sim.retry().unwrap();
    sim.resume();
    sim.run();
    assert_eq!(sim.calls_made(), ["run a", "run b"]);
    assert_eq!(sim.status(), Status::Completed);
}

#[test]
fn a_status_set_by_hand_that_meets_the_completion_stays() {
    let mut sim = Sim::of(chain(&["a"])).on("a", "hang");
    sim.run();
    sim.answer("a", "ok");
    sim.journal.fail_by_hand();
    sim.run();
    assert_eq!(sim.status(), Status::Failed);
    sim.retry().unwrap();
    sim.resume();
    sim.run();
    assert_eq!(sim.calls_made(), ["run a"]);
    assert_eq!(sim.status(), Status::Completed);
}

#[test]
fn an_unknown_attempt_under_a_status_set_by_hand_stays_unknown() {
    let mut sim = Sim::of(chain(&["a"])).on("a", "hang");
    sim.run();
    sim.journal.fail_by_hand();
    let header = Box::new(sim.journal.header.clone());
    sim.feed(Event::Header(header));
    sim.answer("a", "lost");
    sim.run();
    sim.retry().unwrap();
    sim.resume();
    sim.forget_script();
    sim.say("a", "refused");
    sim.run();
    assert_eq!(sim.calls_made(), ["run a", "run a", "undo a", "undo-late a"]);
}

#[test]
fn a_rollback_stopped_by_hand_goes_on_backward() {
    let mut sim = Sim::of(chain(&["a", "b", "c"])).on("c", "refused").on("undo b", "hang");
    sim.run();
    sim.journal.fail_by_hand();
    let header = Box::new(sim.journal.header.clone());
    sim.feed(Event::Header(header));
    sim.answer("undo b", "ok");
    sim.run();
    assert_eq!(sim.status(), Status::Failed);
    sim.cancel_stopped().unwrap_err();
    sim.retry().unwrap();
    assert_eq!(sim.status(), Status::RollingBack);
    sim.resume();
    sim.run();
    assert_eq!(sim.calls_made()[3..], ["undo b", "undo a"]);
    assert_eq!(sim.status(), Status::RolledBack);
}

#[test]
fn whether_a_stopped_run_was_going_back_is_not_taken_from_an_earlier_one() {
    let mut sim = Sim::of(chain(&["a", "b"])).on("b", "refused");
    sim.run();
    sim.retry().unwrap();
    sim.resume();
    sim.say("b", "hang");
    sim.run();
    sim.journal.fail_by_hand();
    let header = Box::new(sim.journal.header.clone());
    sim.feed(Event::Header(header));
    sim.answer("b", "ok");
    sim.run();
    sim.retry().unwrap();
    sim.resume();
    sim.run();
    assert_eq!(sim.status(), Status::Completed);
}

#[test]
fn a_suspects_intent_to_undo_does_not_outlive_a_refused_decision() {
    let mut sim = Sim::of(chain(&["a", "b"])).on("b", "hang hang hang");
    sim.run();
    for _ in 0..2 {
        sim.die_and_resume();
        sim.run();
    }
    sim.answer("b", "refused");
    sim.journal.fail_by_hand();
    sim.run();
    assert_eq!(sim.row("a").status, StepStatus::Completed);
    sim.retry().unwrap();
    sim.resume();
    sim.forget_script();
    sim.run();
    assert!(sim.calls_made().iter().all(|call| call.starts_with("run")), "{:#?}", sim.trace);
    assert_eq!(sim.status(), Status::Completed);
}

#[test]
fn all_of_a_resumed_workflows_mail_is_read_before_anything_is_decided() {
    let mut sim = Sim::of(saga(|s| {
        call::<Pivot>(s, "p");
    }))
    .on("p", "hang");
    sim.run();
    sim.answer("p", "ok");
    sim.journal.send_cancel();
    sim.journal.send_cancel();
    // The fact gets through, the decision does not; and nobody learns it.
    sim.die_and_resume();
    sim.run();
    assert_eq!(sim.status(), Status::Completed);
    assert!(sim.journal.inbox.is_empty());
}

#[test]
fn a_machine_that_learns_at_once_that_somebody_ended_it_writes_down_what_was_cut_off_and_lets_go() {
    let mut sim = Sim::of(chain(&["a"])).on("a", "hang");
    sim.run();
    sim.die(true);
    sim.wake();
    sim.journal.fail_by_hand();
    let header = Box::new(sim.journal.header.clone());
    sim.feed(Event::Header(header));
    sim.settle();
    assert_eq!(
        (sim.machine.is_none(), sim.status(), sim.journal.header.worker),
        (true, Status::Failed, None)
    );
    assert_eq!(sim.row("a").effect, TouchedEffect::Unknown);
}

#[test]
fn a_workflow_that_belongs_to_somebody_else_is_dropped_at_once() {
    let mut sim = Sim::of(chain(&["a"])).on("a", "hang");
    sim.run();
    sim.answer("a", "ok");
    sim.journal.orphan();
    sim.acknowledge();
    assert!(sim.machine.is_none());
    assert_eq!(sim.trace.last().map(String::as_str), Some("stop"));
}
