//! A journal in memory: one header, its rows and its inbox, under the rules that hold for every store.

use std::collections::BTreeMap;

use crate::clock::Timestamp;
use crate::definition::Plan;
use crate::id::{CommitId, WorkerId, WorkflowId};
use crate::json::Json;
use crate::store::{
    AuditEvent, Awaited, Commit, CommitOutcome, FailureReason, Header, HeaderState, Loaded, PublishedEvent,
    Signal, SignalKind, Standing, Status, StepRow, Verdict, Wanted, judge,
};

const WORKER: WorkerId = WorkerId(1);

/// A run's step, and which of its items: 0 for a plain step, and from 1 for the items of a list.
pub(super) type Place = (u32, u32, u32);

/// The place of a step.
pub(super) fn place(run: u32, step_order: u32, item: &str) -> Place {
    (run, step_order, if item.is_empty() { 0 } else { item.parse::<u32>().unwrap() + 1 })
}

#[derive(Clone, Debug)]
pub(super) struct Journal {
    pub(super) header: Header,
    pub(super) exists: bool,
    pub(super) rows: BTreeMap<Place, StepRow>,
    pub(super) inbox: Vec<Signal>,
    pub(super) audit: Vec<AuditEvent>,
    /// Its status before somebody ended it by hand, until a decision is taken.
    pub(super) by_hand: Option<Status>,
    /// What was published, and what the workflow is registered for.
    pub(super) published: Vec<PublishedEvent>,
    pub(super) waits: Vec<Awaited>,
    created_by: CommitId,
    last_signal: i64,
}

impl Journal {
    pub(super) fn new(plan: &Plan, now: Timestamp) -> Self {
        let header = Header {
            workflow_id: WorkflowId::new("wf").unwrap(),
            tenant_id: "default".into(),
            initiator_id: None,
            idempotency_key: None,
            input_hash: "".into(),
            definition: plan.id().clone(),
            total_steps: plan.total_steps(),
            input: Json::parse("{}").unwrap(),
            exclusion: vec![],
            search_keys: vec![],
            priority: 0,
            deadline_at: plan.deadline().map(|d| now.plus(d)),
            max_retries: 3,
            created_at: now,
            rev: 0,
            last_commit: None,
            worker: Some(WORKER),
            unclean: false,
            takeovers: 0,
            updated_at: now,
            state: HeaderState {
                status: Status::Running,
                failure_reason: None,
                run: 1,
                context: None,
                output: None,
                error_message: None,
                compensation_error: None,
                retry_count: 0,
                rolled_back_once: false,
                turned_back: false,
                leaves_intents: false,
                current_step: None,
                current_system: None,
                wake_at: None,
                started_at: Some(now),
                completed_at: None,
                failed_at: None,
            },
        };
        Self {
            header,
            exists: false,
            rows: BTreeMap::new(),
            inbox: vec![],
            audit: vec![],
            by_hand: None,
            published: vec![],
            waits: vec![],
            created_by: CommitId(0),
            last_signal: 0,
        }
    }

    pub(super) fn loaded(&self) -> Loaded {
        Loaded { header: self.header.clone(), steps: self.rows.values().cloned().collect() }
    }

    pub(super) fn status(&self) -> Status {
        self.header.state.status
    }

    /// The row of a step in the present run.
    pub(super) fn row(&self, step: u32) -> Option<&StepRow> {
        self.row_at((self.header.state.run, step, 0))
    }
    pub(super) fn row_at(&self, place: Place) -> Option<&StepRow> {
        self.rows.get(&place)
    }

    /// Writes a commit of the worker.
    pub(super) fn write(&mut self, commit: &Commit) -> CommitOutcome {
        self.commit(Some(WORKER), commit)
    }

    /// Writes an operator's commit.
    pub(super) fn operate(&mut self, commit: &Commit) -> CommitOutcome {
        self.commit(None, commit)
    }

