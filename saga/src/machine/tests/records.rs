//! What was there before (`cx.record`).

use super::plans::{Plain, call, chain, saga};
use super::sim::Sim;
use crate::json::Json;
use crate::machine::Event;

fn record(sim: &mut Sim, step: u32, before: &str) {
    let before = Json::encode(before).unwrap();
    sim.feed(Event::Record { step, before });
}

#[test]
fn the_step_goes_on_only_when_its_record_is_durable() {
    let mut sim = Sim::of(chain(&["a"])).on("a", "hang");
    sim.run();
    sim.take_trace();
    record(&mut sim, 0, "old");
    assert_eq!(sim.take_trace(), ["write a=running"]);
    sim.acknowledge();
    assert_eq!(sim.take_trace(), ["durable a"]);
}

#[test]
fn the_first_record_wins_and_reaches_retries_and_the_compensation() {
    let mut sim = Sim::of(chain(&["a"])).on("a", "hang");
    sim.run();
    record(&mut sim, 0, "old");
    sim.settle();
    record(&mut sim, 0, "half done");
    sim.settle();
    sim.answer("a", "lost");
    sim.forget_script();
    sim.say("a", "refused");
    sim.run();
    let recorded: Vec<_> = sim.all_calls.iter().map(|c| c.recorded.as_ref().map(|r| r.as_str())).collect();
    assert_eq!(recorded, [None, Some("\"old\""), Some("\"old\""), Some("\"old\"")]);
}

#[test]
fn a_record_survives_a_death_and_its_step_is_unknown() {
    let mut sim = Sim::of(chain(&["a"])).on("a", "hang");
    sim.run();
    record(&mut sim, 0, "old");
    sim.die_and_resume();
    sim.settle();
    assert_eq!(sim.calls[0].recorded.as_ref().map(|r| r.as_str()), Some("\"old\""));
}

#[test]
fn a_record_made_while_a_commit_is_under_way_waits_for_its_own() {
    let definition = saga(|s| {
        s.join(|s| call::<Plain>(s, "a"), |s| call::<Plain>(s, "b"));
    });
    let mut sim = Sim::of(definition).on("a", "hang").on("b", "hang");
    sim.run();
    sim.take_trace();
    sim.answer("a", "ok");
    record(&mut sim, 1, "old");
    sim.acknowledge();
    assert_eq!(sim.take_trace(), ["write a=completed", "write b=running"]);
    sim.acknowledge();
    assert_eq!(sim.take_trace(), ["durable b"]);
}

#[test]
fn giving_up_does_not_claim_that_a_record_is_durable() {
    let definition = saga(|s| {
        s.join(|s| call::<Plain>(s, "a"), |s| call::<Plain>(s, "b"));
    });
    let mut sim = Sim::of(definition).on("a", "hang").on("b", "hang");
    sim.run();
    sim.answer("a", "ok");
    record(&mut sim, 1, "old");
    sim.take_trace();
    sim.feed(Event::Drain);
    sim.feed(Event::Abandon);
    sim.acknowledge();
    assert!(!sim.take_trace().contains(&"durable b".to_owned()));
}

#[test]
fn a_refused_decision_does_not_keep_a_record_waiting() {
    let definition = saga(|s| {
        s.join(|s| call::<Plain>(s, "a"), |s| call::<Plain>(s, "b"));
    });
    let mut sim = Sim::of(definition).on("a", "hang").on("b", "hang");
    sim.run();
    // A commit with a decision: wrong configuration is noted in the header at once.
    sim.answer("a", "config");
    sim.journal.fail_by_hand();
    sim.acknowledge();
    record(&mut sim, 1, "old");
    sim.settle();
    assert!(sim.trace.contains(&"durable b".to_owned()), "{:#?}", sim.trace);
}
