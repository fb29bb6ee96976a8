//! What a person may do to a workflow that has come to rest. Pure: a loaded workflow goes in, a commit without
//! a worker comes out, to be compare-and-set like every decision.

use std::sync::Arc;

use crate::clock::Timestamp;
use crate::id::CommitId;
use crate::step::{Class, IfUnknown};
use crate::store::{
    AuditEvent, AuditKind, Commit, Debt, Decision, FailureReason, Header, HeaderState, Interrupted, Loaded,
    Status, StepRow, StepStatus, TouchedEffect,
};

use crate::definition::Plan;

/// Why an operator's wish is not granted. The words are for the operator.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum OperatorRefusal {
    /// There is nothing to retry in this state.
    #[error("workflow {workflow} is {status}: {hint}")]
    WrongState {
        /// The workflow.
        workflow: String,
        /// Where it stands.
        status: Status,
        /// What can be done instead.
        hint: &'static str,
    },
    /// The retries are spent.
    #[error("workflow {workflow} has been retried {retries} times, which is its limit; force it to go on")]
    RetriesSpent {
        /// The workflow.
        workflow: String,
        /// How often it was retried.
        retries: u32,
    },
    /// There is no such debt.
    #[error("workflow {workflow} owes nothing at `{step}`")]
    NoSuchDebt {
        /// The workflow.
        workflow: String,
        /// What the operator asked for.
        step: String,
    },
    /// It is past the point of no return.
    #[error("workflow {workflow} is past its pivot `{pivot}`: it can only go forward")]
    PastPivot {
        /// The workflow.
        workflow: String,
        /// The pivot's node.
        pivot: String,
    },
}

/// What a person does about a debt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DebtAction {
    /// Try the compensation again. Where nobody knows whether the step took effect, and the step says that a person
    /// decides (`if_unknown = park`), this is that person's word: there is something to undo.
    Retry,
    /// A person has undone it.
    Settle,
    /// It stays, and that is accepted.
    Forgive,
}

/// An operator's decision in the making.
struct Operation<'a> {
    header: &'a Header,
    rows: Vec<StepRow>,
    next_rev: i64,
    commit: Commit,
    state: HeaderState,
    by: &'a str,
    now: Timestamp,
}

impl<'a> Operation<'a> {
    fn on(loaded: &'a Loaded, by: &'a str, now: Timestamp, id: CommitId) -> Self {
        let header = &loaded.header;
        Self {
            header,
            rows: loaded.steps.iter().filter(|r| r.run == header.state.run).cloned().collect(),
            next_rev: loaded.steps.iter().map(|r| r.rev).max().unwrap_or(0) + 1,
            commit: Commit::empty(header.workflow_id.clone(), id),
            state: header.state.clone(),
            by,
            now,
        }
    }
    fn change(&mut self, change: impl Fn(&mut StepRow) -> bool) {
        for row in &mut self.rows {
            if change(row) {
                row.rev = self.next_rev;
                self.commit
                    .facts
                    .retain(|other| (other.step_order, &other.item) != (row.step_order, &row.item));
                self.commit.facts.push(row.clone());
            }
        }
    }
    fn audit(&mut self, kind: AuditKind, node: Option<Arc<str>>, message: String) {
        self.commit.audit.push(AuditEvent {
            run: self.state.run,
            at: self.now,
            kind,
            node,
            attempt: None,
            message,
            actor: Some(self.by.into()),
        });
    }
    /// It goes on: whoever looks for work may take it.
    fn wake(&mut self, status: Status) {
        self.state.status = status;
        self.state.failure_reason = None;
        self.state.completed_at = None;
        self.state.failed_at = None;
        self.state.wake_at = Some(self.now);
    }
    fn finish(mut self, retake_exclusion: bool) -> Commit {
        self.commit.decision = Some(Box::new(Decision {
            expected_rev: self.header.rev,
            expected_status: self.header.state.status,
            state: self.state,
            audit: std::mem::take(&mut self.commit.audit),
            interrupted: Interrupted::Kept,
            release: true,
            retake_exclusion,
        }));
        self.commit
    }
    fn refuse(&self, hint: &'static str) -> OperatorRefusal {
        OperatorRefusal::WrongState {
            workflow: self.header.workflow_id.to_string(),
            status: self.header.state.status,
            hint,
        }
    }
    fn owes(&self) -> bool {
        self.rows.iter().any(|r| r.debt == Some(Debt::Open))
    }
    /// Did it stop on its way back?
    fn was_rolling_back(&self) -> bool {
        let state = &self.header.state;
        match state.failure_reason {
            Some(FailureReason::Debts) => true,
            Some(FailureReason::Parked | FailureReason::Configuration) => false,
            // Stopped from outside, wherever it was.
            Some(FailureReason::Definition | FailureReason::Operator | FailureReason::Poison) | None => {
                state.turned_back
            }
        }
    }
}

