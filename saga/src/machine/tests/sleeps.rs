//! Sleeping.

use std::time::Duration;

use super::plans::{Builder, Plain, call, saga};
use super::sim::Sim;
use super::waits::{MINUTE, status_and_calls, waiting};
use crate::clock::Timestamp;
use crate::definition::Definition;
use crate::store::Status;

fn sleeps(length: Duration) -> Definition<()> {
    saga(|s| {
        call::<Plain>(s, "a");
        s.named("pause").sleep((), move |()| Ok(length));
        call::<Plain>(s, "b");
    })
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
fn a_sleep_that_is_over_stays_over_for_an_owner_whose_clock_is_behind() {
    let mut sim = Sim::of(sleeps(Duration::from_secs(5))).on("b", "hang");
    sim.run_until("run b");
    sim.forget_script();
    sim.say("b", "refused");
    sim.now = Timestamp::from_micros(sim.now.as_micros() - 3_000_000);
    sim.die_and_resume();
    sim.run();
    // It was under way: what it may have done is undone, however the second attempt ends.
    let calls = vec!["run a", "run b", "run b", "undo b", "undo-late b", "undo a"];
    assert_eq!(status_and_calls(&sim), (Status::RolledBack, calls));
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
