//! A worker ends: it waits for what runs, or gives up, and others go on.

use std::time::Duration;

use super::plans::{Plain, call, chain, saga};
use super::sim::Sim;
use crate::machine::Event;
use crate::store::{Status, StepStatus, TouchedEffect};

#[test]
fn a_drain_waits_for_what_runs_starts_nothing_and_lets_go() {
    let mut sim = Sim::of(chain(&["a", "b"])).on("a", "hang");
    sim.run();
    sim.feed(Event::Drain);
    assert!(sim.machine.is_some());
    sim.answer("a", "ok");
    sim.settle();
    assert_eq!(sim.trace.last().map(String::as_str), Some("stop"));
    assert_eq!(sim.calls_made(), ["run a"]);
    let header = &sim.journal.header;
    assert_eq!((header.state.status, header.worker, header.unclean), (Status::Running, None, false));
    assert_eq!(header.state.wake_at, Some(sim.now));
    sim.resume();
    sim.run();
    assert_eq!(sim.calls_made(), ["run a", "run b"]);
}

#[test]
fn a_deadline_does_not_keep_the_workflow_waiting_for_its_next_owner() {
    let mut sim = Sim::of(saga(|s| {
        s.deadline(Duration::from_secs(3600));
        call::<Plain>(s, "a");
        call::<Plain>(s, "b");
    }))
    .on("a", "hang");
    sim.run_until_idle();
    sim.feed(Event::Drain);
    sim.answer("a", "ok");
    sim.settle();
    assert_eq!(sim.journal.header.state.wake_at, Some(sim.now));
}

#[test]
fn a_paused_step_keeps_its_attempts_and_its_time() {
    let mut sim = Sim::of(chain(&["a"])).on("a", "busy");
    sim.run_until_idle();
    let until = sim.machine().wake_at();
    sim.drain();
    assert_eq!(sim.journal.header.state.wake_at, until);
    sim.resume();
    sim.run();
    assert_eq!(sim.calls_made(), ["run a", "run a (2)"]);
    assert_eq!(sim.row("a").effect, TouchedEffect::Done);
}

#[test]
fn a_drain_in_a_rollback_lets_go_of_it_and_keeps_the_second_pass() {
    let mut sim = Sim::of(chain(&["a"])).on("a", "lost refused");
    sim.run_until("write a=compensating?");
    sim.settle();
    let until = sim.machine().wake_at();
    sim.drain();
    assert_eq!((sim.status(), sim.journal.header.state.wake_at), (Status::RollingBack, until));
    sim.resume();
    sim.run();
    // The next owner does not rely on its clock being the same one.
    assert_eq!(sim.calls_made()[2..], ["undo a", "undo a", "undo-late a"]);
}

#[test]
fn a_late_request_is_waited_for_whatever_the_next_owners_clock_says() {
    let mut sim = Sim::of(chain(&["a"])).on("a", "lost refused");
    sim.run_until("write a=failed? -> rolling_back");
    sim.drain();
    sim.now = sim.now.plus(Duration::from_secs(3600));
    sim.resume();
    sim.run();
    let undone: Vec<_> = sim.calls_made().into_iter().filter(|call| call.starts_with("undo")).collect();
    assert_eq!(undone, ["undo a", "undo a", "undo-late a"]);
}

#[test]
fn what_is_given_up_is_unknown() {
    let mut sim = Sim::of(chain(&["a", "b"])).on("b", "hang");
    sim.run();
    sim.abandon();
    assert_eq!((sim.row("b").status, sim.row("b").effect), (StepStatus::Running, TouchedEffect::Unknown));
    sim.resume();
    sim.forget_script();
    sim.say("b", "refused");
    sim.run();
    assert_eq!(sim.calls_made()[2..], ["run b (2)", "undo b", "undo-late b", "undo a"]);
}

#[test]
fn a_drain_while_the_commit_with_an_intent_is_under_way_takes_the_intent_back() {
    let mut sim = Sim::of(saga(|s| {
        call::<Plain>(s, "a");
        call::<super::plans::Once>(s, "o");
    }))
    .on("a", "hang");
    sim.run();
    sim.answer("a", "ok");
    sim.drain();
    assert_eq!((sim.row("o").status, sim.row("o").attempts), (StepStatus::Pending, 0));
    sim.resume();
    sim.run();
    assert_eq!(sim.status(), Status::Completed);
}

#[test]
fn a_drain_takes_back_an_intent_that_was_not_even_handed_in() {
    let mut sim = Sim::of(saga(|s| {
        s.join(|s| call::<Plain>(s, "a"), |s| call::<Plain>(s, "b"));
        call::<super::plans::Once>(s, "o");
    }))
    .on("a", "hang")
    .on("b", "hang");
    sim.run();
    sim.answer("a", "ok");
    sim.answer("b", "ok");
    sim.drain();
    assert_eq!((sim.row("o").status, sim.row("o").attempts), (StepStatus::Pending, 0));
}

#[test]
fn a_machine_that_is_drained_before_it_begins_lets_go() {
    let mut sim = Sim::of(chain(&["a"])).on("a", "hang");
    sim.run();
    sim.die(true);
    sim.wake();
    sim.feed(Event::Drain);
    sim.settle();
    assert!(sim.machine.is_none());
    assert_eq!(sim.row("a").effect, TouchedEffect::Unknown);
}

#[test]
fn nothing_is_written_after_the_commit_that_lets_go() {
    // Created, and drained at once: the creation and the letting go are two commits.
    let mut sim = Sim::of(chain(&["a"]));
    sim.begin();
    sim.feed(Event::Drain);
    sim.settle();
    assert_eq!(sim.trace, ["write create", "write -> running", "stop"]);
    // Taken over and drained before the first commit is answered.
    sim.resume();
    sim.say("a", "hang");
    sim.settle();
    sim.die(true);
    sim.take_trace();
    sim.resume();
    sim.feed(Event::Drain);
    sim.settle();
    assert_eq!(sim.trace.last().map(String::as_str), Some("stop"));
    assert_eq!(sim.journal.header.worker, None);
}

#[test]
fn a_cancel_that_meets_the_letting_go_is_acted_on() {
    let mut sim = Sim::of(chain(&["a", "b"])).on("a", "hang");
    sim.run();
    sim.feed(Event::Drain);
    sim.answer("a", "ok");
    sim.journal.send_cancel();
    sim.settle();
    assert!(sim.machine.is_none());
    assert_eq!(sim.status(), Status::RollingBack);
    sim.resume();
    sim.run();
    assert_eq!(sim.calls_made(), ["run a", "undo a"]);
}
