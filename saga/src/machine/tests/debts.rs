//! Undos that fail, and what people do about them.

use super::plans::{Asked, POLICY, Plain, call, chain, saga};
use super::sim::Sim;
use crate::machine::{CallKind, DebtAction};
use crate::store::{AuditKind, Debt, FailureReason, Status, StepStatus};

/// `a b c` are done, `d` is refused, and the undo of `a` and of `c` is refused.
fn two_debts() -> Sim {
    let mut sim = Sim::of(chain(&["a", "b", "c", "d"]))
        .on("d", "refused")
        .on("undo c", "refused")
        .on("undo a", "refused");
    sim.run();
    sim
}

#[test]
fn when_one_undo_fails_the_others_go_on_and_each_is_a_debt() {
    let sim = two_debts();
    assert_eq!(sim.calls_made()[4..], ["undo c", "undo b", "undo a"]);
    let debts: Vec<_> = ["a", "b", "c"].map(|n| sim.row(n).debt).into();
    assert_eq!(debts, [Some(Debt::Open), None, Some(Debt::Open)]);
    let state = &sim.journal.header.state;
    assert_eq!((state.status, state.failure_reason), (Status::Failed, Some(FailureReason::Debts)));
    assert_eq!(
        state.compensation_error.as_deref(),
        Some(
            "Compensation of step 1 (plain) failed: refused; Compensation of step 3 (plain) failed: refused"
        )
    );
    assert_eq!(state.error_message.as_deref(), Some("Step 4 (plain) failed: refused"));
}

#[test]
fn an_operators_retry_tries_the_failed_compensations_again_and_no_others() {
    let mut sim = two_debts();
    sim.retry().unwrap();
    sim.resume();
    sim.run();
    assert_eq!(sim.calls_made()[7..], ["undo c", "undo a"]);
    assert_eq!(sim.status(), Status::RolledBack);
    assert_eq!(sim.journal.header.state.compensation_error, None);
    assert_eq!(sim.row("a").debt, None);
    assert_eq!(sim.keys("a", CallKind::Undo), ["wf/plain.a/undo"; 2]);
}

#[test]
fn the_debt_stays_open_until_its_retry_succeeds() {
    let mut sim = two_debts();
    sim.retry().unwrap();
    assert_eq!(sim.row("a").debt, Some(Debt::Open));
    sim.resume();
    sim.say("undo a", "refused");
    sim.run();
    assert_eq!(sim.journal.header.state.failure_reason, Some(FailureReason::Debts));
    assert_eq!((sim.row("a").debt, sim.row("c").debt), (Some(Debt::Open), None));
}

#[test]
fn the_last_debt_that_is_settled_or_forgiven_makes_the_workflow_rolled_back() {
    let mut sim = two_debts();
    sim.debt("plain.a", DebtAction::Settle).unwrap();
    assert_eq!(sim.status(), Status::Failed);
    sim.debt("2", DebtAction::Forgive).unwrap();
    assert_eq!(sim.status(), Status::RolledBack);
    assert_eq!(sim.journal.header.state.failure_reason, None);
    assert_eq!((sim.row("a").debt, sim.row("c").debt), (Some(Debt::Settled), Some(Debt::Forgiven)));
    assert_eq!(sim.row("a").debt_note.as_deref(), Some("seen to"));
    let by: Vec<_> =
        sim.journal.audit.iter().filter_map(|e| e.actor.as_deref().map(|by| (e.kind, by))).collect();
    assert_eq!(
        by,
        [(AuditKind::DebtSettled, "ann"), (AuditKind::DebtForgiven, "ann"), (AuditKind::RolledBack, "ann")]
    );
    sim.debt("plain.a", DebtAction::Settle).unwrap_err();
}

#[test]
fn one_debt_can_be_tried_again_alone_even_where_steps_share_a_name() {
    let mut sim = two_debts();
    sim.debt("plain", DebtAction::Retry).unwrap();
    sim.resume();
    sim.run();
    assert_eq!(sim.calls_made()[7..], ["undo a"]);
    assert_eq!((sim.row("a").status, sim.row("c").debt), (StepStatus::Compensated, Some(Debt::Open)));
    assert_eq!(sim.status(), Status::Failed);
}

