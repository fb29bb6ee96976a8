//! Sub-sagas whose failure is tolerated: undone as a whole while the caller goes on.

use std::sync::Arc;
use std::time::Duration;

use super::plans::{Once, Pivot, Plain, call, no_args, saga};
use super::sim::Sim;
use super::sub_sagas::{Outer, Sub, hello};
use super::waits_in_sagas::waiting_inside;
use crate::definition::Definition;
use crate::json::Json;
use crate::machine::DebtAction;
use crate::step::{Callable, Callee, Class, Meta, Signature};
use crate::store::Status;

/// `outer` is tolerated.
pub(super) fn tolerant() -> Definition<()> {
    saga(|s| {
        call::<Plain>(s, "a");
        let word = s.call_tolerated::<Outer, ()>((), |()| hello("hello".to_owned()));
        s.named("b").call::<Plain, _>((word,), |_| no_args(()));
    })
}

#[test]
fn one_that_is_tolerated_is_undone_at_once_and_its_caller_goes_on() {
    let mut sim = Sim::of(tolerant()).on("y", "lost refused");
    sim.run();
    let calls = sim.calls_made();
    let undone = ["undo y", "undo-late y", "undo x", "undo o", "run b"];
    assert_eq!((sim.status(), &calls[calls.len() - 5..]), (Status::Completed, &undone[..]));
    assert!(!calls.contains(&"run p"));
}

#[test]
fn its_failure_is_durable_before_anything_is_undone() {
    let mut sim = Sim::of(tolerant()).on("y", "refused");
    sim.run();
    let (failed, undo) =
        (sim.trace.iter().position(|l| l == "write y=failed"), sim.trace.iter().position(|l| l == "undo x"));
    assert!(failed < undo, "{:#?}", sim.trace);
}

#[test]
fn a_death_at_any_moment_does_not_make_it_go_on_with_what_is_being_undone() {
    let whole = {
        let mut sim = Sim::of(tolerant()).on("y", "refused");
        sim.run();
        sim.trace.len()
    };
    for (at, got_through) in (1..whole).flat_map(|at| [(at, true), (at, false)]) {
        let mut sim = Sim::of(tolerant()).on("y", "refused refused refused");
        sim.begin();
        while sim.trace.len() < at && sim.machine.is_some() {
            if sim.in_flight.is_some() {
                sim.acknowledge();
            } else if !sim.settle_one() {
                sim.tick();
            }
        }
        if sim.machine.is_none() || !sim.journal.exists && !got_through {
            continue;
        }
        sim.die(got_through);
        if sim.status().is_ended() {
            continue;
        }
        sim.resume();
        sim.run();
        let calls = sim.calls_made();
        assert_eq!(sim.status(), Status::Completed, "dies at {at}: {calls:?}");
        for step in ["o", "x"] {
            let (ran, undone) = (format!("run {step}"), format!("undo {step}"));
            let last = |name: &str| calls.iter().rposition(|c| *c == name);
            assert!(last(&ran) < last(&undone), "dies at {at}: {calls:?}");
        }
        assert!(!calls.contains(&"run p") && !calls.contains(&"undo a"), "dies at {at}: {calls:?}");
    }
}

/// x and y, side by side.
pub(super) struct Both<S>(std::marker::PhantomData<S>);

impl<S: 'static> Signature for Both<S> {
    type Output = String;
    const META: &'static Meta =
        &Meta { params: &["word"], saga: true, ..Meta::new("both", Class::Compensatable) };
}
impl<S: Callable<()> + Signature<Output = serde_json::Value>> Callable<()> for Both<S> {
    fn erased() -> Callee<()> {
        let mut s = crate::SagaBuilder::<(), String>::new("both", 1);
        let mut branches = s.begin_branches();
        s.begin_branch(&mut branches);
        s.named("x").call::<S, ()>((), no_args);
        s.begin_branch(&mut branches);
        s.named("y").call::<S, ()>((), no_args);
        s.end_branches(branches);
        Callee::Saga(Arc::new(s.finish((), |()| Ok(String::new())).unwrap()))
    }
}

