//! The point of no return.

use super::plans::{Keeps, LookedPivot, Pivot, Plain, RerunPivot, call, saga, tolerated};
use super::sim::Sim;
use crate::definition::{Definition, OnFailure};
use crate::step::{Callable, Signature};
use crate::store::{AuditKind, FailureReason, Status, StepStatus, TouchedEffect};

fn with<P: Callable<()> + Signature<Output = serde_json::Value>>() -> Definition<()> {
    saga(|s| {
        call::<Plain>(s, "a");
        call::<P>(s, "p");
        call::<Keeps>(s, "k");
    })
}

#[test]
fn a_pivot_that_is_refused_rolls_back() {
    let mut sim = Sim::of(with::<Pivot>()).on("p", "refused");
    sim.run();
    assert_eq!(sim.calls_made(), ["run a", "run p", "undo a"]);
}

#[test]
fn after_a_done_pivot_nothing_rolls_back() {
    let mut sim = Sim::of(with::<Pivot>()).on("k", "refused");
    sim.run();
    assert_eq!(sim.calls_made(), ["run a", "run p", "run k"]);
    assert_eq!(sim.journal.header.state.failure_reason, Some(FailureReason::Parked));
    sim.cancel_stopped().unwrap_err();
    sim.retry().unwrap();
    sim.resume();
    sim.run();
    assert_eq!(sim.status(), Status::Completed);
}

#[test]
fn a_pivot_that_found_its_thing_done_by_others_is_a_done_pivot() {
    let mut sim = Sim::of(with::<Pivot>()).on("p", "adopted").on("k", "refused");
    sim.run();
    assert_eq!(sim.status(), Status::Failed);
    assert_eq!(sim.row("p").effect, TouchedEffect::Done);
}

#[test]
fn an_unknown_pivot_is_not_tried_again_but_parks() {
    let mut sim = Sim::of(with::<Pivot>()).on("p", "lost");
    sim.run();
    assert_eq!(sim.calls_made(), ["run a", "run p"]);
    assert_eq!(sim.journal.header.state.failure_reason, Some(FailureReason::Parked));
    // Until a person takes the responsibility: and then under the same key.
    sim.retry().unwrap();
    sim.resume();
    sim.run();
    assert_eq!(sim.calls_made(), ["run a", "run p", "run p", "run k"]);
    assert_eq!(sim.keys("p", crate::machine::CallKind::Run), ["wf/pivot.p"; 2]);
}

#[test]
fn a_pivot_cut_off_by_a_death_parks_and_one_that_never_began_runs() {
    let mut sim = Sim::of(with::<Pivot>()).on("p", "hang");
    sim.run();
    sim.die_and_resume();
    sim.run();
    assert_eq!(sim.calls_made(), ["run a", "run p"]);
    assert_eq!(sim.status(), Status::Failed);

    let mut sim = Sim::of(with::<Pivot>()).on("a", "hang");
    sim.run();
    sim.answer("a", "ok");
    sim.die(false);
    sim.resume();
    sim.forget_script();
    sim.run();
    assert_eq!(sim.status(), Status::Completed);
}

#[test]
fn a_pivot_given_up_at_the_end_of_a_worker_is_not_tried_again_by_the_next() {
    let mut sim = Sim::of(with::<Pivot>()).on("p", "hang");
    sim.run();
    sim.abandon();
    sim.resume();
    sim.run();
    assert_eq!(sim.calls_made(), ["run a", "run p"]);
    assert_eq!(sim.journal.header.state.failure_reason, Some(FailureReason::Parked));
}

#[test]
fn a_look_up_that_finds_the_pivot_goes_forward() {
    let mut sim = Sim::of(with::<LookedPivot>()).on("p", "lost").on("look p", "busy found");
    sim.run();
    assert_eq!(sim.calls_made(), ["run a", "run p", "look p", "look p (2)", "run k"]);
    assert_eq!(sim.status(), Status::Completed);
    assert_eq!(sim.row("p").output.as_ref().map(|o| o.as_str()), Some("\"found\""));
}

