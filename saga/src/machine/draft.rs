//! What has been decided but is not durable yet, and the commands that wait for it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::command::{Command, Env};
use super::context;
use super::state::{Machine, Mode};
use crate::id::CommitId;
use crate::json::Json;
use crate::store::{
    AuditEvent, AuditKind, Awaited, Commit, Decision, Header, HeaderState, Interrupted, NewWorkflow, Status,
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
    /// What the workflow waits for from now on, if that has changed.
    pub(super) waits: Option<Vec<Awaited>>,
    /// Signals that a decision will have acted on.
    pub(super) signals: Vec<i64>,
    /// Signals that only say where to look: they are used up by any decision, because whoever resumes the
    /// workflow looks there anyway.
    pub(super) heard: Vec<i64>,
    pub(super) before: Option<Before>,
    pub(super) held: Vec<Command>,
}

/// What it was before a decision, in case the decision is refused or taken back.
#[derive(Clone, Debug)]
pub(super) struct Before {
    mode: Mode,
    header: HeaderState,
    /// How many audit lines the draft had then.
    audit: usize,
}

/// The one commit that is under way.
#[derive(Clone, Debug)]
pub(super) enum Slot {
    Free,
    /// Handed to the journal.
    Committing(Box<InFlight>),
    /// A transaction of the store is open; its commit is made when the body is done.
    Transaction {
        step: u32,
        done: bool,
    },
    /// A decision was refused; the header is being read. Nothing is decided meanwhile.
    Refused,
}

#[derive(Clone, Debug)]
pub(super) struct InFlight {
    pub(super) creates: bool,
    /// Is it written inside a lent transaction?
    pub(super) lent: bool,
    pub(super) facts: Vec<u32>,
    /// The carried values among its facts.
    pub(super) carried: Vec<Arc<str>>,
    /// Those of them that no row holds.
    pub(super) in_header: BTreeMap<Arc<str>, Json>,
    pub(super) signals: Vec<i64>,
    /// Does it change what the store's register says of the workflow?
    pub(super) registers: bool,
    pub(super) wrote_header: bool,
    /// The header's status when it is applied.
    pub(super) status: Status,
    /// Does it let go of the workflow?
    pub(super) releases: bool,
    pub(super) before: Option<Before>,
    pub(super) held: Vec<Command>,
}

