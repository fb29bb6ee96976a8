//! A saga that calls another one.

use std::sync::Arc;

use super::plans::{Builder, Pivot, Plain, call, no_args, saga};
use super::sim::Sim;
use crate::definition::{Definition, PlanError};
use crate::failure::Failure;
use crate::json::Json;
use crate::step::{Args, Callable, Callee, Class, Meta, Signature};
use crate::store::Status;

/// x, then y; takes a word and gives it back.
pub(super) enum Sub {}

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
pub(super) enum Outer {}

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

pub(super) fn hello<S>(word: String) -> Result<Args<S>, crate::StepError> {
    Ok(Args::new(Json::encode(&serde_json::json!({ "word": word }))?))
}

pub(super) fn plan() -> Definition<()> {
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
