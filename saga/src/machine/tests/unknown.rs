//! Nobody knows whether a step took effect.

use std::time::Duration;

use super::plans::{Asked, Looked, Plain, Rerun, Safe, call, chain, saga};
use super::sim::Sim;
use crate::definition::Definition;
use crate::machine::CallKind;
use crate::store::{Debt, FailureReason, Status, StepStatus, TouchedEffect};

/// `a`, then a step of the given kind whose attempts are all lost.
fn lost(step: Definition<()>) -> Sim {
    Sim::of(step).on("b", "lost lost lost")
}
fn with<S>() -> Definition<()>
where
    S: crate::step::Callable<()> + crate::step::Signature<Output = serde_json::Value>,
{
    saga(|s| {
        call::<Plain>(s, "a");
        call::<S>(s, "b");
    })
}

#[test]
fn unknown_is_sticky_over_attempts() {
    let mut sim = Sim::of(chain(&["a"])).on("a", "lost refused");
    sim.run();
    assert_eq!(sim.calls_made(), ["run a", "run a (2)", "undo a", "undo-late a"]);
    assert_eq!(sim.status(), Status::RolledBack);
}

#[test]
fn unknown_is_sticky_over_a_death_and_a_refusal_after_it() {
    let mut sim = Sim::of(chain(&["a"])).on("a", "hang");
    sim.run();
    sim.die_and_resume();
    assert_eq!(sim.row_in_memory("a").effect, TouchedEffect::Unknown);
    sim.forget_script();
    sim.say("a", "refused");
    sim.run();
    assert_eq!(sim.calls_made(), ["run a", "run a", "undo a", "undo-late a"]);
}

#[test]
fn unknown_is_sticky_over_a_clean_hand_over_too() {
    let mut sim = Sim::of(chain(&["a"])).on("a", "lost");
    sim.begin();
    sim.settle();
    sim.drain();
    sim.resume();
    sim.say("a", "refused");
    sim.run();
    assert_eq!(sim.calls_made(), ["run a", "run a (2)", "undo a", "undo-late a"]);
}

#[test]
fn an_unknown_step_is_undone_at_once_and_again_when_nothing_can_land_any_more() {
    let mut sim = lost(with::<Plain>());
    sim.begin();
    sim.settle();
    while !sim.calls_made().contains(&"undo b") {
        sim.tick();
        sim.settle();
    }
    let lost_at = sim.row("b").failed_at.unwrap();
    assert_eq!(sim.row("b").status, StepStatus::Compensating);
    assert_eq!(sim.machine().wake_at(), Some(lost_at.plus(Duration::from_secs(5))));
    assert!(!sim.calls_made().contains(&"undo a"), "earlier steps wait");
    sim.run();
    assert_eq!(sim.calls_made()[4..], ["undo b", "undo-late b", "undo a"]);
    assert_eq!(sim.keys("b", CallKind::Undo), ["wf/plain.b/undo", "wf/plain.b/undo-late"]);
    assert!(
        sim.all_calls.iter().filter(|c| c.kind == CallKind::Undo && c.step == 1).all(|c| c.output.is_none())
    );
}

#[test]
fn a_known_step_is_undone_once() {
    let mut sim = Sim::of(chain(&["a", "b"])).on("b", "refused");
    sim.run();
    assert_eq!(sim.calls_made()[2..], ["undo a"]);
}

#[test]
fn a_step_that_succeeded_after_a_lost_request_is_looked_after_again() {
    let mut sim = Sim::of(chain(&["a", "b"])).on("a", "lost ok").on("b", "refused");
    sim.run();
    assert_eq!(sim.calls_made()[3..], ["undo a", "undo a"]);
    assert_eq!(sim.keys("a", CallKind::Undo), ["wf/plain.a/undo"; 2]);
}

#[test]
fn where_late_duplicates_are_harmless_one_pass_is_enough() {
    let mut sim = lost(with::<Safe>());
    sim.run();
    assert_eq!(sim.calls_made()[4..], ["undo-late b", "undo a"]);
}

#[test]
fn what_the_look_up_finds_is_undone_with_its_output_and_looked_for_again() {
    let mut sim = lost(with::<Looked>()).on("look b", "found absent");
    sim.run();
    assert_eq!(sim.calls_made()[4..], ["look b", "undo b", "look b", "undo a"]);
    let undo = sim.all_calls.iter().find(|c| c.kind == CallKind::Undo).unwrap();
    assert_eq!(undo.output.as_ref().map(|o| o.as_str()), Some("\"found\""));
    assert_eq!(sim.row("b").status, StepStatus::Compensated);
}

#[test]
fn what_landed_late_is_found_by_the_second_look_up() {
    let mut sim = lost(with::<Looked>()).on("look b", "absent found");
    sim.run();
    assert_eq!(sim.calls_made()[4..], ["look b", "look b", "undo-late b", "undo a"]);
}