    fn commit(&mut self, worker: Option<WorkerId>, commit: &Commit) -> CommitOutcome {
        if let Some(new) = &commit.create {
            assert!(!self.exists, "created twice");
            self.exists = true;
            self.created_by = commit.id;
            self.header = Header { rev: 0, ..new.header.clone() };
        }
        assert!(self.exists, "written before it was created: {commit:?}");
        let standing = Standing {
            rev: self.header.rev,
            status: self.status(),
            worker: self.header.worker,
            last_commit: self.header.last_commit,
            created_by: self.created_by,
        };
        let (decide, outcome) = match judge(&standing, worker, commit) {
            Verdict::Leave(outcome) => return outcome,
            Verdict::Write { decide, outcome } => (decide, outcome),
        };
        for row in &commit.facts {
            let place = place(row.run, row.step_order, &row.item);
            let stored = self.rows.get(&place);
            assert!(stored.is_none_or(|stored| stored.rev < row.rev), "a row went back: {row:?}");
            let record = stored.and_then(|stored| stored.record.clone()).or(row.record.clone());
            self.rows.insert(place, StepRow { record, ..row.clone() });
        }
        if commit.shows_progress() {
            self.header.takeovers = 0;
        }
        self.audit.extend(commit.audit.iter().cloned());
        if let Some(decision) = commit.decision.as_deref().filter(|_| decide) {
            self.header.rev += 1;
            self.by_hand = None;
            self.header.state = decision.state.clone();
            self.header.last_commit = Some(commit.id);
            self.audit.extend(decision.audit.iter().cloned());
            self.header.unclean = decision.unclean(worker.is_some()).unwrap_or(self.header.unclean);
            if decision.release {
                self.header.worker = None;
            }
        }
        if matches!(outcome, CommitOutcome::Applied { .. }) {
            if let Some(waits) = &commit.waits {
                self.waits.clone_from(waits);
            }
            self.inbox.retain(|signal| !commit.signals.contains(&signal.id));
        }
        outcome
    }

    /// Somebody wants it cancelled. `false`: it has ended.
    pub(super) fn send_cancel(&mut self) -> bool {
        self.send_cancel_by("ann")
    }
    pub(super) fn send_cancel_by(&mut self, by: &str) -> bool {
        if self.status().is_ended() {
            return false;
        }
        self.send(SignalKind::Cancel, by);
        true
    }

    fn send(&mut self, kind: SignalKind, by: &str) {
        self.last_signal += 1;
        self.header.rev += 1;
        self.inbox.push(Signal {
            id: self.last_signal,
            workflow_id: self.header.workflow_id.clone(),
            kind,
            by: by.to_owned(),
            rev: 0,
        });
        if self.header.worker.is_none() {
            self.header.state.wake_at = Some(self.header.created_at);
        }
    }

    /// Somebody publishes an event: it is kept, and whoever is registered for it is told.
    pub(super) fn publish(&mut self, name: &str, key: &str, value: &str, at: Timestamp) {
        self.published.push(PublishedEvent {
            tenant_id: "default".to_owned(),
            name: name.to_owned(),
            key: key.to_owned(),
            value: Json::encode(value).unwrap(),
            by: None,
            at,
            place: i64::try_from(self.published.len()).unwrap() + 1,
            kept_until: at,
        });
        if !self.status().is_ended() && self.waits.iter().any(|w| w.name == name && w.key == key) {
            self.send(SignalKind::Event, "ann");
        }
    }

    /// The earliest event that is wanted.
    pub(super) fn find(&self, wanted: &Wanted) -> Option<PublishedEvent> {
        let is = |e: &&PublishedEvent| {
            e.name == wanted.name && e.key == wanted.key && (e.at, e.place) > (wanted.since, wanted.after)
        };
        self.published.iter().filter(is).min_by_key(|e| (e.at, e.place)).cloned()
    }

    /// The inbox, as it is read now.
    pub(super) fn mail(&self) -> Vec<Signal> {
        self.inbox.iter().map(|s| Signal { rev: self.header.rev, ..s.clone() }).collect()
    }

    /// An operator's `UPDATE … SET status = 'failed'`, and what the trigger makes of it.
    pub(super) fn fail_by_hand(&mut self) {
        self.by_hand = Some(self.status());
        self.header.state.status = Status::Failed;
        self.header.state.failure_reason = Some(FailureReason::Operator);
        self.header.rev += 1;
    }

    /// Something is written into the header that changes nothing here.
    pub(super) fn raise_rev(&mut self) {
        self.header.rev += 1;
    }

    /// Its worker has died.
    pub(super) fn orphan(&mut self) {
        if self.header.worker.take().is_some() {
            self.header.unclean = true;
            self.header.rev += 1;
            if !self.status().is_ended() {
                self.header.takeovers += 1;
                self.header.state.wake_at = Some(self.header.created_at);
            }
        }
    }

    /// A worker takes it.
    pub(super) fn claim(&mut self) {
        assert!(self.header.worker.is_none() && !self.status().is_ended(), "{:?}", self.header);
        self.header.worker = Some(WORKER);
        self.header.state.wake_at = None;
        self.header.rev += 1;
    }
}
