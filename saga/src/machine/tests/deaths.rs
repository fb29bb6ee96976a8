//! Workers die: what the next owner takes for unknown, what it does not, and what it does about steps that kill.

use super::plans::{Asked, Local, Once, Pivot, Plain, Reads, call, chain, saga};
use super::sim::Sim;
use crate::definition::Definition;
use crate::machine::Event;
use crate::step::{Callable, Signature};
use crate::store::{AuditKind, Debt, FailureReason, Status, StepStatus, TouchedEffect};

/// `a`, then `b` beside `c`, then `d`.
fn diamond() -> Definition<()> {
    saga(|s| {
        call::<Plain>(s, "a");
        s.join(|s| call::<Plain>(s, "b"), |s| call::<Plain>(s, "c"));
        call::<Plain>(s, "d");
    })
}

#[test]
fn exactly_what_may_have_begun_is_unknown() {
    let mut sim = Sim::of(diamond()).on("b", "hang").on("c", "hang");
    sim.run();
    sim.answer("c", "ok");
    sim.die(true);
    sim.take_trace();
    sim.resume();
    assert_eq!(sim.take_trace(), ["write b=running? -> running"]);
    assert_eq!(sim.row_in_memory("a").effect, TouchedEffect::Done);
    assert_eq!(sim.row_in_memory("d").effect, TouchedEffect::None);
    assert!(sim.journal.header.unclean);
    sim.acknowledge();
    assert!(!sim.journal.header.unclean);
    assert!(sim.journal.audit.iter().any(|e| e.kind == AuditKind::TakenOver));
}

#[test]
fn what_is_unknown_is_durable_before_it_is_tried_again() {
    let mut sim = Sim::of(chain(&["a"])).on("a", "hang");
    sim.run();
    sim.die_and_resume();
    assert!(sim.calls.is_empty());
    sim.acknowledge();
    assert_eq!(sim.calls.len(), 1);
}

#[test]
fn a_clean_hand_over_leaves_nothing_unknown() {
    let mut sim = Sim::of(chain(&["a", "b"])).on("a", "hang");
    sim.run();
    sim.feed(Event::Drain);
    sim.answer("a", "ok");
    sim.settle();
    sim.resume();
    sim.say("b", "refused");
    sim.forget_script();
    sim.say("b", "refused");
    sim.run();
    assert_eq!(sim.calls_made(), ["run a", "run b", "undo a"]);
}

#[test]
fn dying_at_every_commit_whether_it_got_through_or_not_changes_nothing_about_the_end() {
    for fails in ["d", "none"] {
        for at in 0..12 {
            for got_through in [true, false] {
                let mut sim = Sim::of(diamond()).on(fails, "refused");
                sim.begin();
                let mut commits = 0;
                while sim.machine.is_some() {
                    if sim.in_flight.is_some() {
                        commits += 1;
                        if commits == at + 2 {
                            sim.die(got_through);
                            if sim.status().is_ended() {
                                break;
                            }
                            sim.resume();
                            if fails == "d" {
                                sim.say("d", "refused");
                            }
                            continue;
                        }
                        sim.acknowledge();
                    } else if !sim.settle_one() {
                        sim.tick();
                    }
                }
                let wanted = if fails == "d" { Status::RolledBack } else { Status::Completed };
                assert_eq!(sim.status(), wanted, "dying at {at}, {got_through}: {:#?}", sim.trace);
            }
        }
    }
}

#[test]
fn only_steps_that_need_one_leave_an_intent() {
    fn trace<S: Callable<()> + Signature<Output = serde_json::Value>>() -> Vec<String> {
        let mut sim = Sim::of(saga(|s| {
            call::<S>(s, "s");
        }))
        .on("s", "hang");
        sim.run();
        sim.take_trace()
    }
    for with in [trace::<Pivot>(), trace::<Once>(), trace::<Asked>()] {
        assert_eq!(with, ["write create s=running", "run s"]);
    }
    for without in [trace::<Plain>(), trace::<Local>(), trace::<Reads>()] {
        assert_eq!(without, ["write create", "run s"]);
    }
}

