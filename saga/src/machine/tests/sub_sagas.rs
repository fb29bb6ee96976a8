//! A saga that calls another one.

use std::sync::Arc;
use std::time::Duration;

use super::plans::{Builder, Once, Pivot, Plain, call, no_args, saga};
use super::sim::Sim;
use crate::definition::{Definition, PlanError};
use crate::failure::Failure;
use crate::json::Json;
use crate::machine::DebtAction;
use crate::step::{Args, Callable, Callee, Class, Meta, Signature};
use crate::store::Status;

/// x, then y; takes a word and gives it back.
enum Sub {}

impl Signature for Sub {
    type Output = String;
    const META: &'static Meta =
        &Meta { params: &["word"], saga: true, ..Meta::new("sub", Class::Compensatable) };
}
impl Callable<()> for Sub {
    fn erased() -> Callee<()> {
        let mut s = crate::SagaBuilder::<(), String>::new("sub", 1);
        let word = s.input();
        let x = s.named("x").call::<Plain, _>((word,), |(word,)| {
            assert_eq!(word, "hello");
            no_args(())
        });
        s.named("y").call::<Plain, _>((x,), |_| no_args(()));
        let definition = s.finish((word,), |(word,)| Ok(word)).unwrap();
        Callee::Saga(Arc::new(definition))
    }
}

/// A saga that calls `Sub` between two steps of its own.
enum Outer {}

impl Signature for Outer {
    type Output = String;
    const META: &'static Meta =
        &Meta { params: &["word"], saga: true, ..Meta::new("outer", Class::Compensatable) };
}
impl Callable<()> for Outer {
    fn erased() -> Callee<()> {
        let mut s = crate::SagaBuilder::<(), String>::new("outer", 1);
        let word = s.input();
        s.named("o").call::<Plain, _>((), no_args);
        let inner = s.call::<Sub, _>((word,), |(word,)| hello(word));
        s.named("p").call::<Plain, _>((), no_args);
        Callee::Saga(Arc::new(s.finish((inner,), |(inner,)| Ok(inner)).unwrap()))
    }
}

fn hello<S>(word: String) -> Result<Args<S>, crate::StepError> {
    Ok(Args::new(Json::encode(&serde_json::json!({ "word": word }))?))
}

fn plan() -> Definition<()> {
    saga(|s| {
        call::<Plain>(s, "a");
        let word = s.call::<Sub, ()>((), |()| hello("hello".to_owned()));
        s.named("b").call::<Plain, _>((word,), |(word,)| {
            assert_eq!(word, "hello");
            no_args(())
        });
    })
}

#[test]
fn its_steps_stand_in_the_callers_plan() {
    let definition = plan();
    let names: Vec<_> =
        definition.plan().steps().map(|(_, n, s)| (s.step_order, n.name.to_string())).collect();
    let expected = [(0, "plain.a"), (1, "sub.plain.x"), (2, "sub.plain.y"), (3, "plain.b")];
    assert_eq!(names, expected.map(|(n, name)| (n, name.to_owned())));
    let mut sim = Sim::of(definition);
    sim.run();
    assert_eq!(
        (sim.status(), sim.calls_made()),
        (Status::Completed, vec!["run a", "run x", "run y", "run b"])
    );
}

#[test]
fn it_is_undone_as_a_whole_while_it_runs_and_after_it_has_finished() {
    let mut sim = Sim::of(plan()).on("y", "refused");
    sim.run();
    assert_eq!((sim.status(), &sim.calls_made()[3..]), (Status::RolledBack, &["undo x", "undo a"][..]));
    let mut sim = Sim::of(plan()).on("b", "refused");
    sim.run();
    assert_eq!(
        (sim.status(), &sim.calls_made()[4..]),
        (Status::RolledBack, &["undo y", "undo x", "undo a"][..])
    );
}

#[test]
fn its_input_is_computed_once() {
    let mut sim = Sim::of(plan()).on("x", "hang");
    sim.run_until_idle();
    let before = sim.evaluated.len();
    sim.die_and_resume();
    assert!(sim.evaluated[before..].iter().all(|e| !matches!(e, crate::machine::Expression::Value(_))));
    sim.forget_script();
    sim.run();
    assert_eq!(sim.status(), Status::Completed);
}

