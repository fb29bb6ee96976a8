//! What a memory store holds, and how a commit changes it. Nothing here waits.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::workers::Workers;
use crate::clock::Timestamp;
use crate::id::{CommitId, DefinitionId, WorkerId, WorkflowId};
use crate::json::Json;
use crate::store::judge::{Standing, Verdict, judge};
use crate::store::{
    AuditEvent, Awaited, Commit, CommitOutcome, Debt, Decision, Header, Loaded, NewWorkflow, PublishedEvent,
    Schedule, Signal, SignalKind, Statistics, Status, StepRow, Stranded, Triggered, limits,
};

/// A key within a tenant.
type Key = (Arc<str>, Arc<str>);

/// One workflow.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) header: Header,
    pub(super) steps: BTreeMap<(u32, u32, Arc<str>), StepRow>,
    pub(super) audit: Vec<AuditEvent>,
    audited: BTreeSet<CommitId>,
    created_by: CommitId,
}

impl Record {
    pub(super) fn loaded(&self) -> Loaded {
        Loaded { header: self.header.clone(), steps: self.steps.values().cloned().collect() }
    }
    pub(super) fn is_live(&self) -> bool {
        !self.header.state.status.is_ended()
    }
}

/// Everything.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    pub(super) workflows: BTreeMap<WorkflowId, Record>,
    pub(super) keys: BTreeMap<Key, WorkflowId>,
    pub(super) exclusion: BTreeMap<Key, WorkflowId>,
    /// Live workflows without a worker.
    pub(super) idle: BTreeSet<WorkflowId>,
    /// Live workflows with one, and ended ones that it still holds.
    pub(super) held: BTreeSet<WorkflowId>,
    pub(super) signals: BTreeMap<i64, Signal>,
    pub(super) last_signal: i64,
    pub(super) workers: Workers,
    pub(super) plans: BTreeMap<DefinitionId, String>,
    /// For how long those have been watched that nobody knows, and when they were looked at last.
    pub(super) watched: BTreeMap<DefinitionId, (Duration, Timestamp)>,
    pub(super) statistics: BTreeMap<Arc<str>, Statistics>,
    /// What live workflows wait for.
    pub(super) waits: BTreeMap<WorkflowId, Vec<Awaited>>,
    /// In the order in which they came.
    pub(super) published: Vec<PublishedEvent>,
    /// How many were published so far.
    pub(super) places: i64,
    /// By tenant and name.
    pub(super) schedules: BTreeMap<(String, String), Schedule>,
    /// Which event each of them waits for.
    pub(super) triggers: BTreeMap<String, String>,
    pub(super) triggered: BTreeMap<i64, Triggered>,
    last_triggered: i64,
    /// What transactional steps wrote.
    pub(super) data: BTreeMap<String, Json>,
    /// The latest time that anybody told.
    now: Timestamp,
}

impl State {
    pub(super) fn told(&mut self, time: Option<Timestamp>) {
        self.now = time.map_or(self.now, |time| self.now.max(time));
    }

    /// Live workflows without a worker whose time has come.
    pub(super) fn due(&self, now: Timestamp) -> impl Iterator<Item = &Header> {
        let idle = self.idle.iter().filter_map(|id| self.workflows.get(id).map(|r| &r.header));
        idle.filter(move |header| header.state.wake_at.is_some_and(|at| at <= now))
    }

    /// Does some live worker know this name and version?
    pub(super) fn is_known(&self, definition: &DefinitionId) -> bool {
        self.workers.known().any(|known| known.is_version_of(definition))
    }

    /// What is due and nobody knows.
    pub(super) fn stranded(&self, now: Timestamp) -> Vec<Stranded> {
        let mut all = BTreeMap::<&DefinitionId, (u64, Timestamp)>::new();
        for header in self.due(now).filter(|h| !self.is_known(&h.definition)) {
            let (workflows, since) = all.entry(&header.definition).or_insert((0, now));
            *workflows += 1;
            *since = header.state.wake_at.unwrap_or(now).min(*since);
        }
        let of = |(definition, (workflows, since)): (&DefinitionId, _)| Stranded {
            definition: definition.clone(),
            workflows,
            since,
            watched: self.watched.get(definition).map_or(Duration::ZERO, |(watched, _)| *watched),
        };
        all.into_iter().map(of).collect()
    }

