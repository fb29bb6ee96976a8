//! The same histories over a SQLite file. It belongs to one process, so there is one worker at a time, which is killed,
//! stands still and is started again. The file's own threads are waited for where they are asked: a seed stays a seed.
// Outside of `#[test]` functions, but a test all the same.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use saga::store::{
    Beat, Claim, Commit, CommitOutcome, Join, Listing, Loaded, Page, PublishedEvent, Registration, Removals,
    Schedule, Schedules, Sent, SignalKind, Statistics, Store, StoreError, Stranded, Trail, TrailPart,
    Transactions, Trigger, Triggered, Triggers, Wanted,
};
use saga::{DefinitionId, Timestamp, WorkerId, WorkflowId};
use saga_sqlx::{SqliteOptions, SqliteStore};
use simulation::many;
use simulation::seed::{Report, Trace, play_over};
use tokio::runtime::Runtime;

/// How many, in every test run; `SIMULATED_OVER_SQLITE` says how many instead.
const SEEDS: u32 = 60;

/// A store that is asked from without its runtime, and answers before time goes on.
#[derive(Clone)]
struct AtOnce {
    runtime: Arc<Runtime>,
    store: SqliteStore,
}

type Answer<T> = Result<T, StoreError>;

impl AtOnce {
    fn wait<T>(&self, asked: impl Future<Output = T>) -> T {
        self.runtime.block_on(asked)
    }
}

#[async_trait]
impl Store for AtOnce {
    async fn join(&self, join: Join) -> Answer<Registration> {
        self.wait(self.store.join(join))
    }
    async fn beat(&self, worker: WorkerId) -> Answer<Beat> {
        self.wait(self.store.beat(worker))
    }
    async fn leave(&self, worker: WorkerId) -> Answer<()> {
        self.wait(self.store.leave(worker))
    }
    async fn claim(&self, worker: WorkerId, claim: Claim) -> Answer<Vec<Loaded>> {
        self.wait(self.store.claim(worker, claim))
    }
    async fn held(&self, worker: WorkerId) -> Answer<Vec<WorkflowId>> {
        self.wait(self.store.held(worker))
    }
    async fn stranded(&self, now: Timestamp) -> Answer<Vec<Stranded>> {
        self.wait(self.store.stranded(now))
    }
    async fn watch(&self, now: Timestamp, gap: Duration) -> Answer<Vec<Stranded>> {
        self.wait(self.store.watch(now, gap))
    }
    async fn commit(&self, worker: Option<WorkerId>, batch: Vec<Commit>) -> Answer<Vec<CommitOutcome>> {
        self.wait(self.store.commit(worker, batch))
    }
    async fn send(&self, tenant: &str, workflow: &WorkflowId, kind: SignalKind, by: &str) -> Answer<Sent> {
        self.wait(self.store.send(tenant, workflow, kind, by))
    }
    async fn publish(&self, event: PublishedEvent) -> Answer<bool> {
        self.wait(self.store.publish(event))
    }
    async fn published(&self, wanted: Wanted) -> Answer<Option<PublishedEvent>> {
        self.wait(self.store.published(wanted))
    }
    async fn load(&self, workflow: &WorkflowId) -> Answer<Option<Loaded>> {
        self.wait(self.store.load(workflow))
    }
    async fn list(&self, listing: Listing) -> Answer<Page> {
        self.wait(self.store.list(listing))
    }
    async fn history(&self, workflow: &WorkflowId, part: TrailPart) -> Answer<Trail> {
        self.wait(self.store.history(workflow, part))
    }
    async fn plan(&self, definition: &DefinitionId) -> Answer<Option<String>> {
        self.wait(self.store.plan(definition))
    }
    async fn statistics(&self, tenant: &str) -> Answer<Statistics> {
        self.wait(self.store.statistics(tenant))
    }
    fn transactions(&self) -> Option<&dyn Transactions> {
        None
    }
    fn schedules(&self) -> Option<&dyn Schedules> {
        Some(self)
    }
    fn triggers(&self) -> Option<&dyn Triggers> {
        Some(self)
    }
    fn removals(&self) -> Option<&dyn Removals> {
        None
    }
}

#[async_trait]
impl Triggers for AtOnce {
    async fn register_triggers(&self, triggers: Vec<Trigger>) -> Answer<()> {
        self.wait(self.store.register_triggers(triggers))
    }
    async fn remove_trigger(&self, name: &str) -> Answer<bool> {
        self.wait(self.store.remove_trigger(name))
    }
    async fn triggered(&self, triggers: &[String], limit: usize) -> Answer<Vec<Triggered>> {
        self.wait(self.store.triggered(triggers, limit))
    }
    async fn settle_triggered(&self, ids: Vec<i64>) -> Answer<()> {
        self.wait(self.store.settle_triggered(ids))
    }
}

#[async_trait]
impl Schedules for AtOnce {
    async fn put_schedule(&self, schedule: Schedule) -> Answer<bool> {
        self.wait(self.store.put_schedule(schedule))
    }
    async fn remove_schedule(&self, tenant: &str, name: &str) -> Answer<bool> {
        self.wait(self.store.remove_schedule(tenant, name))
    }
    async fn list_schedules(&self, tenant: &str) -> Answer<Vec<Schedule>> {
        self.wait(self.store.list_schedules(tenant))
    }
    async fn due_schedules(&self, now: Timestamp, limit: usize) -> Answer<Vec<Schedule>> {
        self.wait(self.store.due_schedules(now, limit))
    }
}

fn played(runtime: &Arc<Runtime>, seed: u64, trace: Trace) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("saga.db");
    let store = runtime.block_on(SqliteStore::open(path, SqliteOptions::default())).unwrap();
    let report =
        play_over(Arc::new(AtOnce { runtime: Arc::clone(runtime), store: store.clone() }), seed, trace);
    runtime.block_on(store.close());
    report
}

#[test]
fn every_guarantee_holds_over_a_file_too() {
    let seeds = std::env::var("SIMULATED_OVER_SQLITE").map_or(SEEDS, |seeds| seeds.parse().unwrap());
    let (failures, seen) = many(seeds.into(), 1, |seed| {
        let runtime = Arc::new(Runtime::new().unwrap());
        played(&runtime, seed, Trace::Off)
    });
    assert!(failures.is_empty(), "{:#?}", failures.first());
    for (what, of) in [("crash", seen.crash), ("takeover", seen.takeover), ("secret", seen.secret)] {
        assert!(of > seeds / 10, "{what} was seen in {of} of {seeds} seeds only");
    }
}

#[test]
fn a_seed_over_a_file_is_the_same_run_every_time() {
    let runtime = Arc::new(Runtime::new().unwrap());
    assert_eq!(played(&runtime, 7, Trace::On), played(&runtime, 7, Trace::On));
}
