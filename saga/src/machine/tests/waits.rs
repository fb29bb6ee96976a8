//! Sleeping, and waiting for events.

use std::time::Duration;

use super::plans::{Builder, Keeps, Pivot, Plain, call, saga};
use super::sim::Sim;
use crate::clock::Timestamp;
use crate::definition::{Definition, Handle, PlanError};
use crate::store::Status;

const MINUTE: Duration = Duration::from_secs(60);

fn sleeps(length: Duration) -> Definition<()> {
    saga(|s| {
        call::<Plain>(s, "a");
        s.named("pause").sleep((), move |()| Ok(length));
        call::<Plain>(s, "b");
    })
}

fn waits(s: &mut Builder, name: &str, timeout: Option<Duration>) -> Handle<String> {
    s.named(name).wait_for_event("online", timeout, (), |()| Ok("S1".to_owned()))
}

fn waiting(timeout: Option<Duration>) -> Definition<()> {
    saga(|s| {
        call::<Plain>(s, "a");
        waits(s, "first", timeout);
        call::<Plain>(s, "b");
    })
}

fn status_and_calls(sim: &Sim) -> (Status, Vec<&str>) {
    (sim.status(), sim.calls_made())
}

#[test]
fn a_short_sleep_is_slept_in_memory_and_is_durable_before_it_counts() {
    let mut sim = Sim::of(sleeps(Duration::from_secs(5)));
    sim.run_until_idle();
    assert_eq!(sim.trace, ["write create", "run a", "write a=completed"]);
    assert_eq!(sim.machine().wake_at(), Some(sim.now.plus(Duration::from_secs(5))));
    sim.tick();
    sim.settle();
    assert_eq!(status_and_calls(&sim), (Status::Completed, vec!["run a", "run b"]));
}

#[test]
fn a_long_sleep_lets_the_workflow_go_until_its_end() {
    let mut sim = Sim::of(sleeps(MINUTE));
    sim.run_until_idle();
    assert_eq!(sim.trace[2..], ["write a=completed -> waiting", "stop"]);
    assert_eq!(sim.journal.header.state.wake_at, Some(sim.now.plus(MINUTE)));
    assert_eq!(sim.journal.header.state.current_step.as_deref(), Some("sleep.pause"));
    let slept_until = sim.now.plus(MINUTE);
    sim.run();
    assert_eq!((sim.now, sim.status()), (slept_until, Status::Completed));
    assert_eq!(sim.journal.header.state.current_step, None);
}

#[test]
fn a_sleep_is_neither_shortened_nor_repeated_by_a_death() {
    let mut sim = Sim::of(sleeps(Duration::from_secs(20)));
    sim.run_until_idle();
    let until = sim.machine().wake_at().unwrap();
    sim.pass(Duration::from_secs(15));
    sim.die_and_resume();
    sim.settle();
    assert_eq!(sim.machine().wake_at(), Some(until));
    sim.run();
    assert_eq!((sim.now, sim.status()), (until, Status::Completed));
}

#[test]
fn what_was_under_way_after_a_sleep_when_the_worker_died_counts_as_unknown() {
    let mut sim = Sim::of(sleeps(Duration::from_secs(5))).on("b", "hang");
    sim.run_until("run b");
    sim.forget_script();
    sim.say("b", "refused");
    sim.die_and_resume();
    sim.run();
    assert_eq!(sim.status(), Status::RolledBack);
    assert!(sim.calls_made().contains(&"undo b"), "{:?}", sim.calls_made());
}

#[test]
fn what_was_under_way_after_a_sleep_counts_as_unknown_whatever_the_next_owners_clock_says() {
    let mut sim = Sim::of(sleeps(Duration::from_secs(5))).on("b", "hang");
    sim.run_until("run b");
    sim.forget_script();
    sim.say("b", "refused");
    sim.now = Timestamp::from_micros(sim.now.as_micros() - 60_000_000);
    sim.die_and_resume();
    sim.run();
    assert_eq!(sim.status(), Status::RolledBack);
    assert!(sim.calls_made().contains(&"undo b"), "{:?}", sim.calls_made());
}

#[test]
fn a_time_that_is_past_is_not_waited_for() {
    let mut sim = Sim::of(saga(|s| {
        s.sleep_until((), |()| Ok(Timestamp::from_micros(1)));
        call::<Plain>(s, "b");
    }));
    sim.run_until_idle();
    assert_eq!(sim.status(), Status::Completed);
}

