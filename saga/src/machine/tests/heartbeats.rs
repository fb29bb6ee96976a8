//! How far an attempt has come (`cx.heartbeat`).

use super::plans::{Plain, Rerun, call, chain, saga};
use super::sim::Sim;
use crate::json::Json;
use crate::machine::{Call, CallKind, Event, Pulse};

/// The attempt says that it has come to this row.
fn beat(sim: &mut Sim, call: &Call, row: u64) {
    let pulse = Pulse { step: call.step, call: call.number, beat: row };
    sim.feed(Event::Heartbeat { pulse, data: Json::encode(&row).unwrap() });
}

fn hanging() -> Sim {
    let mut sim = Sim::of(chain(&["a"])).on("a", "hang");
    sim.run();
    sim.take_trace();
    sim
}

/// What each call of the step was told.
fn told(sim: &Sim) -> Vec<Option<u64>> {
    sim.all_calls.iter().map(|call| call.heartbeat.as_ref().map(|json| json.decode().unwrap())).collect()
}

#[test]
fn an_attempt_goes_on_when_its_heartbeat_is_durable() {
    let mut sim = hanging();
    let call = sim.calls[0].clone();
    beat(&mut sim, &call, 1);
    assert_eq!(sim.take_trace(), ["write a=running"]);
    beat(&mut sim, &call, 2);
    beat(&mut sim, &call, 3);
    sim.acknowledge();
    assert_eq!(sim.take_trace(), ["beat 1", "write a=running"], "what comes meanwhile is one commit");
    sim.acknowledge();
    assert_eq!(sim.take_trace(), ["beat 2", "beat 3"]);
}

#[test]
fn the_last_one_reaches_the_next_attempt_and_the_compensation() {
    let mut sim = hanging();
    let call = sim.calls[0].clone();
    beat(&mut sim, &call, 1);
    sim.settle();
    beat(&mut sim, &call, 2);
    sim.settle();
    sim.answer("a", "lost");
    sim.forget_script();
    sim.say("a", "refused");
    sim.run();
    assert_eq!(told(&sim), [None, Some(2), Some(2), Some(2)]);
}

#[test]
fn a_crash_leaves_the_last_durable_one() {
    let mut sim = hanging();
    let call = sim.calls[0].clone();
    beat(&mut sim, &call, 1);
    sim.settle();
    beat(&mut sim, &call, 2);
    sim.die(false);
    sim.resume();
    sim.settle();
    assert_eq!(sim.calls[0].heartbeat.as_ref().map(|json| json.as_str()), Some("1"));
}

#[test]
fn an_attempt_that_is_over_says_nothing_any_more() {
    let mut sim = hanging();
    let first = sim.calls[0].clone();
    beat(&mut sim, &first, 1);
    sim.settle();
    sim.answer("a", "lost");
    sim.take_trace();
    beat(&mut sim, &first, 7);
    assert!(sim.take_trace().contains(&"no beat 7".to_owned()), "between two attempts");
    sim.say("a", "hang");
    sim.run();
    let second = sim.calls[0].clone();
    assert_eq!((second.attempt, second.heartbeat.as_ref().map(|json| json.as_str())), (2, Some("1")));
    beat(&mut sim, &second, 2);
    sim.settle();
    beat(&mut sim, &first, 8);
    assert!(sim.take_trace().contains(&"no beat 8".to_owned()), "beside the second");
    sim.answer("a", "ok");
    beat(&mut sim, &second, 9);
    assert!(sim.take_trace().contains(&"no beat 9".to_owned()), "after the end");
}

#[test]
fn what_is_done_has_no_heartbeat() {
    let mut sim = hanging();
    let call = sim.calls[0].clone();
    beat(&mut sim, &call, 1);
    sim.settle();
    sim.answer("a", "ok");
    sim.settle();
    assert_eq!(sim.journal.rows.values().next().map(|row| row.heartbeat.clone()), Some(None));
}

#[test]
fn a_step_that_is_run_again_to_be_undone_says_how_far_it_has_come() {
    let definition = saga(|s| {
        call::<Rerun>(s, "a");
        call::<Plain>(s, "b");
    });
    let mut sim = Sim::of(definition).on("a", "hang");
    sim.run();
    let first = sim.calls[0].clone();
    beat(&mut sim, &first, 1);
    sim.settle();
    sim.forget_script();
    sim.say("a", "hang");
    sim.journal.send_cancel();
    sim.deliver();
    sim.answer("a", "lost");
    sim.run();
    let again = sim.calls[0].clone();
    assert_eq!((again.kind, again.heartbeat.is_some()), (CallKind::Run, true), "{:#?}", sim.trace);
    beat(&mut sim, &again, 2);
    sim.settle();
    assert!(sim.take_trace().contains(&"beat 2".to_owned()), "{:#?}", sim.trace);
}

#[test]
fn a_heartbeat_that_cannot_be_stored_is_told_and_forgotten() {
    let mut sim = hanging();
    let call = sim.calls[0].clone();
    beat(&mut sim, &call, 1);
    sim.unstorable = true;
    sim.acknowledge();
    let trace = sim.take_trace();
    assert!(trace.contains(&"no beat 1".to_owned()) && !trace.contains(&"beat 1".to_owned()), "{trace:?}");
    sim.settle();
    let kept = sim.journal.rows.values().any(|row| row.heartbeat.is_some());
    assert!(!kept, "{:#?}", sim.journal.rows);
}

#[test]
fn a_refused_decision_does_not_keep_a_heartbeat_waiting() {
    let definition = saga(|s| {
        s.join(|s| call::<Plain>(s, "a"), |s| call::<Plain>(s, "b"));
    });
    let mut sim = Sim::of(definition).on("a", "hang").on("b", "hang");
    sim.run();
    let b = sim.calls[1].clone();
    // A commit with a decision: wrong configuration is noted in the header at once.
    sim.answer("a", "config");
    sim.journal.fail_by_hand();
    sim.acknowledge();
    beat(&mut sim, &b, 1);
    sim.settle();
    assert!(sim.trace.contains(&"beat 1".to_owned()), "{:#?}", sim.trace);
}