#[test]
fn a_pivot_that_is_certainly_absent_is_tried_again_and_absence_counts_only_at_the_end() {
    let mut sim = Sim::of(with::<LookedPivot>()).on("p", "lost ok").on("look p", "absent absent");
    sim.run();
    assert_eq!(sim.calls_made(), ["run a", "run p", "look p", "look p", "run p (2)", "run k"]);
    assert_eq!(sim.keys("p", crate::machine::CallKind::Run), ["wf/looked_pivot.p"; 2]);
    assert_eq!(sim.status(), Status::Completed);

    let mut sim = Sim::of(with::<LookedPivot>()).on("p", "lost").on("look p", "absent found");
    sim.run();
    assert_eq!(sim.calls_made(), ["run a", "run p", "look p", "look p", "run k"]);
    assert_eq!(sim.status(), Status::Completed);
}

#[test]
fn a_pivot_that_is_absent_after_its_last_attempt_rolls_back() {
    let absent = ["absent"; 6].join(" ");
    let mut sim = Sim::of(with::<LookedPivot>()).on("p", "lost lost lost").on("look p", &absent);
    sim.run();
    assert_eq!(sim.calls_made().iter().filter(|call| call.starts_with("run p")).count(), 3);
    assert_eq!(sim.calls_made().last(), Some(&"undo a"));
    assert_eq!((sim.status(), sim.row("p").effect), (Status::RolledBack, TouchedEffect::None));
}

/// Whoever took it over found that it had not been sent yet, and rolled back what nobody had refused.
#[test]
fn a_pivot_whose_worker_died_before_it_was_sent_is_sent_by_the_next() {
    for second_death in [None, Some("look p"), Some("between the looks"), Some("run p")] {
        let mut sim = Sim::of(with::<LookedPivot>()).on("p", "hang");
        sim.run();
        sim.die_and_resume();
        sim.forget_script();
        match second_death {
            None => {}
            Some("look p") => sim.say("look p", "hang"),
            Some("run p") => {
                sim.say("look p", "absent absent");
                sim.say("p", "hang");
            }
            Some(_) => sim.say("look p", "absent"),
        }
        if second_death == Some("between the looks") {
            sim.run_until_idle();
        } else if second_death.is_some() {
            sim.run();
        }
        if second_death.is_some() {
            sim.die_and_resume();
            sim.forget_script();
        }
        sim.say("look p", "absent absent");
        sim.run();
        assert_eq!(sim.status(), Status::Completed, "{second_death:?}: {:?}", sim.calls_made());
        assert_eq!(sim.calls_made().last(), Some(&"run k"), "{second_death:?}");
    }
}

#[test]
fn a_pivot_that_cannot_be_looked_up_parks() {
    let mut sim = Sim::of(with::<LookedPivot>()).on("p", "lost").on("look p", "refused refused");
    sim.run();
    assert_eq!(sim.calls_made().iter().filter(|call| call.starts_with("look p")).count(), 2);
    assert_eq!(sim.journal.header.state.failure_reason, Some(FailureReason::Parked));
    assert_eq!(sim.row("p").status, StepStatus::Failed);
    sim.cancel_stopped().unwrap_err();
}

#[test]
fn the_look_up_of_a_pivot_survives_a_death_at_any_moment() {
    for moment in ["run p", "look p"] {
        let mut sim = Sim::of(with::<LookedPivot>()).on("p", "lost");
        sim.say(moment, "hang");
        if moment == "run p" {
            sim.forget_script();
            sim.say("p", "hang");
        }
        sim.run();
        sim.die_and_resume();
        sim.forget_script();
        sim.say("look p", "found");
        sim.run();
        assert_eq!(sim.calls_made().last(), Some(&"run k"));
        assert_eq!(sim.status(), Status::Completed);
    }
}