    /// Changes a header: raises its `rev`, keeps indexes and counts right.
    pub(super) fn write(&mut self, id: &WorkflowId, change: impl FnOnce(&mut Header)) {
        let Some(record) = self.workflows.get_mut(id) else { return };
        let before = record.header.state.clone();
        change(&mut record.header);
        record.header.rev += 1;
        record.header.updated_at = record.header.updated_at.max(self.now);
        let header = record.header.clone();
        if before.status != header.state.status {
            self.count(&header, before.status, -1);
            self.count(&header, header.state.status, 1);
            if matches!(header.state.status, Status::Completed | Status::RolledBack)
                || mutant!(exclusion_freed_early)
            {
                for key in &header.exclusion {
                    let key = (header.tenant_id.clone(), Arc::from(key.as_str()));
                    if self.exclusion.get(&key) == Some(id) {
                        self.exclusion.remove(&key);
                    }
                }
            }
        }
        let counts = self.statistics.entry(header.tenant_id.clone()).or_default();
        if header.state.status == Status::Completed && before.status != Status::Completed {
            counts.completed_seconds += header.state.seconds();
        }
        counts.entered_rollback += u64::from(header.state.rolled_back_once && !before.rolled_back_once);
        self.index(&header);
    }

    pub(super) fn count(&mut self, header: &Header, status: Status, by: i64) {
        let counts = self.statistics.entry(header.tenant_id.clone()).or_default();
        let n = counts.workflows.entry((header.definition.name.to_string(), status)).or_default();
        *n = n.saturating_add_signed(by);
        counts.workflows.retain(|_, n| *n > 0);
    }

    fn index(&mut self, header: &Header) {
        let (live, owned) = (!header.state.status.is_ended(), header.worker.is_some());
        for (set, member) in [(&mut self.idle, live && !owned), (&mut self.held, owned)] {
            if member {
                set.insert(header.workflow_id.clone());
            } else {
                set.remove(&header.workflow_id);
            }
        }
    }

    /// Puts a message into a workflow's inbox.
    pub(super) fn send(&mut self, workflow: &WorkflowId, kind: SignalKind, by: &str) {
        self.last_signal += 1;
        let id = self.last_signal;
        let signal = Signal { id, workflow_id: workflow.clone(), kind, by: by.to_owned(), rev: 0 };
        self.signals.insert(id, signal);
        self.write(workflow, |header| {
            if header.worker.is_none() {
                header.state.wake_at = Some(header.created_at);
            }
        });
    }

    /// The live workflows that wait for this.
    pub(super) fn waiters(&self, event: &PublishedEvent) -> Vec<WorkflowId> {
        let wants = |waits: &[Awaited]| waits.iter().any(|w| (&w.name, &w.key) == (&event.name, &event.key));
        let waiting = self.waits.iter().filter(|(id, waits)| {
            let record = self.workflows.get(*id);
            wants(waits) && record.is_some_and(|r| r.is_live() && *r.header.tenant_id == event.tenant_id)
        });
        waiting.map(|(id, _)| id.clone()).collect()
    }

    /// Remembers an event for its triggers. `true`: it has some.
    pub(super) fn trigger(&mut self, event: &PublishedEvent) -> bool {
        self.triggered.retain(|_, triggered| triggered.event.kept_until > event.at);
        let before = self.triggered.len();
        for (name, _) in self.triggers.iter().filter(|(_, wanted)| **wanted == event.name) {
            self.last_triggered += 1;
            let id = self.last_triggered;
            self.triggered.insert(id, Triggered { id, trigger: name.clone(), event: event.clone() });
        }
        self.triggered.len() > before
    }