/// Two steps side by side in a sub-saga that is tolerated.
pub(super) fn side_by_side<S: Callable<()> + Signature<Output = serde_json::Value>>() -> Definition<()> {
    saga(|s| {
        s.call_tolerated::<Both<S>, ()>((), |()| hello(String::new()));
        call::<Plain>(s, "b");
    })
}

#[test]
fn who_waits_in_it_for_another_attempt_gets_none_when_it_has_failed() {
    let mut sim = Sim::of(side_by_side::<Plain>()).on("x", "long").on("y", "refused");
    sim.run_until_idle();
    assert_eq!((sim.status(), sim.calls_made()), (Status::Completed, vec!["run x", "run y", "run b"]));
}

/// A saga that is tolerated, and calls another one that is: w, then x and y in the inner one, beside z.
pub(super) fn tolerant_twice() -> Definition<()> {
    enum Around {}
    impl Signature for Around {
        type Output = String;
        const META: &'static Meta =
            &Meta { params: &["word"], saga: true, ..Meta::new("around", Class::Compensatable) };
    }
    impl Callable<()> for Around {
        fn erased() -> Callee<()> {
            let mut s = crate::SagaBuilder::<(), String>::new("around", 1);
            s.named("w").call::<Plain, ()>((), no_args);
            let mut branches = s.begin_branches();
            s.begin_branch(&mut branches);
            s.call_tolerated::<Sub, ()>((), |()| hello("hello".to_owned()));
            s.begin_branch(&mut branches);
            s.named("z").call::<Plain, ()>((), no_args);
            s.end_branches(branches);
            s.call::<Both<Once>, ()>((), |()| hello(String::new()));
            Callee::Saga(Arc::new(s.finish((), |()| Ok(String::new())).unwrap()))
        }
    }
    saga(|s| {
        s.call_tolerated::<Around, ()>((), |()| hello(String::new()));
    })
}

#[test]
fn when_the_one_around_it_fails_too_its_own_undo_is_waited_for() {
    let mut sim = Sim::of(tolerant_twice()).on("y", "refused").on("undo x", "hang").on("z", "hang");
    sim.run_until("undo x");
    sim.answer("z", "refused");
    sim.settle();
    assert!(!sim.calls_made().contains(&"undo w"), "{:?}", sim.calls_made());
    sim.answer("undo x", "ok");
    sim.run();
    assert_eq!((sim.status(), sim.calls_made().last()), (Status::Completed, Some(&"undo w")));
}

#[test]
fn that_an_inner_one_was_undone_says_nothing_about_what_began_after_it() {
    let mut sim = Sim::of(tolerant_twice()).on("x", "ok hang").on("y", "refused hang");
    sim.run_until_idle();
    assert_eq!((sim.calls.len(), sim.calls_made().contains(&"undo x")), (2, true));
    sim.answer("x", "refused");
    sim.forget_script();
    sim.die_and_resume();
    sim.run();
    assert!(sim.calls_made().contains(&"undo y"), "{:?}", sim.calls_made());
}

#[test]
fn what_was_under_way_in_it_when_the_worker_died_is_undone_even_if_it_had_failed() {
    for x_has_failed in [false, true] {
        let mut sim = Sim::of(side_by_side::<Once>()).on("x", "hang").on("y", "hang");
        sim.run_until("run y");
        sim.forget_script();
        if x_has_failed {
            sim.answer("x", "refused");
        }
        sim.die_and_resume();
        sim.run();
        let calls = sim.calls_made();
        assert!(calls.contains(&"undo y"), "{calls:?}");
        assert_eq!((sim.status(), calls.last()), (Status::Completed, Some(&"run b")), "{calls:?}");
    }
}

#[test]
fn what_of_it_is_undone_is_not_undone_again_after_a_death() {
    let mut sim = Sim::of(side_by_side::<Once>()).on("x", "hang").on("y", "hang");
    sim.run_until("run y");
    sim.answer("x", "ok");
    sim.answer("y", "lost");
    sim.forget_script();
    sim.say("undo x", "hang");
    sim.run_until("undo x");
    sim.die_and_resume();
    sim.forget_script();
    sim.run();
    let calls = sim.calls_made();
    assert_eq!(calls.iter().filter(|c| c.ends_with(" y")).count(), 3, "{calls:?}");
    assert_eq!(calls.iter().filter(|c| **c == "undo-late y").count(), 1, "{calls:?}");
}