#[test]
fn nobody_owes_what_is_not_owed() {
    let mut sim = two_debts();
    for step in ["plain.b", "plain.d", "nothing", "7"] {
        sim.debt(step, DebtAction::Settle).unwrap_err();
    }
    let mut sim = Sim::of(saga(|s| {
        call::<Plain>(s, "a");
    }));
    sim.run();
    sim.debt("plain.a", DebtAction::Settle).unwrap_err();
}

/// `b` is lost, and only a person can know whether it took effect; the workflow was cancelled.
fn asked() -> Sim {
    let mut sim = Sim::of(saga(|s| {
        call::<Plain>(s, "a");
        call::<Asked>(s, "b");
    }))
    .on("b", "lost lost lost");
    sim.run();
    sim.cancel_stopped().unwrap();
    sim.resume();
    sim.run();
    assert_eq!(sim.journal.header.state.failure_reason, Some(FailureReason::Debts));
    sim
}

#[test]
fn what_only_a_person_can_know_is_not_undone_by_a_retry_of_the_workflow() {
    let mut sim = asked();
    let retries = sim.journal.header.state.retry_count;
    let refused = sim.retry().unwrap_err();
    assert!(refused.to_string().contains("retry, settle or forgive each debt"), "{refused}");
    assert_eq!(sim.journal.header.state.retry_count, retries);
    assert_eq!((sim.row("b").debt, sim.status()), (Some(Debt::Open), Status::Failed));
}

/// Who looked sooner would find nothing, and the request could land after the word.
#[test]
fn a_person_is_asked_when_nothing_can_land_any_more() {
    let mut sim = Sim::of(saga(|s| {
        call::<Plain>(s, "a");
        call::<Asked>(s, "b");
    }))
    .on("b", "lost lost lost");
    sim.run_until_idle();
    let sent = sim.row("b").failed_at.expect("an attempt that nobody knows the end of");
    sim.cancel();
    sim.settle();
    assert_eq!((sim.row("b").debt, sim.status()), (None, Status::RollingBack));
    sim.run();
    assert_eq!((sim.row("b").debt, sim.status()), (Some(Debt::Open), Status::Failed));
    let landed = sent.plus(POLICY.settle_after.expect("how late a request may be"));
    assert!(sim.env().now >= landed);
}

#[test]
fn what_only_a_person_can_know_is_undone_at_that_persons_word() {
    let mut sim = asked();
    sim.debt("asked.b", DebtAction::Retry).unwrap();
    sim.say("undo-late b", "hang");
    sim.resume();
    sim.run();
    // The word outlives a death.
    sim.die_and_resume();
    sim.forget_script();
    sim.run();
    let undos = sim.all_calls.iter().filter(|c| c.kind == CallKind::Undo && c.step == 1);
    assert!(
        undos.clone().count() >= 2
            && undos.clone().all(|c| c.output.is_none() && &*c.forward_key == "wf/asked.b")
    );
    assert_eq!((sim.status(), sim.row("b").status), (Status::RolledBack, StepStatus::Compensated));
    assert_eq!(sim.row("b").debt, None);
}

#[test]
fn a_word_that_came_to_nothing_is_a_debt_again_and_has_to_be_given_again() {
    let mut sim = asked();
    sim.debt("asked.b", DebtAction::Retry).unwrap();
    sim.say("undo-late b", "refused");
    sim.resume();
    sim.run();

    assert_eq!((sim.row("b").debt, sim.status()), (Some(Debt::Open), Status::Failed));
    sim.retry().unwrap_err();
    sim.debt("asked.b", DebtAction::Settle).unwrap();
    assert_eq!(sim.status(), Status::RolledBack);
}

#[test]
fn a_death_between_a_debt_and_the_next_undo_loses_neither() {
    let mut sim =
        Sim::of(chain(&["a", "b", "c"])).on("c", "refused").on("undo b", "refused").on("undo a", "hang");
    sim.run();
    sim.die_and_resume();
    sim.forget_script();
    sim.run();
    assert_eq!(sim.calls_made()[3..], ["undo b", "undo a", "undo a"]);
    assert_eq!(sim.row("b").debt, Some(Debt::Open));
    assert!(sim.journal.header.state.compensation_error.is_some());
}