#[test]
fn a_step_that_is_tried_once_is_not_tried_again_after_a_death_in_it_and_undone() {
    let mut sim = Sim::of(saga(|s| {
        call::<Once>(s, "s");
    }))
    .on("s", "hang");
    sim.run();
    sim.die_and_resume();
    sim.forget_script();
    sim.run();
    assert_eq!(sim.calls_made(), ["run s", "undo s", "undo-late s"]);
}

#[test]
fn a_step_about_which_a_person_decides_parks_after_a_death_in_it_only() {
    let mut sim = Sim::of(saga(|s| {
        call::<Plain>(s, "a");
        call::<Asked>(s, "s");
    }))
    .on("a", "hang")
    .on("s", "hang");
    sim.run();
    sim.die_and_resume();
    sim.settle();
    sim.answer("a", "ok");
    sim.settle();
    assert_eq!(sim.calls_made(), ["run a", "run a", "run s"]);
    sim.die_and_resume();
    sim.run();
    assert_eq!(sim.journal.header.state.failure_reason, Some(FailureReason::Parked));
}

#[test]
fn an_intent_whose_pause_is_durable_is_closed() {
    let mut sim = Sim::of(saga(|s| {
        call::<Pivot>(s, "p");
    }))
    .on("p", "wait");
    sim.run_until_idle();
    assert_eq!(sim.row("p").status, StepStatus::Pending);
    sim.die_and_resume();
    sim.run();
    assert_eq!(sim.calls_made(), ["run p", "run p (2)"]);
    assert_eq!(sim.status(), Status::Completed);
}

#[test]
fn a_transactional_step_is_not_unknown_after_a_death() {
    let mut sim = Sim::of(saga(|s| {
        call::<Local>(s, "t");
    }))
    .on("t", "hang");
    sim.run();
    sim.die_and_resume();
    sim.settle();
    sim.answer("t", "refused");
    sim.run();
    assert_eq!(sim.calls_made(), ["run t", "run t"]);
    assert_eq!(sim.status(), Status::RolledBack);
}

#[test]
fn a_death_in_a_rollback_repeats_the_undo_under_its_key_and_none_that_is_recorded() {
    let mut sim = Sim::of(chain(&["a", "b", "c"])).on("c", "refused").on("undo a", "hang");
    sim.run();
    sim.die_and_resume();
    sim.forget_script();
    sim.run();
    assert_eq!(sim.calls_made()[3..], ["undo b", "undo a", "undo a"]);
    assert_eq!(sim.keys("a", crate::machine::CallKind::Undo), ["wf/plain.a/undo"; 2]);
}

#[test]
fn a_death_between_the_passes_does_not_lose_the_second() {
    let mut sim = Sim::of(chain(&["a"])).on("a", "lost refused");
    sim.run_until("write a=compensating?");
    sim.settle();
    sim.die_and_resume();
    sim.forget_script();
    sim.run();
    assert_eq!(sim.calls_made()[2..], ["undo a", "undo a", "undo-late a"]);
}

#[test]
fn a_suspect_leaves_an_intent_before_every_step() {
    let mut sim = Sim::of(chain(&["a", "b"])).on("a", "hang hang hang");
    sim.run();
    for _ in 0..2 {
        sim.die_and_resume();
        sim.run();
    }
    sim.take_trace();
    sim.answer("a", "ok");
    sim.settle();
    assert_eq!(sim.take_trace()[..2], ["write a=completed b=running", "run b"]);
}

