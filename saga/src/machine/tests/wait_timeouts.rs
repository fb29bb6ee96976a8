//! Waits whose time is over, and what an operator's retry makes of them.

use std::time::Duration;

use super::plans::{Plain, call, saga};
use super::sim::Sim;
use super::waits::{MINUTE, status_and_calls, waiting, waits};
use crate::definition::{Handle, OnFailure};
use crate::store::Status;

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

/// A wait that timed out and parked its workflow, an hour ago.
fn timed_out_and_parked() -> Sim {
    let mut sim = Sim::of(saga(|s| {
        s.on_failure(OnFailure::Park);
        call::<Plain>(s, "a");
        waits(s, "first", Some(MINUTE));
        call::<Plain>(s, "b");
    }));
    sim.run();
    assert_eq!(status_and_calls(&sim), (Status::Failed, vec!["run a"]));
    sim.now = sim.now.plus(60 * MINUTE);
    sim
}

#[test]
fn a_wait_that_timed_out_and_parked_waits_anew_after_an_operators_retry() {
    let mut sim = timed_out_and_parked();
    for _ in 0..2 {
        sim.retry().unwrap();
        let until = sim.now.plus(MINUTE);
        sim.resume();
        sim.settle();
        assert_eq!((sim.status(), sim.journal.header.state.wake_at), (Status::Waiting, Some(until)));
        assert_eq!(sim.journal.waits.len(), 1);
        sim.run();
        assert_eq!((sim.status(), sim.now), (Status::Failed, until), "its time is over again");
    }
    sim.retry().unwrap();
    sim.resume();
    sim.settle();
    sim.publish("online", "S1", "up");
    sim.resume();
    sim.settle();
    assert_eq!(status_and_calls(&sim), (Status::Completed, vec!["run a", "run b"]));
}

#[test]
fn an_event_that_came_while_the_workflow_was_parked_counts_after_a_retry() {
    let mut sim = timed_out_and_parked();
    sim.publish("online", "S1", "up");
    sim.now = sim.now.plus(MINUTE);
    sim.retry().unwrap();
    sim.resume();
    sim.settle();
    assert_eq!(sim.status(), Status::Completed);
}

#[test]
fn a_death_after_the_retry_gives_a_wait_no_more_time() {
    let mut sim = timed_out_and_parked();
    sim.retry().unwrap();
    let until = sim.now.plus(MINUTE);
    sim.resume();
    sim.settle();
    sim.now = sim.now.plus(MINUTE / 2);
    sim.die_and_resume();
    sim.run();
    assert_eq!((sim.status(), sim.now), (Status::Failed, until));
}