#[test]
fn a_look_up_that_fails_is_tried_again_and_then_a_debt() {
    let mut sim = lost(with::<Looked>()).on("look b", "busy lost busy refused");
    sim.run();
    assert_eq!(sim.calls_made()[4..], ["look b", "look b (2)", "look b (3)", "look b", "undo a"]);
    assert_eq!(sim.row("b").debt, Some(Debt::Open));
    assert_eq!(sim.journal.header.state.failure_reason, Some(FailureReason::Debts));
}

#[test]
fn what_was_refused_while_something_could_land_is_tried_again_when_it_has() {
    let cases: [(Definition<()>, &str, &str, &[&str]); 3] = [
        (with::<Looked>(), "look b", "refused found", &["look b", "look b", "undo-late b", "undo a"]),
        (with::<Plain>(), "undo b", "refused ok", &["undo b", "undo-late b", "undo a"]),
        (with::<Rerun>(), "b", "lost lost lost refused made", &["run b", "run b", "undo-late b", "undo a"]),
    ];
    for (definition, step, words, calls) in cases {
        let mut sim = lost(definition);
        if step == "b" {
            sim.forget_script();
        }
        sim = sim.on(step, words);
        sim.run();
        assert_eq!(sim.calls_made()[4..], *calls, "{step}");
        assert_eq!(sim.status(), Status::RolledBack, "{step}");
    }
}

#[test]
fn a_debt_is_shown_when_nothing_can_land_any_more() {
    type Words = &'static [(&'static str, &'static str)];
    const RERUNS: &str = "lost lost lost lost lost lost lost lost lost";
    let cases: [(Definition<()>, Words, &[CallKind]); 4] = [
        (with::<Looked>(), &[("look b", "refused refused")], &[CallKind::Run]),
        (with::<Plain>(), &[("undo b", "refused"), ("undo-late b", "refused")], &[CallKind::Run]),
        // The last pass has lost requests of its own, to undo it or to run it once more.
        (
            with::<Plain>(),
            &[("undo b", "refused"), ("undo-late b", "lost lost lost")],
            &[CallKind::Run, CallKind::Undo],
        ),
        (with::<Rerun>(), &[("b", RERUNS)], &[CallKind::Run]),
    ];
    for (definition, words, land) in cases {
        let mut sim = Sim::of(definition);
        if words[0].0 != "b" {
            sim.say("b", "lost lost lost");
        }
        for (call, words) in words {
            sim.say(call, words);
        }
        sim.begin();
        sim.settle();
        let (mut sent, mut calls) = (sim.now, 0);
        while sim.journal.header.state.status != Status::Failed {
            let new = &sim.all_calls[calls..];
            if new.iter().any(|call| call.step == 1 && land.contains(&call.kind)) {
                sent = sim.now;
            }
            calls = sim.all_calls.len();
            assert!(calls < 30, "{words:?}: it ends");
            sim.tick();
            sim.settle();
        }
        assert_eq!(sim.row("b").debt, Some(Debt::Open), "{words:?}");
        let waited = sim.now.since(sent);
        assert!(waited.as_secs() >= 5, "{words:?}: shown after {waited:?}, while a request could land");
    }
}

#[test]
fn the_last_lost_undo_of_a_pass_is_waited_for_too() {
    let mut sim = lost(with::<Plain>()).on("undo b", "lost lost lost");
    sim.run_until("undo b (3)");
    let sent = sim.now;
    while sim.row("b").status != StepStatus::Compensated {
        sim.tick();
        sim.settle();
    }
    assert_eq!(sim.calls_made()[4..8], ["undo b", "undo b (2)", "undo b (3)", "undo-late b"]);
    let waited = sim.now.since(sent);
    assert!(waited.as_secs() >= 5, "it counts as undone after {waited:?}, while a request could land");
}

#[test]
fn a_rerun_learns_the_output_and_then_undoes_it() {
    let mut sim = Sim::of(with::<Rerun>()).on("b", "lost lost lost made made");
    sim.run();
    assert_eq!(sim.calls_made()[4..], ["run b", "undo b", "run b", "undo-late b", "undo a"]);
    let keys = sim.keys("b", CallKind::Run);
    assert!(keys.iter().all(|key| *key == "wf/rerun.b"), "{keys:?}");
    let undo = sim.all_calls.iter().find(|c| c.kind == CallKind::Undo).unwrap();
    assert_eq!(undo.output.as_ref().map(|o| o.as_str()), Some("\"made\""));
}

#[test]
fn a_rerun_that_is_lost_too_moves_the_last_pass() {
    let mut sim = Sim::of(with::<Rerun>()).on("b", "lost lost lost made lost made made");
    sim.run();
    // The lost rerun of what was meant to be the last pass may land after it.
    let made = sim.calls_made()[4..].join(", ");
    assert_eq!(made, "run b, undo b, run b, run b (2), undo b, run b, undo-late b, undo a");
}

#[test]
fn a_rerun_that_finds_something_older_undoes_nothing() {
    let mut sim = Sim::of(with::<Rerun>()).on("b", "lost lost lost adopted adopted");
    sim.run();
    assert_eq!(sim.calls_made()[4..], ["run b", "run b", "undo a"]);
}

