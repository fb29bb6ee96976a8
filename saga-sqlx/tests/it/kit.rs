//! A store in a directory of its own, and small workflows.

use std::path::PathBuf;
use std::time::Duration;

use saga::store::*;
use saga::{CommitId, DefinitionId, Json, Timestamp, WorkerId, WorkflowId};
use saga_sqlx::{SqliteOptions, SqliteStore};
use sqlx::{Connection, SqliteConnection};
use tempfile::TempDir;

pub(crate) struct Home(TempDir);

impl Home {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }
    pub(crate) fn path(&self) -> PathBuf {
        self.0.path().join("saga.db")
    }
    pub(crate) async fn open(&self) -> SqliteStore {
        self.try_open(SqliteOptions::default()).await.unwrap()
    }
    pub(crate) async fn try_open(&self, options: SqliteOptions) -> Result<SqliteStore, StoreError> {
        SqliteStore::open(self.path(), options).await
    }
    /// A connection of somebody else's.
    pub(crate) async fn foreign(&self) -> SqliteConnection {
        SqliteConnection::connect(self.path().to_str().unwrap()).await.unwrap()
    }
    pub(crate) async fn by_hand(&self, sql: &'static str) -> u64 {
        let mut foreign = self.foreign().await;
        let done = sqlx::query(sql).execute(&mut foreign).await.unwrap();
        foreign.close().await.unwrap();
        done.rows_affected()
    }
    /// Overwrites a table's first page. The file as it was.
    pub(crate) async fn damage(&self, table: &str) -> Vec<u8> {
        let mut foreign = self.foreign().await;
        let root = "SELECT rootpage FROM sqlite_schema WHERE name = ?";
        let root: u32 = sqlx::query_scalar(root).bind(table).fetch_one(&mut foreign).await.unwrap();
        foreign.close().await.unwrap();
        let whole = std::fs::read(self.path()).unwrap();
        let mut damaged = whole.clone();
        let page = usize::from(u16::from_be_bytes([whole[16], whole[17]]));
        let at = page * (usize::try_from(root).unwrap() - 1);
        damaged[at..at + page].fill(0xA5);
        std::fs::write(self.path(), damaged).unwrap();
        whole
    }
}

pub(crate) fn noon() -> Timestamp {
    Timestamp::from_micros(1_760_529_600_000_000)
}

pub(crate) async fn join(store: &SqliteStore) -> WorkerId {
    let lease = Duration::from_secs(10);
    let join = Join { name: "test".into(), definitions: vec![], plans: vec![], lease };
    store.join(join).await.unwrap().worker
}

pub(crate) fn id(name: &str) -> WorkflowId {
    WorkflowId::new(name).unwrap()
}

pub(crate) fn trip() -> DefinitionId {
    DefinitionId { name: "trip".into(), version: 1, fingerprint: "f00d".into() }
}

pub(crate) fn start(number: i64, name: &str, worker: Option<WorkerId>) -> Commit {
    let state = HeaderState {
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
        wake_at: worker.is_none().then(noon),
        started_at: Some(noon()),
        completed_at: None,
        failed_at: None,
    };
    let header = Header {
        workflow_id: id(name),
        tenant_id: "default".into(),
        initiator_id: None,
        idempotency_key: None,
        input_hash: "hash".into(),
        definition: trip(),
        total_steps: 7,
        input: Json::null(),
        exclusion: vec![format!("onu of {name}")],
        search_keys: vec![],
        priority: 0,
        deadline_at: None,
        max_retries: 3,
        created_at: noon(),
        rev: 0,
        last_commit: None,
        worker,
        unclean: false,
        takeovers: 0,
        updated_at: noon(),
        state,
    };
    Commit { create: Some(Box::new(NewWorkflow { header })), ..Commit::empty(id(name), CommitId(number)) }
}

pub(crate) fn fact(number: i64, name: &str, step_order: u32, output: &str) -> Commit {
    let row = StepRow {
        run: 1,
        step_order,
        item: "".into(),
        rev: number,
        node: "flight".into(),
        step_name: "book_flight".into(),
        target_system: Some("airline".into()),
        status: StepStatus::Completed,
        effect: TouchedEffect::Done,
        attempts: 2,
        undo_attempts: 0,
        key_generation: 0,
        deaths: 0,
        input: None,
        output: Some(Json::encode(output).unwrap()),
        record: None,
        heartbeat: None,
        carry: None,
        debt: None,
        debt_note: None,
        error_message: None,
        started_at: Some(noon()),
        completed_at: Some(noon()),
        failed_at: None,
    };
    Commit { facts: vec![row], ..Commit::empty(id(name), CommitId(number)) }
}

pub(crate) async fn write(
    store: &SqliteStore,
    worker: Option<WorkerId>,
    commit: Commit,
) -> Result<CommitOutcome, StoreError> {
    store.commit(worker, vec![commit]).await.map(|mut outcomes| outcomes.remove(0))
}

pub(crate) const APPLIED: Result<CommitOutcome, StoreError> = Ok(CommitOutcome::Applied { rev: 0 });

pub(crate) fn configuration<T: std::fmt::Debug>(result: Result<T, StoreError>) -> String {
    match result {
        Err(StoreError::Configuration(message)) => message,
        other => panic!("a configuration error was expected, not {other:?}"),
    }
}
