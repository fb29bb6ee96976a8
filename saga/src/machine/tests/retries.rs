//! A step fails and is tried again.

use std::time::Duration;

use super::plans::{Keeps, Local, Plain, call, chain, saga};
use super::sim::Sim;
use crate::store::{AuditKind, Status, StepStatus};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_transient_failure_is_written_down_and_tried_again_under_the_same_key() {
    let mut sim = Sim::of(chain(&["a"])).on("a", "busy busy ok");
    sim.run();
    assert_eq!(
        sim.trace,
        [
            "write create",
            "run a",
            "write a=running",
            "run a (2)",
            "write a=running",
            "run a (3)",
            "write a=completed -> completed",
            "stop"
        ]
    );
    assert_eq!(sim.keys("a", crate::machine::CallKind::Run), ["wf/plain.a"; 3]);
    assert_eq!(sim.row("a").attempts, 3);
    let failures = sim.journal.audit.iter().filter(|e| e.kind == AuditKind::AttemptFailed);
    assert_eq!(failures.count(), 2);
}

#[test]
fn an_unknown_failure_is_durable_before_its_retry() {
    let mut sim = Sim::of(chain(&["a"])).on("a", "lost hang");
    sim.run();
    assert_eq!(sim.trace, ["write create", "run a", "write a=running?", "run a (2)"]);
}

#[test]
fn a_pause_is_durable_unless_the_engine_is_told_that_short_ones_need_not_be() {
    for (word, from, wanted) in [("wait", SECOND, 2), ("busy", SECOND, 1), ("busy", Duration::ZERO, 2)] {
        let mut sim = Sim::created_elsewhere(chain(&["a"])).on("a", word).on("a", "hang");
        sim.settings.record_pauses_from = from;
        sim.resume();
        sim.run();
        let written = sim.trace.iter().filter(|line| line.starts_with("write")).count();
        assert_eq!(written, wanted, "{word}: {:#?}", sim.trace);
    }
}

#[test]
fn when_the_attempts_are_spent_the_saga_rolls_back() {
    let mut sim = Sim::of(chain(&["a", "b"])).on("b", "busy busy busy");
    sim.run();
    assert_eq!(sim.calls_made(), ["run a", "run b", "run b (2)", "run b (3)", "undo a"]);
}

#[test]
fn what_the_server_says_about_the_pause_wins() {
    let mut sim = Sim::of(chain(&["a"])).on("a", "wait ok");
    sim.begin();
    sim.settle();
    assert_eq!(sim.machine().wake_at(), Some(sim.now.plus(20 * SECOND)));
    sim.pass(19 * SECOND);
    sim.settle();
    assert_eq!(sim.calls_made(), ["run a"]);
    sim.pass(SECOND);
    sim.run();
    assert_eq!(sim.status(), Status::Completed);
}

#[test]
fn no_attempt_begins_after_the_deadline_of_the_policy() {
    // Pauses of half a second: the third attempt would begin a second after the first.
    let limited = |deadline| {
        chain(&["a"]).with_policies(move |_, policy| {
            policy.retry.max_attempts = 100;
            policy.retry.deadline = Some(deadline);
        })
    };
    for (deadline, attempts) in [(Duration::from_millis(900), 2), (SECOND, 3)] {
        let mut sim = Sim::of(limited(deadline)).on("a", &["busy"; 50].join(" "));
        sim.run();
        assert_eq!(sim.calls_made().len(), attempts, "{deadline:?}");
        assert_eq!(sim.status(), Status::RolledBack);
    }
}

#[test]
fn compensations_have_attempts_and_a_deadline_of_their_own() {
    let definition = chain(&["a", "b"]).with_policies(|_, policy| {
        policy.retry.max_attempts = 1;
        policy.undo_retry.max_attempts = 100;
        policy.undo_retry.deadline = Some(2 * SECOND);
    });
    let mut sim = Sim::of(definition).on("b", "refused").on("undo a", &["busy"; 50].join(" "));
    sim.run();
    let undone = sim.calls_made().iter().filter(|c| c.starts_with("undo")).count();
    assert_eq!(undone, 5);
    assert_eq!(sim.row("a").status, StepStatus::CompensationFailed);
}

#[test]
fn a_retriable_step_is_tried_until_it_succeeds_and_parks_when_it_is_refused() {
    let definition = || {
        saga(|s| {
            call::<Plain>(s, "a");
            call::<Keeps>(s, "k");
        })
    };
    let mut sim = Sim::of(definition()).on("k", &["busy"; 40].join(" ")).on("k", "ok");
    sim.run();
    assert_eq!(sim.status(), Status::Completed);

    let mut sim = Sim::of(definition()).on("k", "refused");
    sim.run();
    assert_eq!(sim.status(), Status::Failed);
    assert_eq!(sim.calls_made(), ["run a", "run k"]);
}

#[test]
fn a_transaction_that_fails_leaves_nothing_unknown() {
    let mut sim = Sim::of(saga(|s| {
        call::<Local>(s, "t");
    }))
    .on("t", "lost lost lost");
    sim.run();
    assert_eq!(sim.calls_made(), ["run t", "run t (2)", "run t (3)"]);
    assert_eq!(sim.status(), Status::RolledBack);
}
