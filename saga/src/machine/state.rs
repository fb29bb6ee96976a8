//! The state of one workflow in memory, and the door through which events come.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use super::command::{Call, Command, Env, Event, Expression};
use super::draft::{Draft, Slot};
use super::phases::Phases;
use super::scope::Scope;
use super::step::{Act, Phase, StepState, Undo};
use super::waits::Wait;
use crate::clock::Timestamp;
use crate::definition::{NodeId, Plan, StepNode};
use crate::id::WorkflowId;
use crate::json::Json;
use crate::step::{Class, IfUnknown};
use crate::store::{
    Awaited, FailureReason, Header, HeaderState, Loaded, Signal, Status, StepRow, StepStatus, TouchedEffect,
};

/// What an engine sets for all workflows.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How long one attempt may take when the step does not say.
    pub timeout: Duration,
    /// How long after its sender gave up a request may still land, when the step does not say. `None`: the
    /// attempt's timeout.
    pub settle_after: Option<Duration>,
    /// A failed attempt is written down before its retry if the pause is at least as long as this: then neither the
    /// attempt nor the pause is forgotten when the worker dies. Default: always. An attempt that may have had an effect
    /// is always written down.
    pub record_pauses_from: Duration,
    /// A workflow that was taken over so often is a suspect: in this run it writes intents.
    pub suspect_after: u32,
    /// A step at which so many workers died parks its workflow.
    pub poison_after: u32,
    /// A workflow that has nothing to do for longer than this is let go meanwhile, and costs no memory.
    pub rest_over: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            settle_after: None,
            record_pauses_from: Duration::ZERO,
            suspect_after: 2,
            poison_after: 3,
            rest_over: Duration::from_secs(30),
        }
    }
}

/// Where a node stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Settled {
    No,
    Yes,
    Skipped,
}

/// Which way it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Forward,
    Backward,
    /// The last decision is on its way, or taken.
    Over,
}

/// Why it cannot go on forward.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Failing {
    pub(super) message: String,
    pub(super) step: Option<u32>,
    pub(super) then: Then,
    /// Did somebody ask for it, and nothing else is wrong?
    pub(super) asked: bool,
}

/// What follows when nothing runs any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// What the saga's failure policy says.
    Policy,
    /// Roll back, whatever it says (cancel, deadline, a debt).
    RollBack,
    /// Stop and wait for a person.
    Park(FailureReason),
}

/// One workflow. All of its methods are pure: they change this value and return commands.
#[derive(Clone, Debug)]
pub struct Machine {
    pub(super) plan: Arc<Plan>,
    pub(super) settings: Settings,
    pub(super) workflow_id: WorkflowId,
    pub(super) tenant: Arc<str>,
    pub(super) created_at: Timestamp,
    pub(super) deadline_at: Option<Timestamp>,
    pub(super) rev: i64,
    pub(super) header: HeaderState,
    pub(super) values: Vec<Option<Json>>,
    pub(super) settled: Vec<Settled>,
    /// The plan's steps by `step_order`, then items as they came.
    pub(super) steps: Vec<StepState>,
    /// What is going on at them.
    pub(super) phases: Phases,
    /// The places that wait.
    pub(super) waits: BTreeMap<NodeId, Wait>,
    /// What the store's register says that this workflow waits for.
    pub(super) registered: Vec<Awaited>,
    /// The latest event of each kind and key that was taken.
    pub(super) came: BTreeMap<(Arc<str>, String), (Timestamp, i64)>,
    /// Where the sub-sagas stand.
    pub(super) scopes: Vec<Scope>,
    pub(super) mode: Mode,
    pub(super) failing: Option<Failing>,
    pub(super) draining: bool,
    /// It writes an intent before every step.
    pub(super) suspect: bool,
    /// Did its former owner write one too?
    pub(super) left_intents: bool,
    /// Somebody else ended the workflow; what is left to do is to let go of it.
    pub(super) overruled: bool,
    /// Must the header be written with the next commit?
    pub(super) dirty_header: bool,
    /// Does the next decision let go of the workflow?
    pub(super) release: bool,
    /// The header's status in the store.
    pub(super) stored_status: Status,
    pub(super) seen_signals: BTreeSet<i64>,
    /// Who has asked for a rollback.
    pub(super) cancelled_by: BTreeSet<String>,
    pub(super) evaluating: BTreeSet<Expression>,
    pub(super) output: Option<Json>,
    pub(super) draft: Draft,
    pub(super) slot: Slot,
    pub(super) transactions: VecDeque<Call>,
    pub(super) row_rev: i64,
    pub(super) next_commit: i64,
    /// The number before the first commit of its present numbers.
    pub(super) first_commit: i64,
    /// How many calls it has made.
    pub(super) calls: u64,
    pub(super) out: Vec<Command>,
    /// Has anything happened but mail?
    pub(super) begun: bool,
    /// Signals that came while a decision was on its way.
    pub(super) deferred: Vec<Signal>,
    /// Was a call taken back, so that there may be more to decide?
    pub(super) unfinished: bool,
    /// Could the last commit not be stored?
    pub(super) unstorable: bool,
    /// It has handed out its last command.
    pub(super) stopped: bool,
}