#[test]
fn sagas_call_sagas_that_call_sagas() {
    let definition = saga(|s| {
        s.call::<Outer, ()>((), |()| hello("hello".to_owned()));
        s.call::<Outer, ()>((), |()| hello("hello".to_owned()));
    });
    let names: Vec<_> = definition.plan().steps().map(|(_, n, _)| n.name.to_string()).collect();
    assert_eq!(names[..4], ["outer.plain.o", "outer.sub.plain.x", "outer.sub.plain.y", "outer.plain.p"]);
    assert_eq!(names[4..6], ["outer#2.plain.o", "outer#2.sub.plain.x"]);
    let within: Vec<_> =
        definition.plan().sub_sagas().iter().map(|s| (s.name.to_string(), s.within)).collect();
    let of = |name: &str, within| (name.to_owned(), within);
    assert_eq!(
        within,
        [of("outer", None), of("outer.sub", Some(0)), of("outer#2", None), of("outer#2.sub", Some(2))]
    );
    let mut sim = Sim::of(definition);
    sim.run();
    assert_eq!((sim.status(), sim.calls_made().len()), (Status::Completed, 8));
}

/// `outer` is tolerated.
fn tolerant() -> Definition<()> {
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

/// Two steps side by side in a sub-saga that is tolerated.
fn side_by_side() -> Definition<()> {
    enum Both {}
    impl Signature for Both {
        type Output = String;
        const META: &'static Meta =
            &Meta { params: &["word"], saga: true, ..Meta::new("both", Class::Compensatable) };
    }
    impl Callable<()> for Both {
        fn erased() -> Callee<()> {
            let mut s = crate::SagaBuilder::<(), String>::new("both", 1);
            let mut branches = s.begin_branches();
            s.begin_branch(&mut branches);
            s.named("x").call::<Once, ()>((), no_args);
            s.begin_branch(&mut branches);
            s.named("y").call::<Once, ()>((), no_args);
            s.end_branches(branches);
            Callee::Saga(Arc::new(s.finish((), |()| Ok(String::new())).unwrap()))
        }
    }
    saga(|s| {
        s.call_tolerated::<Both, ()>((), |()| hello(String::new()));
        call::<Plain>(s, "b");
    })
}

#[test]
fn what_was_under_way_in_it_when_the_worker_died_is_undone_even_if_it_had_failed() {
    for x_has_failed in [false, true] {
        let mut sim = Sim::of(side_by_side()).on("x", "hang").on("y", "hang");
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
    let mut sim = Sim::of(side_by_side()).on("x", "hang").on("y", "hang");
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
    let mut sim = Sim::of(side_by_side()).on("y", "refused").on("undo x", "hang");
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
fn after_a_pivot() -> Definition<()> {
    saga(|s| {
        call::<Pivot>(s, "p");
        s.call_tolerated::<Sub, ()>((), |()| hello("hello".to_owned()));
        s.named("b").call_tolerated::<Plain, ()>((), no_args);
    })
}

#[test]
fn a_wait_that_is_reached_in_it_when_it_is_over_already_is_none() {
    enum Broken {}
    impl Signature for Broken {
        type Output = String;
        const META: &'static Meta =
            &Meta { params: &["word"], saga: true, ..Meta::new("broken", Class::Compensatable) };
    }
    impl Callable<()> for Broken {
        fn erased() -> Callee<()> {
            let mut s = crate::SagaBuilder::<(), String>::new("broken", 1);
            let mut branches = s.begin_branches();
            s.begin_branch(&mut branches);
            s.value("v", (), |()| Err::<(), _>(crate::StepError::permanent("nobody knows")));
            s.begin_branch(&mut branches);
            s.sleep((), |()| Ok(Duration::ZERO));
            s.end_branches(branches);
            Callee::Saga(Arc::new(s.finish((), |()| Ok(String::new())).unwrap()))
        }
    }
    let mut sim = Sim::of(saga(|s| {
        s.call_tolerated::<Broken, ()>((), |()| hello(String::new()));
        call::<Plain>(s, "b");
    }))
    .on("b", "hang");
    sim.run_until_idle();
    assert_eq!((sim.calls_made(), sim.machine().wake_at()), (vec!["run b"], None));
}

/// A step for each of three items, one after the other, in a sub-saga that is tolerated.
fn items_inside() -> Definition<()> {
    enum Each {}
    impl Signature for Each {
        type Output = String;
        const META: &'static Meta =
            &Meta { params: &["word"], saga: true, ..Meta::new("items", Class::Compensatable) };
    }
    impl Callable<()> for Each {
        fn erased() -> Callee<()> {
            let mut s = crate::SagaBuilder::<(), String>::new("items", 1);
            s.named("each").max_parallel(1);
            s.call_each::<Plain, ()>((), |()| (0..3).map(|_| no_args(())).collect());
            Callee::Saga(Arc::new(s.finish((), |()| Ok(String::new())).unwrap()))
        }
    }
    saga(|s| {
        s.call_tolerated::<Each, ()>((), |()| hello(String::new()));
    })
}

#[test]
fn what_never_began_in_it_is_not_undone_when_the_worker_dies_while_it_is_undone() {
    let mut sim = Sim::of(items_inside()).on("each[1]", "lost refused").on("undo-late each[1]", "hang");
    sim.run_until("undo-late each[1]");
    sim.forget_script();
    sim.die_and_resume();
    sim.run();
    assert_eq!(sim.status(), Status::Completed);
    assert!(!sim.calls_made().iter().any(|c| c.ends_with("each[2]")), "{:?}", sim.calls_made());
}

/// A sub-saga that is tolerated: x, and then a wait that may take so long.
fn waiting_inside(timeout: Duration) -> Definition<()> {
    thread_local! {
        static TIMEOUT: std::cell::Cell<Duration> = const { std::cell::Cell::new(Duration::ZERO) };
    }
    enum Waits {}
    impl Signature for Waits {
        type Output = String;
        const META: &'static Meta =
            &Meta { params: &["word"], saga: true, ..Meta::new("waits", Class::Compensatable) };
    }
    impl Callable<()> for Waits {
        fn erased() -> Callee<()> {
            let mut s = crate::SagaBuilder::<(), String>::new("waits", 1);
            s.named("x").call::<Plain, ()>((), no_args);
            let timeout = Some(TIMEOUT.get());
            s.wait_for_event::<String, _>("online", timeout, (), |()| Ok("S1".to_owned()));
            Callee::Saga(Arc::new(s.finish((), |()| Ok(String::new())).unwrap()))
        }
    }
    TIMEOUT.set(timeout);
    saga(|s| {
        s.call_tolerated::<Waits, ()>((), |()| hello(String::new()));
        s.named("b").call::<Plain, ()>((), no_args);
    })
}

#[test]
fn a_wait_in_it_that_is_over_wakes_nobody_while_the_rest_is_undone() {
    let mut sim = Sim::of(waiting_inside(Duration::from_secs(3))).on("undo x", "hang");
    sim.run_until("undo x");
    assert_eq!(sim.machine().wake_at(), None);
    sim.answer("undo x", "ok");
    sim.run();
    assert_eq!(sim.status(), Status::Completed);
}

#[test]
fn what_it_waited_for_is_not_registered_any_more_when_its_caller_goes_on() {
    let mut sim = Sim::of(waiting_inside(Duration::from_secs(3))).on("b", "hang");
    sim.run_until("run b");
    assert!(sim.journal.waits.is_empty());
}

#[test]
fn a_death_in_between_leaves_nothing_registered_either() {
    let mut sim = Sim::of(waiting_inside(Duration::from_secs(3))).on("undo x", "hang");
    sim.run_until("undo x");
    assert!(!sim.journal.waits.is_empty());
    sim.forget_script();
    sim.die_and_resume();
    sim.run();
    assert_eq!((sim.status(), sim.journal.waits.len()), (Status::Completed, 0));
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

#[test]
fn one_on_which_the_caller_decides_gives_its_failure() {
    let mut sim = Sim::of(saga(|s| {
        let word = s.call_decided::<Outer, ()>((), |()| hello("hello".to_owned()));
        s.value("check", (word,), |(word,): (Result<String, Failure>,)| match word {
            Err(failure) if failure.at == "outer" && failure.message.contains("refused") => Ok(()),
            other => Err(crate::StepError::permanent(format!("{other:?}"))),
        });
    }))
    .on("y", "refused");
    sim.run();
    assert_eq!(sim.status(), Status::Completed, "{:?}", sim.journal.header.state.error_message);
}

#[test]
fn a_pivot_inside_binds_the_caller_and_cannot_be_tolerated() {
    enum Final {}
    impl Signature for Final {
        type Output = String;
        const META: &'static Meta =
            &Meta { params: &["word"], saga: true, ..Meta::new("final", Class::Pivot) };
    }
    impl Callable<()> for Final {
        fn erased() -> Callee<()> {
            let mut s = crate::SagaBuilder::<(), String>::new("final", 1);
            s.named("p").call::<Pivot, ()>((), no_args);
            Callee::Saga(Arc::new(s.finish((), |()| Ok(String::new())).unwrap()))
        }
    }
    let mut s = Builder::new("saga", 1);
    s.call::<Final, ()>((), |()| hello(String::new()));
    call::<Plain>(&mut s, "b");
    assert!(matches!(s.finish((), |()| Ok(())), Err(PlanError::AfterPivot { .. })));
    let mut s = Builder::new("saga", 1);
    s.call_tolerated::<Final, ()>((), |()| hello(String::new()));
    assert!(matches!(s.finish((), |()| Ok(())), Err(PlanError::ToleratedPivot { .. })));
}
