//! `match`: one arm of several.

use super::plans::{Builder, Pivot, Plain, call, no_args, saga};
use super::sim::Sim;
use crate::definition::Definition;
use crate::store::{Status, StepStatus};

fn plan(arm: &'static str) -> Definition<()> {
    saga(move |s| {
        let mut arms = s.begin_match("kind", (), move |()| Ok(arm));
        s.begin_arm(&mut arms, "Home");
        let a = s.named("a").call::<Plain, ()>((), no_args);
        s.begin_arm(&mut arms, "Office(\"x\")");
        s.named("b").call::<Plain, ()>((), no_args);
        let c = s.named("c").call::<Plain, ()>((), no_args);
        s.begin_arm(&mut arms, "_");
        let d = s.named("d").call::<Plain, ()>((), no_args);
        let value = s.end_match(arms, a, &[c, d]);
        s.named("after").call::<Plain, _>((value,), |(value,)| {
            assert_eq!(value, "ok");
            no_args(())
        });
    })
}

#[test]
fn only_the_arm_runs_that_was_chosen() {
    for (arm, ran) in
        [("Home", vec!["run a"]), ("Office(\"x\")", vec!["run b", "run c"]), ("_", vec!["run d"])]
    {
        let mut sim = Sim::of(plan(arm));
        sim.run();
        let mut expected = ran.clone();
        expected.push("run after");
        assert_eq!((sim.status(), sim.calls_made()), (Status::Completed, expected), "{arm}");
        let skipped = sim.journal.rows.values().filter(|r| r.status == StepStatus::Skipped).count();
        assert_eq!(skipped, 4 - ran.len());
    }
}

#[test]
fn the_choice_is_journaled_and_survives_a_death() {
    let mut sim = Sim::of(plan("Office(\"x\")")).on("c", "hang");
    sim.run_until("run c");
    sim.die_and_resume();
    sim.forget_script();
    sim.run();
    assert_eq!(sim.status(), Status::Completed);
    let conditions =
        sim.evaluated.iter().filter(|e| matches!(e, crate::machine::Expression::Value(n) if n.0 == 1));
    assert_eq!(conditions.count(), 1);
}

#[test]
fn a_pivot_in_one_arm_does_not_bind_another() {
    let mut s = Builder::new("saga", 1);
    let mut arms = s.begin_match("kind", (), |()| Ok("A"));
    s.begin_arm(&mut arms, "A");
    call::<Pivot>(&mut s, "p");
    s.begin_arm(&mut arms, "B");
    call::<Plain>(&mut s, "b");
    s.end_arms(arms);
    assert!(s.finish((), |()| Ok(())).is_ok());
}

#[test]
fn an_arm_inside_an_arm_runs_only_if_both_are_chosen() {
    for (outer, inner, ran) in [("A", "B", vec!["run a"]), ("A", "C", vec![]), ("C", "B", vec![])] {
        let mut sim = Sim::of(saga(move |s| {
            let mut arms = s.begin_match("outer", (), move |()| Ok(outer));
            s.begin_arm(&mut arms, "A");
            let mut nested = s.begin_match("inner", (), move |()| Ok(inner));
            s.begin_arm(&mut nested, "B");
            call::<Plain>(s, "a");
            s.end_arms(nested);
            s.end_arms(arms);
        }));
        sim.run();
        assert_eq!((sim.status(), sim.calls_made()), (Status::Completed, ran), "{outer} {inner}");
    }
}

#[test]
fn a_name_that_no_arm_has_skips_them_all() {
    let mut sim = Sim::of(saga(|s| {
        let mut arms = s.begin_match("kind", (), |()| Ok("C"));
        s.begin_arm(&mut arms, "A");
        call::<Plain>(s, "a");
        s.end_arms(arms);
        call::<Plain>(s, "b");
    }));
    sim.run();
    assert_eq!((sim.status(), sim.calls_made()), (Status::Completed, vec!["run b"]));
}