#[test]
fn a_pivot_that_may_be_run_again_is() {
    let mut sim = Sim::of(with::<RerunPivot>()).on("p", "lost ok");
    sim.run();
    assert_eq!(sim.calls_made(), ["run a", "run p", "run p (2)", "run k"]);
    let mut sim = Sim::of(with::<RerunPivot>()).on("p", "lost refused");
    sim.run();
    assert_eq!(sim.status(), Status::Failed);
}

#[test]
fn a_cancel_while_the_pivot_is_under_way_depends_on_how_it_ends() {
    for (word, status, last) in [
        ("ok", Status::Completed, "run k"),
        ("refused", Status::RolledBack, "undo a"),
        ("busy", Status::RolledBack, "undo a"),
        ("lost", Status::Failed, "run p"),
    ] {
        let mut sim = Sim::of(with::<Pivot>()).on("p", "hang");
        sim.run();
        sim.cancel();
        sim.answer("p", word);
        sim.forget_script();
        sim.run();
        assert_eq!((sim.status(), *sim.calls_made().last().unwrap()), (status, last), "{word}");
        assert!(sim.journal.inbox.is_empty());
    }
}

#[test]
fn a_cancel_while_the_pivot_is_looked_up_waits_for_the_answer() {
    for (word, status) in [("found", Status::Completed), ("absent", Status::RolledBack)] {
        let mut sim = Sim::of(with::<LookedPivot>()).on("p", "lost").on("look p", "absent hang");
        sim.run_until_idle();
        // Nothing is there yet, and nobody knows whether something will be.
        sim.cancel();
        sim.run();
        sim.answer("look p", word);
        sim.forget_script();
        sim.run();
        assert_eq!(sim.status(), status, "{word}");
    }
}

#[test]
fn a_cancel_while_the_pivot_is_looked_up_holds_whatever_the_failure_policy_says() {
    let definition = saga(|s| {
        s.on_failure(OnFailure::Park);
        call::<Plain>(s, "a");
        call::<LookedPivot>(s, "p");
    });
    let mut sim = Sim::of(definition).on("p", "lost").on("look p", "absent absent");
    sim.run_until_idle();
    sim.cancel();
    sim.run();
    assert_eq!(sim.status(), Status::RolledBack);
}

#[test]
fn a_cancel_past_the_pivot_is_refused_and_says_so() {
    let mut sim = Sim::of(with::<Pivot>()).on("k", "hang");
    sim.run();
    sim.cancel();
    sim.answer("k", "ok");
    sim.run();
    assert_eq!(sim.status(), Status::Completed);
    assert!(sim.journal.audit.iter().any(|e| e.kind == AuditKind::CancelRefused));
    assert!(sim.journal.inbox.is_empty());
}

#[test]
fn a_retriable_sibling_that_was_busy_when_a_cancel_was_refused_is_tried_again() {
    let definition = saga(|s| {
        s.join(|s| call::<Pivot>(s, "p"), |s| call::<Keeps>(s, "k"));
    });
    let mut sim = Sim::of(definition).on("p", "hang").on("k", "hang");
    sim.run();
    sim.cancel();
    sim.answer("k", "busy");
    sim.answer("p", "ok");
    sim.forget_script();
    sim.run();
    assert_eq!(sim.calls_made(), ["run p", "run k", "run k (2)"]);
    assert_eq!(sim.status(), Status::Completed);
}

#[test]
fn a_tolerated_pivot_gives_null_when_refused_and_parks_when_unknown() {
    let definition = || saga(|s| tolerated::<Pivot>(s, "p"));
    for (word, status) in [("refused", Status::Completed), ("lost", Status::Failed)] {
        let mut sim = Sim::of(definition()).on("p", word);
        sim.run();
        assert_eq!(sim.status(), status);
    }
}
