//! Values, conditions and computed arguments are evaluated once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::plans::{Builder, Plain, call, saga};
use super::sim::Sim;
use crate::definition::Definition;
use crate::json::Json;
use crate::machine::Expression;
use crate::step::Args;
use crate::store::{Loaded, Status};

/// A value, a step that uses it and computes an argument besides, and another step.
fn computing() -> (Definition<()>, Arc<AtomicU64>) {
    let counter = Arc::new(AtomicU64::new(0));
    let (one, two) = (Arc::clone(&counter), Arc::clone(&counter));
    let definition = saga(|s: &mut Builder| {
        let value = s.value("value", (), move |()| Ok(one.fetch_add(1, Ordering::Relaxed)));
        call::<Plain>(s, "a");
        s.named("b");
        s.evaluated().call::<Plain, _>((value,), move |(value,)| {
            let own = two.fetch_add(1, Ordering::Relaxed);
            Ok(Args::new(Json::encode(&serde_json::json!({ "value": value, "own": own }))?))
        });
        call::<Plain>(s, "c");
    });
    (definition, counter)
}

#[test]
fn they_travel_in_the_commit_that_made_them_ready() {
    let (definition, counter) = computing();
    let mut sim = Sim::of(definition).on("b", "hang");
    sim.run();
    assert_eq!(sim.journal.header.state.context.as_ref().map(|c| c.as_str()), Some(r#"{"value":0}"#));
    let carry = sim.row("a").carry.clone().unwrap();
    assert_eq!(carry.as_str(), r#"{"plain.b":{"own":1,"value":0}}"#);
    assert_eq!(sim.calls[0].args.as_str(), r#"{"own":1,"value":0}"#);
    assert_eq!(counter.load(Ordering::Relaxed), 2);
}

#[test]
fn no_death_makes_them_anew() {
    for moment in ["a", "b", "c"] {
        let (definition, counter) = computing();
        let mut sim = Sim::of(definition).on(moment, "hang");
        sim.run();
        sim.die_and_resume();
        sim.forget_script();
        sim.say("c", "refused");
        sim.run();
        assert_eq!(sim.status(), Status::RolledBack);
        assert_eq!(counter.load(Ordering::Relaxed), 2, "dying in {moment}");
        let step = sim.step("b");
        let args: Vec<_> = sim.all_calls.iter().filter(|c| c.step == step).map(|c| c.args.as_str()).collect();
        assert!(args.len() > 1 && args.iter().all(|a| *a == r#"{"own":1,"value":0}"#), "{args:?}");
    }
}

#[test]
fn they_stay_in_the_row_when_it_is_written_again() {
    let (definition, _) = computing();
    let mut sim = Sim::of(definition).on("c", "refused").on("undo a", "hang");
    sim.run();
    sim.answer("undo a", "ok");
    sim.run();
    assert!(sim.row("a").carry.is_some());
}

#[test]
fn an_unknown_step_that_left_no_row_is_undone_with_its_arguments() {
    // Arguments that only project are not journaled before the step's own row: they are made again.
    let definition = saga(|s: &mut Builder| {
        let value = s.value("value", (), |()| Ok(7));
        s.named("a");
        s.call::<Plain, _>((value,), |(value,)| {
            Ok(Args::new(Json::encode(&serde_json::json!({ "v": value }))?))
        });
    });
    let mut sim = Sim::of(definition).on("a", "hang");
    sim.run();
    sim.die(true);
    sim.journal.send_cancel();
    sim.resume();
    sim.forget_script();
    sim.run();
    assert_eq!(sim.calls_made(), ["run a", "undo a", "undo-late a"]);
    assert!(sim.all_calls.iter().all(|c| c.args.as_str() == r#"{"v":7}"#), "{:?}", sim.all_calls);
}

#[test]
fn a_start_without_the_definition_at_hand_is_evaluated_by_its_first_owner() {
    let (definition, _) = computing();
    let mut sim = Sim::created_elsewhere(definition);
    sim.resume();
    assert_eq!(sim.trace, ["write -> running"]);
    assert!(sim.calls.is_empty());
    sim.run();
    assert_eq!(sim.status(), Status::Completed);
    assert_eq!(sim.evaluated.iter().filter(|e| matches!(e, Expression::Value(_))).count(), 1);
}

#[test]
fn a_death_before_the_values_of_the_start_are_durable_leaves_nothing_unknown() {
    let (definition, _) = computing();
    let mut sim = Sim::created_elsewhere(definition);
    sim.resume();
    sim.die(false);
    sim.resume();
    sim.say("a", "refused");
    sim.run();
    assert_eq!(sim.calls_made(), ["run a"]);
    assert_eq!(sim.status(), Status::RolledBack);
}

#[test]
fn a_step_whose_arguments_were_never_durable_cannot_have_begun() {
    let (definition, _) = computing();
    let mut sim = Sim::of(definition).on("a", "hang");
    sim.run();
    sim.feed(crate::machine::Event::Drain);
    sim.answer("a", "ok");
    sim.settle();
    sim.resume();
    sim.die(false);
    sim.resume();
    sim.forget_script();
    sim.say("b", "refused");
    sim.run();
    assert_eq!(sim.calls_made(), ["run a", "run b", "undo a"]);
}

#[test]
fn a_second_run_makes_its_own() {
    let (definition, counter) = computing();
    let mut sim = Sim::of(definition).on("c", "refused");
    sim.run();
    sim.retry().unwrap();
    sim.resume();
    sim.run();
    assert_eq!(sim.status(), Status::Completed);
    assert_eq!(counter.load(Ordering::Relaxed), 4);
    let Loaded { steps, .. } = sim.journal.loaded();
    assert_eq!(steps.iter().map(|r| r.run).collect::<Vec<_>>(), [1, 1, 1, 2, 2, 2]);
}

#[test]
fn arguments_that_cannot_be_made_are_a_refusal() {
    let definition = saga(|s: &mut Builder| {
        call::<Plain>(s, "a");
        s.named("b");
        s.call::<Plain, _>((), |()| Err(crate::error::StepError::unknown("odd")));
    });
    let mut sim = Sim::of(definition);
    sim.run();
    assert_eq!(sim.calls_made(), ["run a", "undo a"]);
    let message = sim.journal.header.state.error_message.clone();
    assert_eq!(message.as_deref(), Some("Step 2 (plain) failed: its arguments: odd"));
}
