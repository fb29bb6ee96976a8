//! Branches side by side, conditions, and the order of undoing.

use super::plans::{Builder, Keeps, Looked, Plain, call, no_args, saga, tolerated};
use super::sim::Sim;
use crate::definition::Definition;
use crate::store::{Status, StepStatus};

/// `a`, then `b c` beside `d e`, then `f`.
fn two_branches() -> Definition<()> {
    saga(|s| {
        call::<Plain>(s, "a");
        s.join(
            |s| {
                call::<Plain>(s, "b");
                call::<Plain>(s, "c");
            },
            |s| {
                call::<Plain>(s, "d");
                call::<Plain>(s, "e");
            },
        );
        call::<Plain>(s, "f");
    })
}

#[test]
fn branches_run_side_by_side_and_what_follows_waits_for_all() {
    let mut sim = Sim::of(two_branches()).on("b", "hang").on("d", "hang");
    sim.run();
    assert_eq!(sim.calls_made(), ["run a", "run b", "run d"]);
    sim.answer("d", "ok");
    sim.settle();
    assert_eq!(sim.calls_made()[3..], ["run e"]);
    sim.answer("b", "ok");
    sim.forget_script();
    sim.run();
    assert_eq!(sim.calls_made()[4..], ["run c", "run f"]);
    assert_eq!(sim.status(), Status::Completed);
}

#[test]
fn what_happens_while_a_commit_is_under_way_is_merged_into_the_next() {
    let mut sim = Sim::of(two_branches()).on("b", "hang").on("d", "hang");
    sim.run();
    sim.take_trace();
    sim.answer("b", "ok");
    sim.answer("d", "ok");
    assert_eq!(sim.take_trace(), ["write b=completed"]);
    sim.acknowledge();
    assert_eq!(sim.take_trace(), ["run c", "write d=completed"]);
    sim.acknowledge();
    assert_eq!(sim.take_trace(), ["run e"]);
}

#[test]
fn a_failure_waits_for_running_siblings_and_starts_none() {
    let mut sim = Sim::of(two_branches()).on("b", "hang").on("d", "hang");
    sim.run();
    sim.answer("b", "refused");
    sim.settle();
    assert_eq!(sim.status(), Status::Running);
    sim.answer("d", "ok");
    sim.forget_script();
    sim.run();
    assert_eq!(sim.calls_made(), ["run a", "run b", "run d", "undo d", "undo a"]);
}

#[test]
fn a_sibling_that_ends_unknown_is_undone_too() {
    let mut sim = Sim::of(two_branches()).on("b", "hang").on("d", "hang");
    sim.run();
    sim.answer("b", "refused");
    sim.answer("d", "lost");
    sim.forget_script();
    sim.run();
    assert_eq!(sim.calls_made()[3..], ["undo d", "undo-late d", "undo a"]);
}

#[test]
fn a_sibling_that_waits_for_another_attempt_does_not_get_it() {
    let mut sim = Sim::of(two_branches()).on("b", "wait").on("d", "hang");
    sim.run_until_idle();
    sim.answer("d", "refused");
    sim.settle();
    assert_eq!(sim.status(), Status::RolledBack);
    assert_eq!(sim.calls_made(), ["run a", "run b", "run d", "undo a"]);
}

#[test]
fn branches_are_undone_last_declared_first_and_each_as_a_whole() {
    let mut sim = Sim::of(two_branches()).on("f", "refused");
    sim.run();
    assert_eq!(sim.calls_made()[6..], ["undo e", "undo d", "undo c", "undo b", "undo a"]);
}

#[test]
fn an_attempt_that_waits_for_its_acknowledgement_is_not_begun_after_a_failure() {
    let mut sim = Sim::of(two_branches()).on("b", "hang").on("d", "hang");
    sim.run();
    sim.answer("d", "ok");
    sim.answer("b", "refused");
    sim.forget_script();
    sim.run();
    assert!(!sim.calls_made().contains(&"run e"), "{:#?}", sim.trace);
    assert_eq!(sim.status(), Status::RolledBack);
}

#[test]
fn a_retry_that_waits_for_its_acknowledgement_is_not_begun_when_the_step_is_being_undone() {
    let definition = saga(|s| {
        s.join(|s| call::<Looked>(s, "b"), |s| call::<Plain>(s, "d"));
    });
    let mut sim = Sim::of(definition).on("b", "hang").on("d", "hang");
    sim.run();
    sim.answer("b", "lost");
    sim.settle();
    // Something else is on its way to the journal when the pause is over.
    sim.feed(crate::machine::Event::Slow { step: 1 });
    sim.tick();
    sim.answer("d", "refused");
    sim.forget_script();
    sim.say("look b", "absent absent");
    sim.run();
    assert_eq!(sim.calls_made(), ["run b", "run d", "look b", "look b"]);
}

