//! What has been decided but is not durable yet, and the commands that wait for it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::command::{Call, CallKind, Command, Env};
use super::state::{Act, Machine, Mode, Phase, Undo};
use crate::error::StepError;
use crate::id::CommitId;
use crate::json::Json;
use crate::store::{
    AuditEvent, AuditKind, Commit, CommitOutcome, Decision, FailureReason, Header, HeaderState, NewWorkflow,
    Status, StepStatus, TouchedEffect,
};

/// What the next commit will hold.
#[derive(Clone, Debug, Default)]
pub(super) struct Draft {
    pub(super) create: Option<Box<Header>>,
    /// Steps whose rows changed, in order of change.
    pub(super) facts: Vec<u32>,
    /// Values that became ready, by node name.
    pub(super) carry: BTreeMap<Arc<str>, Json>,
    pub(super) audit: Vec<AuditEvent>,
    pub(super) signals: Vec<i64>,
    /// What it was before the decision, in case the decision is refused.
    pub(super) before: Option<(Mode, HeaderState)>,
    pub(super) held: Vec<Command>,
}

/// The commit in flight: there is at most one.
#[derive(Clone, Debug)]
pub(super) enum Slot {
    Free,
    /// Handed to the journal.
    Committing(InFlight),
    /// A transaction of the store is open; its commit is made when the body is done.
    Transaction {
        step: u32,
        done: bool,
    },
    /// A decision was refused; the header is being read.
    Refused {
        in_flight: InFlight,
        owned: bool,
    },
}

#[derive(Clone, Debug)]
pub(super) struct InFlight {
    facts: Vec<u32>,
    wrote_header: bool,
    status: Status,
    before: Option<(Mode, HeaderState)>,
    held: Vec<Command>,
}

impl Draft {
    /// Is there anything that must be written before what depends on it may happen? Audit lines alone travel
    /// with whatever comes next.
    fn is_empty(&self) -> bool {
        self.create.is_none() && self.facts.is_empty() && self.carry.is_empty() && self.signals.is_empty()
    }
}

impl Machine {
    /// The row of this step goes into the next commit.
    pub(super) fn touch(&mut self, step: u32) {
        self.draft.facts.retain(|other| *other != step);
        self.draft.facts.push(step);
    }

    pub(super) fn audit(&mut self, kind: AuditKind, step: Option<u32>, message: impl Into<String>, env: Env) {
        let row = step.map(|s| &self.steps[s as usize].row);
        let undoing = matches!(kind, AuditKind::CompensationAttemptFailed | AuditKind::CompensationFailed);
        self.draft.audit.push(AuditEvent {
            run: self.header.run,
            at: env.now,
            kind,
            node: row.map(|r| Arc::clone(&r.node)),
            attempt: row.map(|r| if undoing { r.undo_attempts } else { r.attempts }),
            message: message.into(),
            actor: None,
        });
    }

    /// The command is given out when everything decided so far is durable.
    pub(super) fn hold(&mut self, command: Command) {
        if !self.draft.is_empty() || self.dirty_header {
            self.draft.held.push(command);
            return;
        }
        match &mut self.slot {
            Slot::Committing(in_flight) | Slot::Refused { in_flight, .. } => in_flight.held.push(command),
            Slot::Free | Slot::Transaction { .. } => self.give_out(command),
        }
    }

    /// A decision begins: remembers what it was before, in case it is refused.
    pub(super) fn decide(&mut self, mode: Mode, status: Status) {
        self.draft.before.get_or_insert((self.mode, self.header.clone()));
        self.mode = mode;
        self.header.status = status;
        self.dirty_header = true;
    }

    /// Its cause is durable: out with it, unless it is no longer wanted.
    fn give_out(&mut self, command: Command) {
        let wanted = match &command {
            Command::Call(call) | Command::Transact(call) => self.is_wanted(call),
            _ => true,
        };
        match command {
            Command::Call(call) | Command::Transact(call) if !wanted => self.retract(call.step),
            Command::Transact(call) => self.transactions.push_back(call),
            Command::Call(call) => {
                self.mark_running(&call);
                self.out.push(Command::Call(call));
            }
            other => self.out.push(other),
        }
    }

