//! Failures that the saga tolerates (`.await.ok()`).

use super::plans::{Asked, Local, Looked, Pivot, Plain, call, saga, tolerated};
use super::sim::Sim;
use crate::definition::Definition;
use crate::machine::DebtAction;
use crate::store::{Debt, FailureReason, Status, StepStatus};

fn plan() -> Definition<()> {
    saga(|s| {
        call::<Plain>(s, "a");
        tolerated::<Plain>(s, "t");
        call::<Plain>(s, "c");
    })
}

#[test]
fn a_clean_failure_gives_null_and_the_saga_goes_on() {
    let mut sim = Sim::of(plan()).on("t", "refused");
    sim.run();
    assert_eq!(sim.calls_made(), ["run a", "run t", "run c"]);
    assert_eq!(sim.status(), Status::Completed);
    let row = sim.row("t");
    assert_eq!((row.status, row.output.as_ref().map(|o| o.is_null())), (StepStatus::Failed, Some(true)));
}

#[test]
fn an_unknown_failure_is_undone_at_once_and_the_decision_to_do_so_is_durable_first() {
    let mut sim = Sim::of(plan()).on("t", "lost refused");
    sim.run();
    let from = sim.trace.iter().position(|l| l == "run t (2)").unwrap();
    assert_eq!(
        sim.trace[from..from + 7],
        [
            "run t (2)",
            "write t=compensating?",
            "undo t",
            "write t=compensating?",
            "undo-late t",
            "write t=compensated",
            "run c",
        ]
    );
    assert_eq!(sim.status(), Status::Completed);
}

#[test]
fn what_was_undone_so_is_not_undone_again_by_a_rollback() {
    let mut sim = Sim::of(plan()).on("t", "lost refused").on("c", "refused");
    sim.run();
    assert_eq!(sim.calls_made()[3..], ["undo t", "undo-late t", "run c", "undo a"]);
}

#[test]
fn a_clean_failure_is_not_undone_by_a_rollback() {
    let mut sim = Sim::of(plan()).on("t", "refused").on("c", "refused");
    sim.run();
    assert_eq!(sim.calls_made(), ["run a", "run t", "run c", "undo a"]);
}

#[test]
fn a_success_is_undone_by_a_rollback_like_any_other() {
    let mut sim = Sim::of(plan()).on("c", "refused");
    sim.run();
    assert_eq!(sim.calls_made(), ["run a", "run t", "run c", "undo t", "undo a"]);
}

#[test]
fn a_death_after_the_decision_to_undo_does_not_run_the_step_again() {
    let mut sim = Sim::of(plan()).on("t", "lost refused").on("undo t", "hang");
    sim.run();
    sim.die_and_resume();
    sim.forget_script();
    sim.run();
    let after: Vec<_> =
        sim.trace.iter().skip_while(|l| *l != "dies").filter(|l| !l.starts_with("write")).collect();
    assert_eq!(after, ["dies", "undo t", "undo-late t", "run c", "stop"]);
}

#[test]
fn null_survives_a_death() {
    for word in ["refused", "lost refused"] {
        let mut sim = Sim::of(plan()).on("t", word).on("c", "hang");
        sim.run();
        sim.die_and_resume();
        sim.forget_script();
        sim.run();
        assert_eq!(
            sim.calls_made().iter().filter(|c| c.starts_with("run t")).count(),
            word.split(' ').count()
        );
        assert_eq!(sim.status(), Status::Completed);
    }
}

#[test]
fn an_undo_that_fails_rolls_the_saga_back_and_stays_a_debt() {
    let mut sim =
        Sim::of(plan()).on("t", "lost refused").on("undo t", "refused").on("undo-late t", "refused");
    sim.run();
    assert_eq!(sim.calls_made()[3..], ["undo t", "undo-late t", "undo a"]);
    assert_eq!(sim.journal.header.state.failure_reason, Some(FailureReason::Debts));
    assert_eq!(sim.row("t").debt, Some(Debt::Open));
}

/// A tolerated step behind the pivot, whose undo fails.
fn debt_behind_the_pivot() -> Sim {
    let definition = saga(|s| {
        call::<Plain>(s, "a");
        call::<Pivot>(s, "p");
        tolerated::<Plain>(s, "t");
        tolerated::<Plain>(s, "u");
    });
    let mut sim =
        Sim::of(definition).on("t", "lost refused").on("undo t", "refused").on("undo-late t", "refused");
    sim.run();
    assert_eq!(sim.journal.header.state.failure_reason, Some(FailureReason::Parked));
    assert!(sim.journal.header.state.compensation_error.is_some());
    sim
}

#[test]
fn a_debt_behind_the_pivot_parks_and_its_retry_goes_forward() {
    let mut sim = debt_behind_the_pivot();
    sim.retry().unwrap();
    sim.resume();
    sim.run();
    assert_eq!(sim.calls_made()[6..], ["undo-late t", "run u"]);
    assert_eq!(sim.status(), Status::Completed);
}

#[test]
fn settling_a_debt_behind_the_pivot_does_not_make_the_workflow_rolled_back() {
    let mut sim = debt_behind_the_pivot();
    sim.debt("t", DebtAction::Settle).unwrap_err();
    sim.debt("plain.t", DebtAction::Settle).unwrap();
    assert_eq!(sim.status(), Status::Failed);
    sim.retry().unwrap();
    sim.resume();
    sim.run();
    assert_eq!(sim.calls_made()[6..], ["run u"]);
    assert_eq!(sim.status(), Status::Completed);
    assert_eq!(sim.row("t").debt, Some(Debt::Settled));
}

#[test]
fn what_a_person_has_to_decide_parks_even_where_failures_are_tolerated() {
    let mut sim = Sim::of(saga(|s| tolerated::<Asked>(s, "t"))).on("t", "lost lost lost");
    sim.run();
    assert_eq!(sim.journal.header.state.failure_reason, Some(FailureReason::Parked));
}

#[test]
fn a_look_up_that_finds_nothing_is_enough_to_go_on() {
    let mut sim =
        Sim::of(saga(|s| tolerated::<Looked>(s, "t"))).on("t", "lost refused").on("look t", "absent absent");
    sim.run();
    assert_eq!(sim.calls_made(), ["run t", "run t (2)", "look t", "look t"]);
    assert_eq!(sim.status(), Status::Completed);
}

#[test]
fn a_transaction_that_fails_is_tolerated_without_an_undo() {
    let mut sim = Sim::of(saga(|s| tolerated::<Local>(s, "t"))).on("t", "lost refused");
    sim.run();
    assert_eq!(sim.calls_made(), ["run t", "run t (2)"]);
    assert_eq!(sim.status(), Status::Completed);
}