/// An operator's retry.
///
/// `failed` with debts: the failed compensations again, but for those about which a person has to know more (see
/// [`DebtAction::Retry`]). Stopped on the way forward: from the failed step.
/// `rolled_back`: a new forward pass of the same workflow, with new idempotency keys.
///
/// # Errors
/// [`OperatorRefusal`] with the reason.
pub fn retry(
    loaded: &Loaded,
    plan: Option<&Plan>,
    by: &str,
    forced: bool,
    now: Timestamp,
    id: CommitId,
) -> Result<Commit, OperatorRefusal> {
    let header = &loaded.header;
    let mut op = Operation::on(loaded, by, now, id);
    match (header.state.status, header.state.failure_reason) {
        (Status::Failed | Status::RolledBack, _) => {}
        (Status::Completed, _) => return Err(op.refuse("it is done, there is nothing to retry")),
        _ => return Err(op.refuse("it is still under way; cancel it if it should stop")),
    }
    if header.state.retry_count >= header.max_retries && !forced {
        return Err(OperatorRefusal::RetriesSpent {
            workflow: header.workflow_id.to_string(),
            retries: header.state.retry_count,
        });
    }
    op.state.retry_count += 1;
    if header.state.status == Status::RolledBack {
        op.state.run += 1;
        op.wake(Status::Pending);
        op.state.context = None;
        op.state.turned_back = false;
        op.state.leaves_intents = false;
        op.state.error_message = None;
        op.state.compensation_error = None;
        op.state.current_step = None;
        op.state.current_system = None;
        let words = format!("run {} begins", op.state.run);
        op.audit(AuditKind::Retried, None, words);
        return Ok(op.finish(true));
    }
    let owes = op.owes();
    op.change(|row| !needs_a_word(row, plan) && reopen(row));
    op.state.compensation_error = None;
    if op.was_rolling_back() {
        if header.state.failure_reason == Some(FailureReason::Debts) && op.commit.facts.is_empty() {
            return Err(op.refuse(
                "nobody knows whether what it owes took effect: look, and then retry, settle or forgive each debt",
            ));
        }
        op.wake(Status::RollingBack);
        let words = if owes { "the failed compensations are tried again" } else { "the rollback goes on" };
        op.audit(AuditKind::Retried, None, words.to_owned());
        return Ok(op.finish(false));
    }
    let unclean = header.unclean;
    op.change(|row| try_again(row, unclean));
    op.wake(Status::Pending);
    op.state.error_message = None;
    op.state.current_step = None;
    op.state.current_system = None;
    op.audit(AuditKind::Retried, None, "it goes on from the failed step".to_owned());
    Ok(op.finish(false))
}

/// A step that failed, or was cut off, will be tried again.
fn try_again(row: &mut StepRow, unclean: bool) -> bool {
    let failed = match row.status {
        // A tolerated failure gave a value, and what came after has used it.
        StepStatus::Failed => row.output.is_none(),
        // After a death it is for the next owner to say what the open attempt may have done.
        StepStatus::Running => !unclean,
        _ => false,
    };
    if !failed {
        return false;
    }
    if row.status == StepStatus::Failed && row.effect == TouchedEffect::None {
        // Certainly nothing there: the next attempt is a new request. While it is unknown it never is.
        row.key_generation += 1;
        // Nor is any request of the old key under way that could land late.
        row.failed_at = None;
    }
    row.status = StepStatus::Pending;
    row.attempts = 0;
    row.deaths = 0;
    row.started_at = None;
    true
}