impl Machine {
    /// How many commits it may number from the number that it was given.
    pub const NUMBERS: i64 = 1 << 14;

    /// Does its next commit need numbers that are nobody else's? Then it is given some before it hears that the last one is
    /// durable.
    pub fn needs_numbers(&self) -> bool {
        self.next_commit.wrapping_sub(self.first_commit) >= Self::NUMBERS
    }
    /// From here on.
    pub fn number_from(&mut self, first_commit: i64) {
        (self.first_commit, self.next_commit) = (first_commit, first_commit);
    }

    /// A machine for a workflow that does not exist yet: its first commit creates it.
    pub fn create(plan: Arc<Plan>, header: Header, settings: Settings, first_commit: i64) -> Self {
        let mut machine = Self::bare(plan, &header, settings, first_commit);
        machine.draft.create = Some(Box::new(header));
        machine
    }

    pub(super) fn bare(plan: Arc<Plan>, header: &Header, settings: Settings, first_commit: i64) -> Self {
        let nodes = plan.nodes().len();
        let steps =
            plan.steps().map(|(id, node, step)| StepState::new(header.state.run, id, node, step)).collect();
        let mut machine = Self {
            settings,
            workflow_id: header.workflow_id.clone(),
            tenant: Arc::clone(&header.tenant_id),
            created_at: header.created_at,
            deadline_at: header.deadline_at,
            rev: header.rev,
            header: header.state.clone(),
            values: vec![None; nodes],
            settled: vec![Settled::No; nodes],
            steps,
            phases: Phases::default(),
            waits: BTreeMap::new(),
            registered: vec![],
            came: BTreeMap::new(),
            scopes: vec![Scope::Open; plan.sub_sagas().len()],
            mode: Mode::Forward,
            failing: None,
            draining: false,
            suspect: false,
            left_intents: false,
            overruled: false,
            dirty_header: false,
            release: false,
            stored_status: header.state.status,
            seen_signals: BTreeSet::new(),
            cancelled_by: BTreeSet::new(),
            evaluating: BTreeSet::new(),
            output: None,
            draft: Draft::default(),
            slot: Slot::Free,
            transactions: VecDeque::new(),
            row_rev: 0,
            next_commit: first_commit,
            first_commit,
            calls: 0,
            out: vec![],
            begun: false,
            deferred: vec![],
            unfinished: false,
            unstorable: false,
            stopped: false,
            plan,
        };
        machine.values[0] = Some(header.input.clone());
        machine.settled[0] = Settled::Yes;
        machine
    }

    /// Takes one event and answers with what shall be done now.
    #[must_use]
    pub fn step(&mut self, event: Event, env: Env) -> Vec<Command> {
        if self.stopped {
            return vec![];
        }
        // All of the mail is read before the first decision.
        let only_mail = !self.begun && matches!(event, Event::Signal(_));
        self.begun |= !only_mail;
        match event {
            Event::Begin => {}
            Event::Tick => self.tick(env),
            Event::Evaluated { expression, result } => self.evaluated(expression, result, env),
            Event::Attempted { step, result } => self.attempted(step, result, env),
            Event::Undone { step, result } => self.undone(step, result, env),
            Event::LookedUp { step, result } => self.looked_up(step, result, env),
            Event::Record { step, before } => self.record(step, before),
            Event::Heartbeat { pulse, data } => self.heartbeat(pulse, data),
            Event::Slow { step } => self.slow(step),
            Event::Looked { node, found } => self.looked(node, found),
            Event::Committed(outcome) => self.committed(outcome, env),
            Event::Signal(signal) => self.signal(signal, env),
            Event::Header(header) => self.header_read(&header, env),
            Event::Drain => self.draining = true,
            Event::Abandon => self.abandon(env),
        }
        if only_mail {
            return vec![];
        }
        self.unfinished = true;
        while self.unfinished && !self.stopped {
            self.unfinished = false;
            self.advance(env);
            self.flush();
        }
        std::mem::take(&mut self.out)
    }

    /// When [`Event::Tick`] is wanted, if nothing else happens before.
    pub fn wake_at(&self) -> Option<Timestamp> {
        if self.mode == Mode::Over || self.draining { None } else { self.next_due() }
    }

