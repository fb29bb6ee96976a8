//! Waits and lists in sub-sagas whose failure is tolerated.

use std::sync::Arc;
use std::time::Duration;

use super::plans::{Plain, call, no_args, saga};
use super::sim::Sim;
use super::sub_sagas::hello;
use super::tolerated_sagas::Both;
use crate::definition::Definition;
use crate::step::{Callable, Callee, Class, Meta, Signature};
use crate::store::Status;

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

#[test]
fn an_event_that_is_found_for_it_when_it_has_failed_is_left_to_others() {
    enum Listens {}
    impl Signature for Listens {
        type Output = String;
        const META: &'static Meta =
            &Meta { params: &["word"], saga: true, ..Meta::new("listens", Class::Compensatable) };
    }
    impl Callable<()> for Listens {
        fn erased() -> Callee<()> {
            let mut s = crate::SagaBuilder::<(), String>::new("listens", 1);
            s.named("w").call::<Plain, ()>((), no_args);
            let mut branches = s.begin_branches();
            s.begin_branch(&mut branches);
            s.wait_for_event::<String, _>("online", None, (), |()| Ok("S1".to_owned()));
            s.begin_branch(&mut branches);
            s.named("x").call::<Plain, ()>((), no_args);
            s.end_branches(branches);
            Callee::Saga(Arc::new(s.finish((), |()| Ok(String::new())).unwrap()))
        }
    }
    let mut sim = Sim::of(saga(|s| {
        s.call_tolerated::<Listens, ()>((), |()| hello(String::new()));
        s.wait_for_event::<String, _>("online", None, (), |()| Ok("S1".to_owned()));
    }))
    .on("x", "refused")
    .on("undo w", "hang");
    sim.looks_at_once = false;
    sim.run_until("undo w");
    sim.publish("online", "S1", "up");
    let (node, wanted) = sim.looking.remove(0);
    let found = sim.journal.find(&wanted);
    sim.looks_at_once = true;
    sim.feed(crate::machine::Event::Looked { node, found });
    sim.answer("undo w", "ok");
    sim.run();
    assert_eq!(sim.status(), Status::Completed);
}

#[test]
fn who_takes_over_while_it_is_to_be_undone_does_not_wait_for_anything_else() {
    let mut sim = Sim::of(saga(|s| {
        let mut branches = s.begin_branches();
        s.begin_branch(&mut branches);
        s.call_tolerated::<Both<Plain>, ()>((), |()| hello(String::new()));
        s.begin_branch(&mut branches);
        s.sleep((), |()| Ok(Duration::from_secs(20)));
        s.end_branches(branches);
    }))
    .on("x", "hang")
    .on("y", "refused");
    sim.run_until_idle();
    sim.feed(crate::machine::Event::Drain);
    sim.answer("x", "ok");
    sim.settle();
    assert_eq!((sim.machine.is_none(), sim.journal.header.state.wake_at), (true, Some(sim.now)));
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
pub(super) fn waiting_inside(timeout: Duration) -> Definition<()> {
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