/// `if holds { a } else { b; c }`, then `d`.
fn condition(holds: bool) -> Definition<()> {
    saga(|s| {
        let mut arms = s.begin_if("holds", (), move |()| Ok(holds));
        call::<Plain>(s, "a");
        s.begin_else(&mut arms);
        call::<Plain>(s, "b");
        call::<Plain>(s, "c");
        s.end_arms(arms);
        call::<Plain>(s, "d");
    })
}

#[test]
fn one_arm_runs_and_the_other_is_skipped_in_the_journal() {
    let mut sim = Sim::of(condition(true));
    sim.run();
    assert_eq!(sim.trace[0], "write create b=skipped c=skipped");
    assert_eq!(sim.calls_made(), ["run a", "run d"]);
    let mut sim = Sim::of(condition(false));
    sim.run();
    assert_eq!(sim.trace[0], "write create a=skipped");
    assert_eq!(sim.calls_made(), ["run b", "run c", "run d"]);
}

#[test]
fn skipped_steps_are_not_undone() {
    let mut sim = Sim::of(condition(true)).on("d", "refused");
    sim.run();
    assert_eq!(sim.calls_made(), ["run a", "run d", "undo a"]);
    assert_eq!(sim.row("b").status, StepStatus::Skipped);
}

#[test]
fn a_step_that_is_left_out_reads_as_null() {
    for (holds, wanted) in [(true, r#"{"v":"made"}"#), (false, r#"{"v":null}"#)] {
        let definition = saga(|s: &mut Builder| {
            s.named("a");
            let a = s.call_if::<Plain, ()>((), move |()| holds, no_args);
            s.named("b");
            s.call::<Plain, _>((a,), |(a,)| {
                Ok(crate::step::Args::new(crate::json::Json::encode(&serde_json::json!({ "v": a }))?))
            });
        });
        let mut sim = Sim::of(definition).on("a", "made");
        sim.run();
        assert_eq!(sim.all_calls.last().unwrap().args.as_str(), wanted);
    }
}

#[test]
fn nested_conditions_are_skipped_with_what_they_stand_in() {
    let definition = saga(|s| {
        let mut outer = s.begin_if("outer", (), |()| Ok(false));
        let mut inner = s.begin_if("inner", (), |()| Err(crate::error::StepError::permanent("not asked")));
        call::<Plain>(s, "a");
        s.begin_else(&mut inner);
        call::<Plain>(s, "b");
        s.end_arms(inner);
        s.begin_else(&mut outer);
        s.end_arms(outer);
        call::<Plain>(s, "c");
    });
    let mut sim = Sim::of(definition);
    sim.run();
    assert_eq!(sim.calls_made(), ["run c"]);
    assert_eq!(sim.status(), Status::Completed);
}

#[test]
fn a_condition_that_fails_rolls_back() {
    let definition = saga(|s| {
        call::<Plain>(s, "a");
        let mut arms = s.begin_if("odd", (), |()| Err(crate::error::StepError::permanent("no")));
        call::<Plain>(s, "b");
        s.begin_else(&mut arms);
        s.end_arms(arms);
    });
    let mut sim = Sim::of(definition);
    sim.run();
    assert_eq!(sim.calls_made(), ["run a", "undo a"]);
    assert_eq!(sim.journal.header.state.error_message.as_deref(), Some("`odd` failed: no"));
}

#[test]
fn the_undo_of_a_tolerated_sibling_goes_on_in_a_rollback() {
    let definition = saga(|s| {
        s.join(|s| tolerated::<Plain>(s, "t"), |s| call::<Plain>(s, "d"));
    });
    let mut sim = Sim::of(definition).on("t", "lost refused").on("d", "hang");
    sim.run();
    sim.answer("d", "refused");
    sim.forget_script();
    sim.run();
    assert_eq!(sim.calls_made()[3..], ["undo t", "undo-late t"]);
    assert_eq!(sim.status(), Status::RolledBack);
}

#[test]
fn a_sibling_that_parks_wins_over_one_that_would_roll_back_and_a_cancel_over_both() {
    let definition = || {
        saga(|s| {
            s.join(|s| call::<Plain>(s, "b"), |s| call::<Keeps>(s, "k"));
        })
    };
    for (cancels, status) in [(false, Status::Failed), (true, Status::RolledBack)] {
        let mut sim = Sim::of(definition()).on("b", "hang").on("k", "hang");
        sim.run();
        sim.answer("k", "refused");
        if cancels {
            sim.cancel();
        }
        sim.answer("b", "refused");
        sim.run();
        assert_eq!(sim.status(), status);
    }
}