#[test]
fn a_step_that_takes_its_worker_down_parks_its_workflow_and_no_innocent_step_is_blamed() {
    let definition = saga(|s| {
        s.join(|s| call::<Plain>(s, "a"), |s| call::<Plain>(s, "k"));
    });
    // With few attempts it would be rolled back when they are spent.
    let patient = definition.with_policies(|_, policy| policy.retry.max_attempts = 20);
    let mut sim = Sim::of(patient).on("k", &["hang"; 9].join(" "));
    sim.run();
    let mut deaths = 0;
    while !sim.status().is_ended() {
        deaths += 1;
        assert!(deaths < 9);
        sim.die_and_resume();
        sim.run();
    }
    // Two to be suspected, three with the intent open.
    assert_eq!(deaths, 5);
    assert_eq!(sim.journal.header.state.failure_reason, Some(FailureReason::Poison));
    assert_eq!((sim.row("k").deaths, sim.row("k").status), (3, StepStatus::Failed));
    assert_eq!((sim.row("a").deaths, sim.row("a").status), (0, StepStatus::Completed));

    sim.retry().unwrap();
    sim.resume();
    sim.forget_script();
    sim.run();
    assert_eq!(sim.status(), Status::Completed);
}

#[test]
fn a_transactional_step_that_kills_is_found_too() {
    let mut sim = Sim::of(saga(|s| {
        call::<Local>(s, "t");
    }))
    .on("t", &["hang"; 9].join(" "));
    sim.run();
    while !sim.status().is_ended() {
        assert!(sim.all_calls.len() < 9);
        sim.die_and_resume();
        sim.run();
    }
    assert_eq!(sim.journal.header.state.failure_reason, Some(FailureReason::Poison));
}

#[test]
fn an_undo_that_kills_becomes_a_debt_and_the_others_go_on() {
    let mut sim = Sim::of(chain(&["a", "b", "c"])).on("c", "refused").on("undo b", &["hang"; 9].join(" "));
    sim.run();
    while !sim.status().is_ended() {
        assert!(sim.all_calls.len() < 15);
        sim.die_and_resume();
        sim.run();
    }
    assert_eq!(sim.row("b").debt, Some(Debt::Open));
    assert_eq!(sim.row("a").status, StepStatus::Compensated);
}

/// What was on its way had come back: who dies while nothing is done but waiting was taken down by something else.
#[test]
fn an_undo_that_only_waits_for_its_second_pass_is_not_blamed_for_deaths() {
    let mut sim = Sim::of(chain(&["a", "b"])).on("b", "lost refused");
    sim.run_until("write b=compensating?");
    sim.forget_script();
    for _ in 0..6 {
        sim.settle();
        sim.die_and_resume();
    }
    sim.run();
    assert_eq!(sim.status(), Status::RolledBack, "{:#?}", sim.trace);
}

#[test]
fn a_suspect_that_died_before_its_first_commit_proves_nothing() {
    let mut sim = Sim::of(chain(&["a"])).on("a", "hang");
    sim.run();
    for _ in 0..4 {
        sim.die(false);
        sim.resume();
    }
    // Nobody ever wrote that the step may have begun, and it may.
    assert_eq!(sim.row_in_memory("a").effect, TouchedEffect::Unknown);
}

#[test]
fn a_run_without_values_knows_after_a_death_what_may_have_begun() {
    let mut sim = Sim::of(chain(&["a"])).on("a", "refused");
    sim.run();
    sim.retry().unwrap();
    sim.resume();
    sim.say("a", "hang");
    sim.run();
    sim.die_and_resume();
    assert_eq!(sim.row_in_memory("a").effect, TouchedEffect::Unknown);
}

#[test]
fn a_refusal_for_wrong_configuration_survives_a_death_before_its_decision() {
    let mut sim = Sim::of(diamond()).on("b", "hang").on("c", "hang");
    sim.run();
    sim.answer("b", "config");
    sim.settle();
    sim.die_and_resume();
    sim.run();
    assert_eq!(sim.journal.header.state.failure_reason, Some(FailureReason::Configuration));
}