#[test]
fn its_failure_is_not_forgotten_when_somebody_stops_the_workflow_just_then() {
    let mut sim = Sim::of(waiting_inside(Duration::from_secs(3)));
    sim.run_until_idle();
    sim.now = sim.machine().wake_at().unwrap();
    sim.feed(crate::machine::Event::Tick);
    sim.journal.fail_by_hand();
    sim.settle();
    assert_eq!(sim.status(), Status::Failed);
    let context = sim.journal.header.state.context.as_ref().map(Json::as_str);
    assert!(context.is_some_and(|c| c.contains("waits@failed")), "{context:?}");
}

#[test]
fn a_failure_that_cannot_be_stored_did_not_happen_and_nothing_goes_on_after_it() {
    let mut sim = Sim::of(waiting_inside(Duration::from_secs(3)));
    sim.run_until_idle();
    sim.now = sim.machine().wake_at().unwrap();
    sim.feed(crate::machine::Event::Tick);
    sim.unstorable = true;
    sim.settle();
    assert_eq!(sim.status(), Status::RolledBack);
    let context = sim.journal.header.state.context.as_ref().map(Json::as_str);
    assert!(context.is_some_and(|c| !c.contains("waits.b") && !c.contains("waits\"")), "{context:?}");
}

#[test]
fn a_suspect_writes_no_intent_to_undo_before_the_failure_is_durable() {
    let mut sim = Sim::of(waiting_inside(Duration::from_secs(3)));
    sim.run_until_idle();
    let over = sim.machine().wake_at().unwrap();
    for _ in 0..2 {
        sim.die_and_resume();
        sim.settle();
    }
    sim.now = over;
    sim.feed(crate::machine::Event::Tick);
    sim.unstorable = true;
    sim.acknowledge();
    assert_eq!(sim.trace.last().map(String::as_str), Some("write -> rolling_back"));
}

#[test]
fn a_death_while_it_is_undone_makes_that_undo_one_that_may_land_late() {
    let mut sim = Sim::of(side_by_side::<Once>()).on("y", "refused").on("undo x", "hang");
    sim.run_until("undo x");
    sim.forget_script();
    sim.die_and_resume();
    sim.settle();
    assert!(sim.machine().wake_at().is_some(), "it is undone before the other undo has landed");
    sim.run();
    assert_eq!(sim.status(), Status::Completed);
}

#[test]
fn a_debt_of_it_that_is_settled_after_the_pivot_lets_the_caller_go_on() {
    let mut sim = Sim::of(after_a_pivot()).on("x", "ok").on("y", "refused").on("undo x", "refused");
    sim.run();
    assert_eq!(sim.status(), Status::Failed);
    sim.debt("sub.plain.x", DebtAction::Settle).unwrap();
    sim.retry().unwrap();
    sim.resume();
    sim.run();
    assert_eq!((sim.status(), sim.calls_made().last()), (Status::Completed, Some(&"run b")));
}

/// A pivot, and after it a sub-saga that is tolerated.
pub(super) fn after_a_pivot() -> Definition<()> {
    saga(|s| {
        call::<Pivot>(s, "p");
        s.call_tolerated::<Sub, ()>((), |()| hello("hello".to_owned()));
        s.named("b").call_tolerated::<Plain, ()>((), no_args);
    })
}

#[test]
fn what_of_it_cannot_be_undone_rolls_everything_back() {
    let mut sim = Sim::of(tolerant()).on("y", "refused").on("undo x", "refused");
    sim.run();
    assert_eq!(sim.status(), Status::Failed);
    assert!(sim.calls_made().contains(&"undo a"));
}

#[test]
fn a_cancellation_while_it_is_undone_rolls_everything_back() {
    let mut sim = Sim::of(tolerant()).on("y", "refused").on("undo x", "hang");
    sim.run_until("undo x");
    sim.cancel();
    sim.answer("undo x", "ok");
    sim.forget_script();
    sim.run();
    let calls = sim.calls_made();
    assert_eq!(sim.status(), Status::RolledBack);
    assert_eq!(calls.iter().filter(|c| **c == "undo x").count(), 1, "{calls:?}");
    assert_eq!(calls[calls.len() - 2..], ["undo o", "undo a"]);
}
