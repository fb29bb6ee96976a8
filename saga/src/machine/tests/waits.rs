//! Waiting for events.

use std::time::Duration;

use super::plans::{Builder, Keeps, Pivot, Plain, call, saga};
use super::sim::Sim;
use crate::clock::Timestamp;
use crate::definition::{Definition, Handle, PlanError};
use crate::store::Status;

pub(super) const MINUTE: Duration = Duration::from_secs(60);

pub(super) fn waits(s: &mut Builder, name: &str, timeout: Option<Duration>) -> Handle<String> {
    s.named(name).wait_for_event("online", timeout, (), |()| Ok("S1".to_owned()))
}

pub(super) fn waiting(timeout: Option<Duration>) -> Definition<()> {
    saga(|s| {
        call::<Plain>(s, "a");
        waits(s, "first", timeout);
        call::<Plain>(s, "b");
    })
}

pub(super) fn status_and_calls(sim: &Sim) -> (Status, Vec<&str>) {
    (sim.status(), sim.calls_made())
}

#[test]
fn a_workflow_is_registered_before_it_looks_for_an_event_and_then_let_go() {
    let mut sim = Sim::of(waiting(None));
    sim.looks_at_once = false;
    sim.begin();
    sim.acknowledge();
    sim.answer("a", "ok");
    assert!(sim.looking.is_empty(), "it asks before it is registered");
    sim.acknowledge();
    assert_eq!((sim.looking.len(), sim.journal.waits.len()), (1, 1));
    let (node, _) = sim.looking.remove(0);
    sim.feed(crate::machine::Event::Looked { node, found: None });
    sim.settle();
    assert_eq!((sim.status(), sim.journal.header.state.wake_at), (Status::Waiting, None));
}

#[test]
fn an_event_wakes_the_workflow_and_its_value_is_durable_before_it_is_used() {
    let mut sim = Sim::of(waiting(None));
    sim.run_until_idle();
    sim.take_trace();
    sim.publish("online", "S2", "another one");
    assert_eq!(sim.journal.header.state.wake_at, None);
    sim.publish("online", "S1", "up");
    sim.resume();
    sim.settle();
    assert_eq!(sim.trace[..3], ["write -> running", "write -> running", "run b"]);
    assert_eq!(sim.status(), Status::Completed);
    assert!(sim.journal.waits.is_empty() && sim.journal.inbox.is_empty(), "{:?}", sim.journal);
}

#[test]
fn an_event_that_came_before_the_wait_is_not_lost() {
    let mut sim = Sim::of(waiting(None));
    sim.publish("online", "S1", "early");
    sim.run_until_idle();
    assert_eq!(sim.status(), Status::Completed);
}

#[test]
fn an_event_older_than_the_workflow_does_not_count() {
    let mut sim = Sim::of(waiting(None));
    let before = Timestamp::from_micros(sim.now.as_micros() - 1);
    sim.journal.publish("online", "S1", "of yesterday", before);
    sim.run_until_idle();
    assert_eq!(sim.status(), Status::Waiting);
}

#[test]
fn an_event_that_comes_between_the_look_and_the_release_is_not_lost() {
    let mut sim = Sim::of(waiting(None));
    sim.begin();
    sim.acknowledge();
    sim.answer("a", "ok");
    sim.acknowledge();
    // The release is on its way, and the sender raises the header's rev before it gets there.
    assert!(sim.in_flight.is_some());
    sim.journal.publish("online", "S1", "up", sim.now);
    sim.settle();
    assert_eq!(sim.status(), Status::Completed);
}

#[test]
fn an_event_that_comes_while_it_is_looked_for_is_looked_for_again() {
    let mut sim = Sim::of(waiting(None));
    sim.looks_at_once = false;
    sim.run_until_idle();
    let (node, wanted) = sim.looking.remove(0);
    let found = sim.journal.find(&wanted);
    sim.publish("online", "S1", "up");
    sim.looks_at_once = true;
    sim.feed(crate::machine::Event::Looked { node, found });
    sim.settle();
    assert_eq!(sim.status(), Status::Completed);
}