impl Draft {
    /// Is there anything that must be written before what depends on it may happen? Audit lines travel with
    /// whatever comes next, and signals are used up by the decision that acts on them.
    pub(super) fn is_empty(&self) -> bool {
        self.create.is_none() && self.facts.is_empty() && self.carry.is_empty()
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
        let undoing = matches!(
            kind,
            AuditKind::Compensated | AuditKind::CompensationAttemptFailed | AuditKind::CompensationFailed
        );
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

    /// Hands the next commit out, if there is one and none is under way.
    pub(super) fn flush(&mut self) {
        // Values that are being evaluated travel in the commit that made them ready.
        if !self.evaluating.is_empty() {
            return;
        }
        let in_transaction = match self.slot {
            Slot::Free => false,
            Slot::Transaction { done: true, .. } => true,
            Slot::Committing(_) | Slot::Refused | Slot::Transaction { done: false, .. } => return,
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
        let commit = self.build(in_transaction);
        self.out.push(if in_transaction {
            Command::FinishTransaction(commit)
        } else {
            Command::Commit(commit)
        });
    }

    fn build(&mut self, in_transaction: bool) -> Commit {
        self.next_commit += 1;
        let mut commit = Commit::empty(self.workflow_id.clone(), CommitId(self.next_commit));
        let mut draft = std::mem::take(&mut self.draft);
        let carried = draft.carry.keys().cloned().collect();
        let in_header = self.place_carry(&mut draft);
        for step in &draft.facts {
            self.row_rev += 1;
            let rev = self.row_rev;
            let state = &mut self.steps[*step as usize];
            state.row.rev = rev;
            state.carry_due(self.phases.of(*step));
            if !state.carry.is_empty() {
                state.row.carry = Json::encode(&state.carry).ok();
            }
            commit.facts.push(state.row.clone());
        }
        // What the draft told before the decision is told by its facts, whatever becomes of the decision.
        let decided = draft.before.as_ref().map_or(draft.audit.len(), |before| before.audit);
        let creates = draft.create.is_some();
        let wrote_header = creates || self.dirty_header;
        if let Some(mut header) = draft.create.take() {
            header.state = self.header.clone();
            commit.create = Some(Box::new(NewWorkflow { header: *header }));
        } else if self.dirty_header {
            commit.decision = Some(Box::new(Decision {
                expected_rev: self.rev,
                expected_status: self.stored_status,
                state: self.header.clone(),
                audit: draft.audit.split_off(decided),
                interrupted: Interrupted::Told,
                release: self.release,
                retake_exclusion: false,
            }));
        }
        self.dirty_header = false;
        // A signal leaves the inbox together with the decision to which it led: before that it must survive
        // this worker. What goes on as before has not acted on it yet.
        if commit.decision.is_some() && self.header.status != Status::Running {
            commit.signals = std::mem::take(&mut draft.signals);
        }
        if commit.decision.is_some() {
            commit.signals.append(&mut draft.heard);
        }
        self.draft.signals = draft.signals;
        self.draft.heard = draft.heard;
        commit.audit = draft.audit;
        commit.waits = draft.waits;
        let forward = matches!(self.header.status, Status::Pending | Status::Running | Status::Waiting);
        if wrote_header && !forward && !self.registered.is_empty() {
            commit.waits = Some(vec![]);
        }
        self.slot = Slot::Committing(Box::new(InFlight {
            creates,
            lent: in_transaction,
            facts: draft.facts,
            carried,
            in_header,
            signals: commit.signals.clone(),
            registers: commit.waits.is_some(),
            wrote_header,
            status: self.header.status,
            releases: wrote_header && self.release,
            before: draft.before,
            held: draft.held,
        }));
        commit
    }

    /// Carried values travel with a row of this commit, or in the header when it has none: those are the answer.
    fn place_carry(&mut self, draft: &mut Draft) -> BTreeMap<Arc<str>, Json> {
        let carry = std::mem::take(&mut draft.carry);
        if let (Some(step), None) = (draft.facts.last(), &draft.create) {
            self.state(*step).carry.extend(carry);
            return BTreeMap::new();
        }
        if draft.create.is_some() || !carry.is_empty() {
            let mut values = context::read(&self.header);
            values.extend(carry.clone());
            context::write(&mut self.header, &values);
            self.dirty_header = true;
        }
        carry
    }

    /// A decision begins: remembers what it was before, in case it is refused.
    pub(super) fn decide(&mut self, mode: Mode, status: Status) {
        if self.draft.before.is_none() {
            let (header, audit) = (self.header.clone(), self.draft.audit.len());
            self.draft.before = Some(Before { mode: self.mode, header, audit });
        }
        self.mode = mode;
        self.header.status = status;
        self.dirty_header = true;
    }

    /// Is there a decision on its way whose fate is not known?
    pub(super) fn is_deciding(&self) -> bool {
        match &self.slot {
            Slot::Committing(in_flight) => in_flight.before.is_some(),
            Slot::Refused => true,
            Slot::Free | Slot::Transaction { .. } => false,
        }
    }

    /// Something happened before the decision could be handed to the journal: it will be taken again, with
    /// what is known now.
    pub(super) fn take_back_decision(&mut self) {
        let Some(before) = self.draft.before.take() else { return };
        self.draft.audit.truncate(before.audit);
        self.retract_held();
        self.restore_before(before);
    }

    pub(super) fn restore_before(&mut self, before: Before) {
        self.mode = before.mode;
        self.header = before.header;
        self.release = false;
    }
}
