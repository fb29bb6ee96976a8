//! A step fails for good.

use super::plans::{Plain, Reads, call, chain, saga};
use super::sim::Sim;
use crate::definition::OnFailure;
use crate::store::{FailureReason, Status, StepStatus, TouchedEffect};

#[test]
fn whichever_step_is_refused_those_before_it_are_undone_in_reverse_and_it_is_not() {
    let names = ["a", "b", "c", "d"];
    for failing in 0..names.len() {
        let mut sim = Sim::of(chain(&names)).on(names[failing], "refused");
        sim.run();
        let forward = names[..=failing].iter().map(|n| format!("run {n}"));
        let back = names[..failing].iter().rev().map(|n| format!("undo {n}"));
        assert_eq!(sim.calls_made(), forward.chain(back).collect::<Vec<_>>());
        assert_eq!(sim.status(), Status::RolledBack);
        assert_eq!(sim.row(names[failing]).status, StepStatus::Failed);
    }
}

#[test]
fn undoing_k_steps_costs_k_and_one_commits_of_which_the_first_decides() {
    let mut sim = Sim::of(chain(&["a", "b", "c"])).on("c", "refused");
    sim.run();
    let written: Vec<_> = sim.trace.iter().filter(|line| line.starts_with("write")).collect();
    assert_eq!(
        written[3..],
        ["write c=failed -> rolling_back", "write b=compensated", "write a=compensated -> rolled_back"]
    );
}

#[test]
fn no_undo_begins_before_the_decision_is_durable_nor_before_the_undo_after_it() {
    let mut sim = Sim::of(chain(&["a", "b", "c"])).on("c", "hang");
    sim.run();
    sim.answer("c", "refused");
    assert!(sim.calls.is_empty());
    sim.acknowledge();
    sim.answer("undo b", "ok");
    assert!(sim.calls.is_empty());
    sim.acknowledge();
    sim.answer("undo a", "ok");
    sim.run();
    assert_eq!(sim.status(), Status::RolledBack);
}

#[test]
fn the_cause_reaches_the_compensation_and_the_header() {
    let mut sim = Sim::of(chain(&["a", "b"])).on("b", "refused");
    sim.run();
    let undo = sim.all_calls.last().unwrap();
    assert_eq!(undo.cause.as_deref(), Some("Step 2 (plain) failed: refused"));
    assert_eq!(sim.journal.header.state.error_message.as_deref(), undo.cause.as_deref());
    assert_eq!(sim.journal.header.state.current_step.as_deref(), Some("plain"));
}

#[test]
fn a_compensation_gets_the_output_and_the_arguments() {
    let mut sim = Sim::of(chain(&["a", "b"])).on("a", "made").on("b", "refused");
    sim.run();
    let (run, undo) = (&sim.all_calls[0], sim.all_calls.last().unwrap());
    assert_eq!(undo.output.as_ref().map(|o| o.as_str()), Some("\"made\""));
    assert_eq!(undo.args, run.args);
    assert_eq!(undo.forward_key, run.key);
}

#[test]
fn adopted_and_reading_steps_are_never_undone() {
    let definition = saga(|s| {
        call::<Plain>(s, "adopted");
        call::<Reads>(s, "read");
        call::<Plain>(s, "c");
    });
    let mut sim = Sim::of(definition).on("adopted", "adopted").on("read", "lost ok").on("c", "refused");
    sim.run();
    assert_eq!(sim.calls_made(), ["run adopted", "run read", "run read (2)", "run c"]);
    assert_eq!(sim.row("adopted").effect, TouchedEffect::None);
    assert_eq!(sim.status(), Status::RolledBack);
}

#[test]
fn wrong_configuration_parks_whatever_the_failure_policy_says() {
    let mut sim = Sim::of(chain(&["a", "b"])).on("b", "config");
    sim.run();
    assert_eq!(sim.calls_made(), ["run a", "run b"]);
    assert_eq!(sim.status(), Status::Failed);
    assert_eq!(sim.journal.header.state.failure_reason, Some(FailureReason::Configuration));

    sim.retry().unwrap();
    sim.resume();
    sim.run();
    assert_eq!(sim.status(), Status::Completed);
    assert_eq!(sim.journal.header.state.failure_reason, None);
}

#[test]
fn a_saga_that_parks_keeps_what_is_done() {
    let mut sim = Sim::of(saga(|s| {
        s.on_failure(OnFailure::Park);
        call::<Plain>(s, "a");
        call::<Plain>(s, "b");
    }))
    .on("b", "refused");
    sim.run();
    assert_eq!(sim.calls_made(), ["run a", "run b"]);
    assert_eq!(sim.journal.header.state.failure_reason, Some(FailureReason::Parked));
    assert_eq!(sim.row("a").status, StepStatus::Completed);
}

#[test]
fn an_output_that_fails_rolls_back() {
    let mut s = super::plans::Builder::new("saga", 1);
    call::<Plain>(&mut s, "a");
    let failing = |()| Err::<String, _>(crate::error::StepError::permanent("no"));
    let mut sim = Sim::of(s.finish((), failing).unwrap());
    sim.run();
    assert_eq!(sim.calls_made(), ["run a", "undo a"]);
    assert_eq!(sim.status(), Status::RolledBack);
}