#[test]
fn two_waits_get_two_events() {
    let mut sim = Sim::of(saga(|s| {
        waits(s, "first", None);
        waits(s, "second", None);
    }));
    sim.publish("online", "S1", "one");
    sim.run_until_idle();
    assert_eq!(sim.status(), Status::Waiting);
    sim.now = sim.now.plus(MINUTE);
    sim.publish("online", "S1", "two");
    sim.resume();
    sim.settle();
    assert_eq!(sim.status(), Status::Completed);
}

#[test]
fn two_waits_side_by_side_get_two_events() {
    let mut sim = Sim::of(saga(|s| {
        let mut branches = s.begin_branches();
        for name in ["first", "second"] {
            s.begin_branch(&mut branches);
            waits(s, name, None);
        }
        s.end_branches(branches);
    }));
    sim.publish("online", "S1", "one");
    sim.run_until_idle();
    assert_eq!((sim.status(), sim.journal.waits.len()), (Status::Waiting, 1));
    sim.now = sim.now.plus(MINUTE);
    sim.publish("online", "S1", "two");
    sim.resume();
    sim.settle();
    assert_eq!(sim.status(), Status::Completed);
}

#[test]
fn two_waits_get_two_events_of_one_time() {
    let mut sim = Sim::of(saga(|s| {
        for name in ["first", "second", "third"] {
            waits(s, name, None);
        }
    }));
    sim.publish("online", "S1", "one");
    sim.publish("online", "S1", "two");
    sim.run_until_idle();
    assert_eq!(sim.status(), Status::Waiting, "the third has none to wait for");
    let journaled = sim.journal.header.state.context.as_ref().unwrap().as_str();
    assert!(journaled.contains("\"one\"") && journaled.contains("\"two\""), "{journaled}");
    sim.publish("online", "S1", "three");
    sim.resume();
    sim.settle();
    assert_eq!(sim.status(), Status::Completed);
}

#[test]
fn what_a_death_interrupts_between_the_event_and_its_record_is_found_again() {
    let mut sim = Sim::of(waiting(None));
    sim.run_until_idle();
    sim.publish("online", "S1", "up");
    sim.resume();
    sim.acknowledge();
    sim.die(false);
    sim.resume();
    sim.settle();
    assert_eq!((sim.status(), sim.calls_made().len()), (Status::Completed, 2));
}

#[test]
fn a_release_that_an_operator_stops_leaves_no_registration() {
    let mut sim = Sim::of(waiting(None));
    sim.run_until_idle();
    assert!(sim.journal.send_cancel());
    sim.resume();
    sim.settle();
    assert_eq!((sim.status(), sim.journal.waits.len()), (Status::RolledBack, 0));
}

#[test]
fn after_an_operators_retry_of_a_second_run_it_waits_anew() {
    let mut sim = Sim::of(waiting(Some(MINUTE)));
    sim.run();
    assert_eq!(sim.status(), Status::RolledBack);
    sim.retry().unwrap();
    sim.resume();
    sim.settle();
    assert_eq!((sim.status(), sim.journal.waits.len()), (Status::Waiting, 1));
    sim.publish("online", "S1", "up");
    sim.resume();
    sim.settle();
    assert_eq!(sim.status(), Status::Completed);
}

#[test]
fn a_wait_that_may_time_out_cannot_stand_after_a_pivot() {
    let plan = |timeout: Option<Duration>| {
        let mut s = Builder::new("saga", 1);
        call::<Pivot>(&mut s, "p");
        waits(&mut s, "first", timeout);
        call::<Keeps>(&mut s, "k");
        s.finish((), |()| Ok(()))
    };
    assert!(matches!(plan(Some(MINUTE)), Err(PlanError::AfterPivot { .. })));
    assert!(plan(None).is_ok());
}