    fn is_wanted(&self, call: &Call) -> bool {
        match &self.steps[call.step as usize].phase {
            Phase::Starting => self.is_forward() && !self.draining,
            Phase::Undoing(Undo { act: Act::Calling(_), .. }) => !self.draining && self.mode != Mode::Over,
            _ => false,
        }
    }

    fn mark_running(&mut self, call: &Call) {
        let state = self.state(call.step);
        if call.kind == CallKind::Run && state.phase == Phase::Starting {
            state.phase = Phase::Running;
        }
    }

    /// Steps that have not started yet will not.
    pub(super) fn retract_held(&mut self) {
        let (starts, others) = std::mem::take(&mut self.draft.held).into_iter().partition::<Vec<_>, _>(|c| {
            matches!(c, Command::Call(call) | Command::Transact(call)
                if self.steps[call.step as usize].phase == Phase::Starting)
        });
        self.draft.held = others;
        for command in starts {
            if let Command::Call(call) | Command::Transact(call) = command {
                self.retract(call.step);
            }
        }
    }

    /// The call was never made: what was written in advance is taken back.
    fn retract(&mut self, step: u32) {
        let state = self.state(step);
        let was_starting = state.phase == Phase::Starting;
        state.phase = Phase::Idle;
        if was_starting {
            state.row.attempts = state.row.attempts.saturating_sub(1);
            if state.row.status == StepStatus::Running && state.row.effect == TouchedEffect::None {
                state.row.status = StepStatus::Pending;
                self.touch(step);
            }
        }
    }

    /// Hands the next commit out, if there is one and none is in flight.
    pub(super) fn flush(&mut self) {
        // Values that are being evaluated travel in the commit that made them ready.
        if !self.evaluating.is_empty() {
            return;
        }
        let in_transaction = match self.slot {
            Slot::Free => false,
            Slot::Transaction { done: true, .. } => true,
            Slot::Committing(_) | Slot::Refused { .. } | Slot::Transaction { done: false, .. } => return,
        };
        if self.draft.is_empty() && !self.dirty_header {
            for command in std::mem::take(&mut self.draft.held) {
                self.give_out(command);
            }
            if !in_transaction {
                self.open_transaction();
            }
            return;
        }
        let commit = self.build();
        self.out.push(if in_transaction {
            Command::FinishTransaction(commit)
        } else {
            Command::Commit(commit)
        });
    }

    fn open_transaction(&mut self) {
        while let Some(call) = self.transactions.pop_front() {
            if self.is_wanted(&call) {
                self.mark_running(&call);
                self.slot = Slot::Transaction { step: call.step, done: false };
                self.out.push(Command::Transact(call));
                return;
            }
            self.retract(call.step);
        }
    }

    fn build(&mut self) -> Commit {
        self.next_commit += 1;
        let mut commit = Commit::empty(self.workflow_id.clone(), CommitId(self.next_commit));
        let mut draft = std::mem::take(&mut self.draft);
        self.place_carry(&mut draft);
        for step in &draft.facts {
            self.row_rev += 1;
            let rev = self.row_rev;
            let state = self.state(*step);
            state.row.rev = rev;
            if !state.carry.is_empty() {
                state.row.carry = Json::encode(&state.carry).ok();
            }
            commit.facts.push(state.row.clone());
        }
        let wrote_header = draft.create.is_some() || self.dirty_header;
        if let Some(mut header) = draft.create.take() {
            header.state = self.header.clone();
            commit.create = Some(Box::new(NewWorkflow { header: *header }));
        } else if self.dirty_header {
            commit.decision = Some(Box::new(Decision {
                expected_rev: self.rev,
                expected_status: self.stored_status,
                state: self.header.clone(),
                release: self.release,
                retake_exclusion: false,
            }));
        }
        self.dirty_header = false;
        commit.audit = draft.audit;
        commit.signals = draft.signals;
        self.slot = Slot::Committing(InFlight {
            facts: draft.facts,
            wrote_header,
            status: self.header.status,
            before: draft.before,
            held: draft.held,
        });
        commit
    }

