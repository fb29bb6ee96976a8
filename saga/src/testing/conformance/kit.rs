//! Words for the cases: workflows, rows and decisions with few differences.

use std::sync::Arc;
use std::time::Duration;

use super::Subject;
use crate::clock::Timestamp;
use crate::id::{CommitId, DefinitionId, WorkerId, WorkflowId};
use crate::json::Json;
use crate::store::*;

/// Tests begin on 2025-10-15, noon.
pub(super) const NOON: Timestamp = Timestamp::from_micros(1_760_529_600_000_000);

/// Short, because a store that keeps leases keeps them in real time.
pub(super) const LEASE: Duration = Duration::from_secs(2);

pub(super) fn at(second: u64) -> Timestamp {
    NOON.plus(Duration::from_secs(second))
}
pub(super) fn id(name: &str) -> WorkflowId {
    WorkflowId::new(name).unwrap()
}
pub(super) fn json(text: &str) -> Json {
    Json::parse(text).unwrap()
}
pub(super) fn definition(name: &str, version: u32) -> DefinitionId {
    DefinitionId { name: name.into(), version, fingerprint: "f00d".into() }
}

/// A header as a worker writes it at the start.
pub(super) fn header(name: &str, worker: Option<WorkerId>) -> Header {
    Header {
        workflow_id: id(name),
        tenant_id: "default".into(),
        initiator_id: None,
        idempotency_key: None,
        input_hash: "hash".into(),
        definition: definition("trip", 1),
        total_steps: 2,
        input: json("{}"),
        exclusion: vec![],
        search_keys: vec![],
        priority: 0,
        deadline_at: None,
        max_retries: 3,
        created_at: NOON,
        rev: 0,
        last_commit: None,
        worker,
        unclean: false,
        takeovers: 0,
        updated_at: NOON,
        state: HeaderState {
            status: if worker.is_some() { Status::Running } else { Status::Pending },
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
            wake_at: worker.is_none().then_some(NOON),
            started_at: worker.map(|_| NOON),
            completed_at: None,
            failed_at: None,
        },
    }
}

pub(super) fn create(commit: i64, header: Header) -> Commit {
    let id = header.workflow_id.clone();
    Commit { create: Some(Box::new(NewWorkflow { header })), ..Commit::empty(id, CommitId(commit)) }
}

/// A completed step of the first run.
pub(super) fn row(step_order: u32, rev: i64) -> StepRow {
    StepRow {
        run: 1,
        step_order,
        item: "".into(),
        rev,
        node: "flight".into(),
        step_name: "book_flight".into(),
        target_system: None,
        status: StepStatus::Completed,
        effect: TouchedEffect::Done,
        attempts: 1,
        undo_attempts: 0,
        key_generation: 0,
        deaths: 0,
        input: None,
        output: Some(json("1")),
        record: None,
        heartbeat: None,
        carry: None,
        debt: None,
        debt_note: None,
        error_message: None,
        started_at: Some(NOON),
        completed_at: Some(at(1)),
        failed_at: None,
    }
}

pub(super) fn facts(commit: i64, name: &str, facts: Vec<StepRow>) -> Commit {
    Commit { facts, ..Commit::empty(id(name), CommitId(commit)) }
}

/// A decision on this header that keeps the owner, unless the workflow ends.
pub(super) fn decide(commit: i64, header: &Header, change: impl FnOnce(&mut HeaderState)) -> Commit {
    let mut state = header.state.clone();
    change(&mut state);
    let decision = Decision {
        expected_rev: header.rev,
        expected_status: header.state.status,
        audit: vec![],
        interrupted: Interrupted::Told,
        release: state.status.is_ended(),
        retake_exclusion: false,
        state,
    };
    let empty = Commit::empty(header.workflow_id.clone(), CommitId(commit));
    Commit { decision: Some(Box::new(decision)), ..empty }
}

pub(super) fn to(status: Status) -> impl FnOnce(&mut HeaderState) {
    move |state| state.status = status
}

/// As [`decide`], letting go of it.
pub(super) fn release(commit: i64, header: &Header, wake_at: Option<Timestamp>) -> Commit {
    let mut commit = decide(commit, header, |state| {
        state.status = Status::Waiting;
        state.wake_at = wake_at;
    });
    if let Some(decision) = &mut commit.decision {
        decision.release = true;
    }
    commit
}

pub(super) fn audit(second: u64, message: &str) -> AuditEvent {
    AuditEvent {
        run: 1,
        at: at(second),
        kind: AuditKind::AttemptFailed,
        node: Some("flight".into()),
        attempt: Some(1),
        message: message.into(),
        actor: None,
    }
}

/// A store and a worker of it.
pub(super) struct World {
    pub(super) store: Arc<dyn Store>,
    pub(super) worker: WorkerId,
}

impl World {
    pub(super) async fn new(subject: &Arc<dyn Subject>) -> Self {
        Self::of(subject.fresh().await).await
    }
    /// A worker that knows `trip@1`.
    pub(super) async fn of(store: Arc<dyn Store>) -> Self {
        let worker = store.join(join()).await.unwrap().worker;
        Self { store, worker }
    }
    pub(super) async fn write(&self, commit: Commit) -> CommitOutcome {
        self.write_as(Some(self.worker), commit).await
    }
    pub(super) async fn write_as(&self, worker: Option<WorkerId>, commit: Commit) -> CommitOutcome {
        let mut outcomes = self.store.commit(worker, vec![commit]).await.unwrap();
        assert_eq!(outcomes.len(), 1);
        outcomes.remove(0)
    }
    /// Starts a workflow that this worker runs.
    pub(super) async fn start(&self, commit: i64, name: &str) -> Header {
        let outcome = self.write(create(commit, header(name, Some(self.worker)))).await;
        assert_eq!(outcome, CommitOutcome::Applied { rev: 0 });
        self.header(name).await
    }
    pub(super) async fn load(&self, name: &str) -> Loaded {
        self.store.load(&id(name)).await.unwrap().unwrap()
    }
    pub(super) async fn header(&self, name: &str) -> Header {
        self.load(name).await.header
    }
    pub(super) async fn claim(&self, second: u64, limit: usize) -> Vec<Loaded> {
        self.claim_after(None, second, limit).await
    }
    pub(super) async fn claim_after(&self, tenant: Option<&str>, second: u64, limit: usize) -> Vec<Loaded> {
        let (definitions, after) = (vec![definition("trip", 1)], tenant.map(str::to_owned));
        let claim = Claim { purpose: Purpose::Run, definitions, limit, after, now: at(second) };
        self.store.claim(self.worker, claim).await.unwrap()
    }
    pub(super) async fn statistics(&self) -> Statistics {
        self.store.statistics("default").await.unwrap()
    }
}

pub(super) fn join() -> Join {
    let definitions = vec![definition("trip", 1)];
    let plans = definitions.iter().map(|d| (d.clone(), format!("the plan of {d}"))).collect();
    Join { name: "test".into(), definitions, plans, lease: LEASE }
}

pub(super) fn names(loaded: &[Loaded]) -> Vec<&str> {
    loaded.iter().map(|l| l.header.workflow_id.as_str()).collect()
}