    /// Takes live workflows away from a worker, as after its death.
    pub(super) fn orphan(&mut self, worker: impl Fn(WorkerId) -> bool) {
        for id in self.held.clone() {
            let Some(record) = self.workflows.get(&id) else { continue };
            if !record.header.worker.is_some_and(&worker) {
                continue;
            }
            let live = record.is_live();
            self.write(&id, |header| {
                header.worker = None;
                // What somebody ended by hand may have had a step under way too.
                header.unclean = !mutant!(takeover_counts_as_clean);
                if live {
                    header.takeovers += 1;
                    header.state.wake_at = Some(header.created_at);
                }
            });
        }
    }

    /// Writes one commit.
    pub(super) fn apply(&mut self, worker: Option<WorkerId>, commit: &Commit) -> CommitOutcome {
        if let Err(reason) = limits::check(commit) {
            return CommitOutcome::Unstorable { reason };
        }
        self.told(commit.told());
        if let Some(new) = &commit.create
            && let Some(refusal) = self.create(new, commit.id)
        {
            return refusal;
        }
        let Some(record) = self.workflows.get(&commit.workflow_id) else {
            return CommitOutcome::Unstorable { reason: unknown(&commit.workflow_id) };
        };
        let standing = Standing {
            rev: record.header.rev,
            status: record.header.state.status,
            worker: record.header.worker,
            last_commit: record.header.last_commit,
            created_by: record.created_by,
        };
        let (decide, outcome) = match judge(&standing, worker, commit) {
            Verdict::Leave(outcome) => return outcome,
            Verdict::Write { decide, outcome } => (decide, outcome),
        };
        if let Some(decision) = commit.decision.as_deref().filter(|_| decide) {
            let (tenant, keys) = (record.header.tenant_id.clone(), record.header.exclusion.clone());
            if decision.retake_exclusion
                && let Some(refusal) = self.exclude(&commit.workflow_id, &tenant, &keys)
            {
                return refusal;
            }
        }
        self.note(commit, decide);
        if let Some(decision) = commit.decision.as_deref().filter(|_| decide) {
            self.decide(commit, decision, worker);
        }
        if matches!(outcome, CommitOutcome::Applied { .. }) {
            match commit.waits.as_deref() {
                Some([]) => drop(self.waits.remove(&commit.workflow_id)),
                Some(waits) => drop(self.waits.insert(commit.workflow_id.clone(), waits.to_vec())),
                None => {}
            }
            let used = |id: &i64| commit.signals.contains(id) || mutant!(signal_lost);
            self.signals.retain(|id, s| s.workflow_id != commit.workflow_id || !used(id));
        }
        outcome
    }

    /// Creates a workflow. `None`: it is there now, by this commit or an earlier copy of it.
    fn create(&mut self, NewWorkflow { header }: &NewWorkflow, commit: CommitId) -> Option<CommitOutcome> {
        let id = &header.workflow_id;
        let key = header.idempotency_key.clone().map(|key| (header.tenant_id.clone(), key));
        let known = key
            .as_ref()
            .and_then(|key| self.keys.get(key))
            .filter(|_| !mutant!(start_key_unchecked))
            .unwrap_or(id);
        if let Some(stored) = self.workflows.get(known) {
            let workflow_id = known.clone();
            let same_input =
                stored.header.input_hash == header.input_hash && stored.header.tenant_id == header.tenant_id;
            return (known != id || stored.created_by != commit)
                .then_some(CommitOutcome::Exists { workflow_id, same_input });
        }
        if let Some(refusal) = self.exclude(id, &header.tenant_id, &header.exclusion) {
            return Some(refusal);
        }
        let header = Header { rev: 0, last_commit: None, unclean: false, takeovers: 0, ..header.clone() };
        self.keys.extend(key.map(|key| (key, id.clone())));
        self.count(&header, header.state.status, 1);
        self.index(&header);
        let record = Record {
            header,
            steps: BTreeMap::new(),
            audit: vec![],
            audited: BTreeSet::new(),
            created_by: commit,
        };
        self.workflows.insert(id.clone(), record);
        None
    }

