//! Waiting beside other things: leaving, steps that run, pauses.

use std::time::Duration;

use super::plans::{Plain, call, saga};
use super::sim::Sim;
use super::waits::{MINUTE, waiting, waits};
use crate::store::Status;

#[test]
fn a_worker_that_leaves_hands_a_waiting_workflow_over() {
    let mut sim = Sim::of(waiting(Some(Duration::from_secs(20))));
    sim.run_until_idle();
    let until = sim.machine().wake_at();
    sim.drain();
    assert_eq!(sim.journal.header.state.wake_at, until);
    sim.resume();
    sim.publish("online", "S1", "up");
    sim.settle();
    assert_eq!(sim.status(), Status::Completed);
}

#[test]
fn a_wait_beside_a_step_does_not_rest_while_that_runs() {
    let mut sim = Sim::of(saga(|s| {
        let mut branches = s.begin_branches();
        s.begin_branch(&mut branches);
        waits(s, "first", None);
        s.begin_branch(&mut branches);
        call::<Plain>(s, "b");
        s.end_branches(branches);
    }))
    .on("b", "hang");
    sim.run_until_idle();
    assert_eq!(sim.status(), Status::Running);
    sim.answer("b", "ok");
    sim.settle();
    assert_eq!(sim.status(), Status::Waiting);
}

#[test]
fn a_long_pause_between_attempts_is_no_reason_to_stay_either() {
    let mut sim = Sim::of(saga(|s| {
        call::<Plain>(s, "a");
    }))
    .on("a", "long");
    sim.run_until_idle();
    assert_eq!(sim.status(), Status::Waiting);
    let at = sim.journal.header.state.wake_at;
    sim.run();
    assert_eq!((sim.status(), Some(sim.now)), (Status::Completed, at));
}

#[test]
fn a_pause_is_not_cut_short_by_the_end_of_another_one() {
    let mut sim = Sim::of(saga(|s| {
        let mut branches = s.begin_branches();
        for name in ["a", "b"] {
            s.begin_branch(&mut branches);
            call::<Plain>(s, name);
        }
        s.end_branches(branches);
    }))
    .on("a", "long")
    .on("b", "hang");
    sim.run_until_idle();
    sim.pass(MINUTE);
    sim.answer("b", "long");
    sim.forget_script();
    sim.settle();
    let (first, calls) =
        (sim.machine.as_ref().and_then(crate::machine::Machine::wake_at), sim.all_calls.len());
    sim.now = first.expect("a pause of which nobody else knows");
    sim.feed(crate::machine::Event::Tick);
    sim.settle();
    assert_eq!(sim.all_calls.len(), calls + 1, "{:?}", sim.calls_made());
}