/// Rolls back a workflow that stopped on its way forward.
///
/// # Errors
/// [`OperatorRefusal`] when it ended otherwise, or is past its pivot.
pub fn cancel_stopped(
    loaded: &Loaded,
    plan: Option<&Plan>,
    by: &str,
    now: Timestamp,
    id: CommitId,
) -> Result<Commit, OperatorRefusal> {
    let mut op = Operation::on(loaded, by, now, id);
    if loaded.header.state.status != Status::Failed {
        return Err(op.refuse("there is nothing to cancel"));
    }
    if op.was_rolling_back() {
        return Err(op.refuse("it was being rolled back already; retry it, and the rollback goes on"));
    }
    if loaded.header.unclean {
        return Err(op.refuse("its worker died just then: retry it, and cancel it when it runs"));
    }
    let is_pivot = |row: &StepRow| {
        row.effect != TouchedEffect::None
            && plan.is_some_and(|p| p.steps().any(|(_, n, s)| n.name == row.node && s.class == Class::Pivot))
    };
    if let Some(pivot) = op.rows.iter().find(|r| is_pivot(r)) {
        return Err(OperatorRefusal::PastPivot {
            workflow: loaded.header.workflow_id.to_string(),
            pivot: pivot.node.to_string(),
        });
    }
    let words = format!("cancelled by {by}");
    op.change(|row| !needs_a_word(row, plan) && reopen(row));
    op.wake(Status::RollingBack);
    op.state.rolled_back_once = true;
    op.state.turned_back = true;
    op.state.error_message = Some(words.clone());
    op.audit(AuditKind::CancelRequested, None, words);
    Ok(op.finish(false))
}

/// Deals with one debt; `step` is a step's name, its node (of several items
/// `node[item]`) or its `step_order`. When the last one is closed the
/// workflow becomes `rolled_back`.
///
/// # Errors
/// [`OperatorRefusal::NoSuchDebt`].
pub fn change_debt(
    loaded: &Loaded,
    step: &str,
    action: DebtAction,
    note: &str,
    by: &str,
    now: Timestamp,
    id: CommitId,
) -> Result<Commit, OperatorRefusal> {
    let mut op = Operation::on(loaded, by, now, id);
    let state = &loaded.header.state;
    if state.status != Status::Failed || state.failure_reason == Some(FailureReason::Operator) {
        return Err(op.refuse("its debts are dealt with when it has come to rest by itself"));
    }
    let open = |row: &&StepRow| row.debt == Some(Debt::Open);
    let by_node = op.rows.iter().filter(open).find(|r| r.place() == step);
    let by_name = || {
        let mut rows = op.rows.iter().filter(open);
        rows.find(|r| *r.step_name == *step || r.step_order.to_string() == step)
    };
    let Some(place) = by_node.or_else(by_name).map(StepRow::place) else {
        return Err(OperatorRefusal::NoSuchDebt {
            workflow: loaded.header.workflow_id.to_string(),
            step: step.to_owned(),
        });
    };
    let close = |debt: Debt| {
        let (note, place) = (note.to_owned(), place.clone());
        move |row: &mut StepRow| {
            let mine = row.debt == Some(Debt::Open) && row.place() == place;
            if mine {
                row.debt = Some(debt);
                row.debt_note = Some(note.clone());
            }
            mine
        }
    };
    match action {
        DebtAction::Retry => {
            op.change(|row| row.place() == place && reopen(row));
            op.wake(if op.was_rolling_back() { Status::RollingBack } else { Status::Pending });
            op.audit(AuditKind::Retried, None, format!("the compensation of {step} is tried again"));
        }
        DebtAction::Settle => {
            op.change(close(Debt::Settled));
            op.audit(AuditKind::DebtSettled, None, format!("{step}: {note}"));
        }
        DebtAction::Forgive => {
            op.change(close(Debt::Forgiven));
            op.audit(AuditKind::DebtForgiven, None, format!("{step}: {note}"));
        }
    }
    // A debt of a workflow that went forward does not make it rolled back: an operator's retry goes on.
    if action != DebtAction::Retry && !op.owes() && op.was_rolling_back() {
        op.state.status = Status::RolledBack;
        op.state.failure_reason = None;
        op.state.failed_at = Some(now);
        op.audit(AuditKind::RolledBack, None, "the last debt is closed".to_owned());
    }
    Ok(op.finish(false))
}

/// Nobody knows whether there is anything to undo, and the step asks for a person who does. Without the plan: was it
/// never tried?
fn needs_a_word(row: &StepRow, plan: Option<&Plan>) -> bool {
    let step = plan.and_then(|plan| plan.steps().find(|(_, node, _)| node.name == row.node));
    row.debt == Some(Debt::Open)
        && row.effect == TouchedEffect::Unknown
        && step.map_or(row.undo_attempts == 0, |(_, _, step)| step.if_unknown == IfUnknown::Park)
}

/// The compensation will be tried again. The debt stays open until it succeeds.
fn reopen(row: &mut StepRow) -> bool {
    if row.debt != Some(Debt::Open) {
        return false;
    }
    row.status = StepStatus::Compensating;
    row.undo_attempts = 0;
    row.deaths = 0;
    true
}