    /// Takes all exclusion keys, or none.
    fn exclude(&mut self, id: &WorkflowId, tenant: &Arc<str>, keys: &[String]) -> Option<CommitOutcome> {
        let keys = keys.iter().map(|key| (tenant.clone(), Arc::from(key.as_str()))).collect::<Vec<Key>>();
        for key in &keys {
            if let Some(holder) =
                self.exclusion.get(key).filter(|holder| *holder != id && !mutant!(exclusion_unchecked))
            {
                return Some(CommitOutcome::Excluded { key: key.1.clone(), holder: holder.clone() });
            }
        }
        self.exclusion.extend(keys.into_iter().map(|key| (key, id.clone())));
        None
    }

    /// Writes facts and audit: of the decision only what was decided.
    fn note(&mut self, commit: &Commit, decide: bool) {
        let Some(record) = self.workflows.get_mut(&commit.workflow_id) else { return };
        let mut debts = 0_i64;
        for row in &commit.facts {
            let mut row = row.clone();
            let stored = record.steps.get(&row_key(&row));
            if stored.is_some_and(|stored| stored.rev >= row.rev) && !mutant!(late_copy_overwrites) {
                continue;
            }
            row.record = stored.and_then(|stored| stored.record.clone()).or(row.record);
            debts += open(Some(&row)) - open(stored);
            record.steps.insert(row_key(&row), row);
        }
        if commit.shows_progress() {
            record.header.takeovers = 0;
        }
        if record.audited.insert(commit.id) || mutant!(copy_told_twice) {
            let decided = commit.decision.iter().filter(|_| decide).flat_map(|decision| &decision.audit);
            record.audit.extend(commit.audit.iter().chain(decided).cloned());
        }
        let counts = self.statistics.entry(record.header.tenant_id.clone()).or_default();
        counts.open_debts = counts.open_debts.saturating_add_signed(debts);
    }

    fn decide(&mut self, commit: &Commit, decision: &Decision, worker: Option<WorkerId>) {
        self.write(&commit.workflow_id, |header| {
            header.state = decision.state.clone();
            header.last_commit = Some(commit.id);
            header.unclean = decision.unclean(worker.is_some()).unwrap_or(header.unclean);
            header.worker = header.worker.filter(|_| !decision.release);
        });
    }

    /// The refusal of a commit whose fact is known.
    pub(super) fn present(&self, worker: WorkerId, commit: &Commit) -> CommitOutcome {
        match self.workflows.get(&commit.workflow_id).map(|record| &record.header) {
            Some(h) => {
                CommitOutcome::Refused { rev: h.rev, status: h.state.status, owned: h.worker == Some(worker) }
            }
            None => CommitOutcome::Unstorable { reason: unknown(&commit.workflow_id) },
        }
    }

    /// Is one of these rows, or a later one, stored already?
    pub(super) fn knows_a_fact_of(&self, commit: &Commit) -> bool {
        let Some(record) = self.workflows.get(&commit.workflow_id) else { return false };
        let known = |row: &StepRow| record.steps.get(&row_key(row)).is_some_and(|s| s.rev >= row.rev);
        commit.facts.iter().any(known)
    }
}

/// Tenants take turns, from the one after that one on.
pub(super) fn in_turns<'h>(mut headers: Vec<&'h Header>, after: Option<&str>) -> Vec<&'h Header> {
    let mut of_tenant = BTreeMap::<&str, usize>::new();
    let mut turns = BTreeMap::new();
    for header in headers.drain(..) {
        let round = of_tenant.entry(&header.tenant_id).or_default();
        *round += 1;
        let had_one = after.is_some_and(|after| *header.tenant_id <= *after);
        turns.insert((*round, had_one, &*header.tenant_id), header);
    }
    turns.into_values().collect()
}

fn unknown(workflow: &WorkflowId) -> String {
    format!("there is no workflow `{workflow}`")
}

fn row_key(row: &StepRow) -> (u32, u32, Arc<str>) {
    (row.run, row.step_order, row.item.clone())
}

fn open(row: Option<&StepRow>) -> i64 {
    i64::from(row.is_some_and(|row| row.debt == Some(Debt::Open)))
}