#[test]
fn a_refused_release_does_not_forget_until_when_is_slept() {
    let mut sim = Sim::of(saga(|s| {
        s.sleep((), |()| Ok(Duration::from_secs(1)));
        s.named("long").sleep((), |()| Ok(MINUTE));
        s.wait_for_event_tolerated::<String, ()>("online", Some(MINUTE), (), |()| Ok("S1".to_owned()));
    }));
    sim.run_until_idle();
    sim.tick();
    // The release that arms the long sleep is on its way, and the header's rev is raised before it gets there.
    assert_eq!(sim.trace.last().map(String::as_str), Some("write -> waiting"));
    sim.journal.raise_rev();
    sim.settle();
    let until = sim.now.plus(MINUTE);
    assert_eq!((sim.status(), sim.journal.header.state.wake_at), (Status::Waiting, Some(until)));
    sim.now = sim.now.plus(Duration::from_secs(20));
    sim.journal.header.state.wake_at = Some(sim.now);
    sim.resume();
    sim.settle();
    assert_eq!(sim.journal.header.state.wake_at, Some(until), "it sleeps anew");
}

#[test]
fn a_wait_that_is_over_wakes_nobody_while_the_header_is_read() {
    let mut sim = Sim::of(waiting(Some(2 * MINUTE)));
    sim.begin();
    sim.acknowledge();
    sim.answer("a", "ok");
    sim.acknowledge();
    assert_eq!(sim.trace.last().map(String::as_str), Some("write -> waiting"));
    sim.reads_at_once = false;
    sim.journal.raise_rev();
    sim.acknowledge();
    sim.now = sim.now.plus(3 * MINUTE);
    assert!(sim.wants_header && sim.machine().wake_at().is_none());
    for event in sim.read_header() {
        sim.feed(event);
    }
    sim.settle();
    assert_eq!(sim.status(), Status::RolledBack);
}

#[test]
fn a_cancellation_ends_a_sleep() {
    let mut sim = Sim::of(sleeps(MINUTE));
    sim.run_until_idle();
    assert!(sim.journal.send_cancel());
    sim.resume();
    sim.settle();
    assert_eq!(status_and_calls(&sim), (Status::RolledBack, vec!["run a", "undo a"]));
}

#[test]
fn the_deadline_ends_a_sleep() {
    let mut sim = Sim::of({
        let mut s = Builder::new("saga", 1);
        s.deadline(MINUTE);
        call::<Plain>(&mut s, "a");
        s.sleep((), |()| Ok(100 * MINUTE));
        s.finish((), |()| Ok(())).unwrap()
    });
    sim.run();
    assert_eq!(status_and_calls(&sim), (Status::RolledBack, vec!["run a", "undo a"]));
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
fn a_wait_that_times_out_rolls_back() {
    let mut sim = Sim::of(waiting(Some(2 * MINUTE)));
    sim.run();
    assert_eq!(status_and_calls(&sim), (Status::RolledBack, vec!["run a", "undo a"]));
    let message = sim.journal.header.state.error_message.as_deref();
    assert_eq!(message, Some("`online` of S1 did not come within 120s"));
    assert!(sim.journal.waits.is_empty());
}

#[test]
fn an_event_after_the_time_is_over_comes_too_late_even_if_nobody_was_there_to_see() {
    let mut sim = Sim::of(waiting(Some(2 * MINUTE)));
    sim.run_until_idle();
    sim.now = sim.now.plus(3 * MINUTE);
    sim.publish("online", "S1", "late");
    sim.resume();
    sim.settle();
    assert_eq!(sim.status(), Status::RolledBack);
}

#[test]
fn an_event_in_time_counts_even_if_the_worker_was_away_until_after() {
    let mut sim = Sim::of(waiting(Some(2 * MINUTE)));
    sim.run_until_idle();
    sim.now = sim.now.plus(MINUTE);
    sim.publish("online", "S1", "up");
    sim.now = sim.now.plus(2 * MINUTE);
    sim.resume();
    sim.settle();
    assert_eq!(sim.status(), Status::Completed);
}

#[test]
fn an_event_in_time_counts_even_if_the_worker_has_not_heard_of_it_when_the_time_is_over() {
    let mut sim = Sim::of(waiting(Some(Duration::from_secs(20))));
    sim.run_until_idle();
    sim.now = sim.now.plus(Duration::from_secs(19));
    sim.journal.publish("online", "S1", "up", sim.now);
    sim.tick();
    sim.settle();
    assert_eq!(sim.status(), Status::Completed);
}

#[test]
fn a_tolerated_wait_gives_none_and_goes_on() {
    let mut sim = Sim::of(saga(|s| {
        let came: Handle<Option<String>> =
            s.wait_for_event_tolerated("online", Some(MINUTE), (), |()| Ok("S1".to_owned()));
        s.value("check", (came,), |(came,)| if came.is_none() { Ok(()) } else { Err("came".into_error()) });
        call::<Plain>(s, "b");
    }));
    sim.run();
    assert_eq!(status_and_calls(&sim), (Status::Completed, vec!["run b"]));
}

trait IntoError {
    fn into_error(self) -> crate::StepError;
}
impl IntoError for &str {
    fn into_error(self) -> crate::StepError {
        crate::StepError::permanent(self)
    }
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