#[test]
fn a_person_is_asked_where_the_step_says_so_and_nothing_is_undone() {
    let mut sim = lost(with::<Asked>());
    sim.run();
    assert_eq!(sim.calls_made().len(), 4);
    assert_eq!(sim.journal.header.state.failure_reason, Some(FailureReason::Parked));
    assert_eq!(sim.row("b").effect, TouchedEffect::Unknown);

    // Cancelled by that person: what nobody knows is a debt, the rest is undone.
    sim.cancel_stopped().unwrap();
    sim.resume();
    sim.run();
    assert_eq!(sim.calls_made()[4..], ["undo a"]);
    assert_eq!(sim.row("b").debt, Some(Debt::Open));
}

#[test]
fn a_refused_step_of_any_kind_is_neither_looked_up_nor_undone() {
    for definition in [with::<Looked>(), with::<Rerun>(), with::<Asked>(), with::<Safe>()] {
        let mut sim = Sim::of(definition).on("b", "busy refused");
        sim.run();
        assert_eq!(sim.calls_made(), ["run a", "run b", "run b (2)", "undo a"]);
    }
}

#[test]
fn a_rerun_that_is_cut_off_moves_the_last_pass_too() {
    type End = fn(&mut Sim);
    let ends: [(End, &str); 3] = [
        (Sim::die_and_resume, "run b"),
        (
            |sim| {
                sim.abandon();
                sim.resume();
            },
            "run b",
        ),
        (
            |sim| {
                sim.answer("b", "lost");
                sim.drain();
                sim.resume();
            },
            // It is counted on.
            "run b (2)",
        ),
    ];
    for (end, first) in ends {
        let mut sim = Sim::of(with::<Rerun>()).on("b", "lost lost lost hang");
        sim.run();
        // Long after the step's own requests could land, its rerun is cut off.
        sim.pass(Duration::from_secs(10));
        end(&mut sim);
        sim.forget_script();
        sim.run();
        assert_eq!(sim.calls_made()[5..], [first, "undo b", "run b", "undo-late b", "undo a"]);
    }
}

/// `a b` are done, `c` is refused, and the first request to undo `b` is lost.
fn lost_undo<S>() -> Sim
where
    S: crate::step::Callable<()> + crate::step::Signature<Output = serde_json::Value>,
{
    let definition = saga(|s| {
        call::<Plain>(s, "a");
        call::<S>(s, "b");
        call::<Plain>(s, "c");
    });
    Sim::of(definition).on("c", "refused").on("undo b", "lost ok")
}

#[test]
fn a_lost_undo_that_was_repeated_is_over_only_when_it_can_land_no_more() {
    let mut sim = lost_undo::<Plain>();
    sim.begin();
    sim.settle();
    while sim.calls_made().last() != Some(&"undo b (2)") {
        sim.tick();
        sim.settle();
    }
    let lost_at = sim.row("b").failed_at.unwrap();
    assert_eq!(sim.row("b").status, StepStatus::Compensating);
    assert_eq!(sim.machine().wake_at(), Some(lost_at.plus(Duration::from_secs(5))));
    sim.run();
    assert_eq!(sim.calls_made()[3..], ["undo b", "undo b (2)", "undo a"], "it is not undone a third time");
    assert_eq!((sim.status(), sim.row("b").status), (Status::RolledBack, StepStatus::Compensated));
}

#[test]
fn a_lost_undo_is_not_forgotten_by_the_next_owner() {
    let ends: [fn(&mut Sim); 2] = [Sim::die_and_resume, |sim| {
        sim.drain();
        sim.resume();
    }];
    for end in ends {
        let mut sim = lost_undo::<Plain>();
        sim.begin();
        sim.settle();
        while sim.calls_made().last() != Some(&"undo b (2)") {
            sim.tick();
            sim.settle();
        }
        let lost_at = sim.row("b").failed_at.unwrap();
        end(&mut sim);
        sim.run();
        assert_eq!(sim.status(), Status::RolledBack);
        assert!(sim.now >= lost_at.plus(Duration::from_secs(5)), "it ended while the request could land");
    }
}

#[test]
fn where_late_duplicates_are_harmless_a_lost_undo_is_not_waited_for() {
    let mut sim = lost_undo::<Safe>();
    let began = sim.now;
    sim.run();
    assert_eq!(sim.calls_made()[3..], ["undo b", "undo b (2)", "undo a"]);
    assert!(sim.now.since(began) < Duration::from_secs(5));
}

#[test]
fn an_undo_that_a_dead_worker_may_have_sent_is_waited_for() {
    for dies in [true, false] {
        let mut sim = Sim::of(chain(&["a", "b"])).on("b", "refused").on("undo a", "hang");
        sim.run_until("undo a");
        if dies {
            sim.die(true);
        } else {
            sim.abandon();
        }
        let sent_at_the_latest = sim.now;
        sim.forget_script();
        sim.resume();
        sim.settle();
        assert_eq!(sim.status(), Status::RollingBack, "the request of the other worker can land still");
        sim.run();
        assert_eq!(sim.status(), Status::RolledBack);
        assert!(sim.now.since(sent_at_the_latest).as_secs() >= 5);
    }
}