    pub(super) fn next_due(&self) -> Option<Timestamp> {
        let pauses = self.phases.active().filter_map(|(_, phase)| match phase {
            Phase::Pausing { until } if self.is_forward() => Some(*until),
            Phase::Undoing(undo) => undo.act.waits_until(),
            _ => None,
        });
        let deadline = self.deadline_at.filter(|_| self.mode == Mode::Forward && self.failing.is_none());
        // While the header is being read no wait ends.
        let decides = self.is_forward() && !matches!(self.slot, Slot::Refused);
        let waits = self.next_wait().filter(|_| decides);
        pauses.chain(deadline).chain(waits).min()
    }

    /// The journaled values, by node: what [`Command::Evaluate`] reads.
    pub fn values(&self) -> &[Option<Json>] {
        &self.values
    }
    /// The plan.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }
    /// The workflow.
    pub fn workflow_id(&self) -> &WorkflowId {
        &self.workflow_id
    }
    /// The header's state, as far as it is known here; durable once acknowledged.
    pub fn header(&self) -> &HeaderState {
        &self.header
    }
    /// The header's `rev`, as far as it is known here.
    pub fn rev(&self) -> i64 {
        self.rev
    }
    /// Is a commit on its way whose answer is not known yet?
    pub fn is_committing(&self) -> bool {
        matches!(self.slot, Slot::Committing(_))
    }
    /// Is a commit on its way that lets go of the workflow?
    pub fn is_letting_go(&self) -> bool {
        matches!(&self.slot, Slot::Committing(in_flight) if in_flight.releases)
    }
    /// Does the journal tell of what did not happen here: rows of somebody else's, or a person's retry?
    pub fn is_outdated(&self, loaded: &Loaded) -> bool {
        let theirs = &loaded.header.state;
        (theirs.run, theirs.retry_count) != (self.header.run, self.header.retry_count)
            || loaded.steps.iter().any(|row| row.run == theirs.run && row.rev > self.row_rev)
    }
    /// Will it not go on forward? What still runs may stop half-way.
    pub fn is_cancelled(&self) -> bool {
        self.failing.is_some()
    }
    /// The rows as they would be if everything were committed now; steps that run are shown as such.
    pub fn rows(&self) -> impl Iterator<Item = StepRow> + '_ {
        let shown = self.all_steps().zip(&self.steps);
        let shown = shown.filter(|(_, s)| s.items.as_ref().is_none_or(Range::is_empty));
        shown.map(|(step, s)| {
            let mut row = s.row.clone();
            match self.phases.of(step) {
                Phase::Running | Phase::Pausing { .. } => row.status = StepStatus::Running,
                Phase::Undoing(_) if s.spec.class == Class::Pivot => row.status = StepStatus::Running,
                Phase::Undoing(_) => row.status = StepStatus::Compensating,
                Phase::Preparing | Phase::Starting | Phase::Idle => {}
            }
            row
        })
    }

    pub(super) fn spec(&self, step: u32) -> Arc<StepNode> {
        Arc::clone(&self.steps[step as usize].spec)
    }
    pub(super) fn state(&mut self, step: u32) -> &mut StepState {
        &mut self.steps[step as usize]
    }
    pub(super) fn is_busy(&self) -> bool {
        self.phases
            .active()
            .any(|(_, p)| matches!(p, Phase::Running | Phase::Undoing(Undo { act: Act::Calling(_), .. })))
    }
    pub(super) fn label(&self, step: u32) -> String {
        self.steps[step as usize].row.label()
    }
    /// The point of no return, if it was passed, or may have been.
    pub(super) fn pivot_passed(&self) -> Option<&StepState> {
        let passed = self.steps.iter().filter(|_| !mutant!(rollback_past_pivot));
        let mut passed =
            passed.filter(|s| s.spec.class == Class::Pivot && s.row.effect != TouchedEffect::None);
        passed.next()
    }
    /// The point of no return, if it was passed for certain.
    pub(super) fn pivot_done(&self) -> Option<&StepState> {
        self.pivot_passed().filter(|s| s.row.effect == TouchedEffect::Done)
    }
    /// The pivot behind which nobody can ask for a rollback any more: it is done, or may be, and no look-up
    /// will tell.
    pub(super) fn no_return(&self) -> Option<&StepState> {
        self.pivot_passed()
            .filter(|s| s.row.effect == TouchedEffect::Done || s.spec.if_unknown != IfUnknown::LookUp)
    }
    pub(super) fn is_forward(&self) -> bool {
        self.mode == Mode::Forward && self.failing.is_none()
    }
    pub(super) fn set_status(&mut self, status: Status) {
        if self.header.status != status {
            self.header.status = status;
            self.dirty_header = true;
        }
    }
}