    /// Carried values travel with a row of this commit, or in the header when it has none.
    fn place_carry(&mut self, draft: &mut Draft) {
        let carry = std::mem::take(&mut draft.carry);
        if let (Some(step), None) = (draft.facts.last(), &draft.create) {
            self.state(*step).carry.extend(carry);
        } else if draft.create.is_some() || !carry.is_empty() {
            let mut context: BTreeMap<Arc<str>, Json> =
                self.header.context.as_ref().and_then(|c| c.decode().ok()).unwrap_or_default();
            context.extend(carry);
            self.header.context = Json::encode(&context).ok();
            self.dirty_header = true;
        }
    }

    /// The body of the open transaction succeeded: the next commit is written with it.
    pub(super) fn transaction_done(&mut self, succeeded: bool) {
        if let Slot::Transaction { step, .. } = self.slot {
            self.slot = if succeeded { Slot::Transaction { step, done: true } } else { Slot::Free };
        }
    }

    pub(super) fn committed(&mut self, outcome: CommitOutcome, env: Env) {
        let Slot::Committing(in_flight) = std::mem::replace(&mut self.slot, Slot::Free) else {
            return;
        };
        match outcome {
            CommitOutcome::Applied { rev } => {
                if in_flight.wrote_header {
                    self.rev = rev;
                    self.stored_status = in_flight.status;
                }
                for command in in_flight.held {
                    self.give_out(command);
                }
                if self.mode == Mode::Over && in_flight.wrote_header && self.release {
                    self.out.push(Command::Stop);
                }
            }
            CommitOutcome::Refused { owned, .. } => {
                self.slot = Slot::Refused { in_flight, owned };
                self.out.push(Command::ReadHeader);
            }
            CommitOutcome::Exists { .. } | CommitOutcome::Excluded { .. } => {
                self.mode = Mode::Over;
                self.out.push(Command::Stop);
            }
            CommitOutcome::Unstorable { reason } => self.not_storable(&in_flight, &reason, env),
        }
    }

    pub(super) fn header_read(&mut self, header: &Header) {
        self.rev = header.rev;
        self.stored_status = header.state.status;
        let refused = match std::mem::replace(&mut self.slot, Slot::Free) {
            Slot::Refused { in_flight, owned } => Some((in_flight, owned)),
            other => {
                self.slot = other;
                None
            }
        };
        if let Some((_, false)) = refused {
            // Not ours any more: whatever still runs here belongs to the past of another worker.
            self.mode = Mode::Over;
            self.out.push(Command::Stop);
            return;
        }
        if header.state.status.is_ended() {
            self.give_way(header);
            return;
        }
        let Some((in_flight, _)) = refused else { return };
        if let Some((mode, before)) = in_flight.before {
            // The decision is taken again, with what is known now.
            self.mode = mode;
            self.header = before;
            self.release = false;
        } else {
            self.dirty_header = true;
            self.draft.held.extend(in_flight.held);
        }
    }

    /// Somebody ended the workflow by hand. What runs is waited for and written down; then it is let go.
    fn give_way(&mut self, header: &Header) {
        self.header = header.state.clone();
        if self.header.status == Status::Failed {
            self.header.failure_reason.get_or_insert(FailureReason::Operator);
        }
        self.mode = Mode::Over;
        self.overruled = true;
        self.release = false;
        self.dirty_header = false;
        self.draft.before = None;
        self.draft.held.retain(|c| matches!(c, Command::RecordDurable { .. }));
        self.transactions.clear();
    }

    fn not_storable(&mut self, written: &InFlight, reason: &str, env: Env) {
        let error = StepError::permanent(format!("the result cannot be stored: {reason}"));
        for step in &written.facts {
            let transactional = self.spec(*step).transactional;
            let state = self.state(*step);
            state.row.output = None;
            state.row.carry = None;
            state.carry.clear();
            if state.row.status == StepStatus::Completed && !transactional {
                state.row.effect = TouchedEffect::Unknown;
                state.row.failed_at = Some(env.now);
            }
            self.final_failure(*step, &error, env);
        }
        if self.failing.is_none() {
            self.fail(None, format!("a value cannot be stored: {reason}"), super::state::Then::Policy);
        }
    }
}
