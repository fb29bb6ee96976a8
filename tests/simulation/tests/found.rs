//! What the simulation has found in the engine, each told by itself.
// Outside of `#[test]` functions, but a test all the same.
#![allow(clippy::unwrap_used)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use saga::engine::Runtime;
use saga::store::{
    Beat, Claim, Commit, CommitOutcome, Join, Listing, Loaded, MemoryStore, Page, PublishedEvent,
    Registration, Removals, Schedules, Sent, SignalKind, Statistics, Status, Store, StoreError, Stranded,
    Trail, TrailPart, Transactions, Triggers, Wanted,
};
use saga::testing::simulation::{Process, Simulation};
use saga::{Client, Config, DefinitionId, Engine, StepContext, Timestamp, WorkerId, WorkflowId, saga, step};

const LEASE: Duration = Duration::from_secs(2);

/// A store that fails, or stops its worker, where a test says so.
#[derive(Clone)]
struct Tampered {
    store: MemoryStore,
    outside: Process,
    /// So many heartbeats fail.
    failing_beats: Arc<Mutex<u32>>,
    last_beat: Arc<Mutex<Duration>>,
    /// Stands still as soon as a record is durable.
    pauses: Arc<Mutex<Option<Process>>>,
}

impl Tampered {
    fn new(simulation: &Simulation) -> Self {
        let outside = simulation.outside();
        Self {
            store: MemoryStore::leased(Arc::new(outside.clone())),
            outside,
            failing_beats: Arc::default(),
            last_beat: Arc::default(),
            pauses: Arc::default(),
        }
    }
    async fn sleep(&self, time: Duration) {
        Runtime::sleep(&self.outside, time).await;
    }
    async fn engine(&self, process: &Process, world: World) -> Engine<World> {
        let config = Config { lease: LEASE, poll_interval: LEASE / 4, ..Config::default() };
        let engine = Engine::builder(world).store(self.clone()).saga(one::definition()).config(config);
        engine.runtime(Arc::new(process.clone())).build().await.unwrap()
    }
    async fn status(&self, id: &WorkflowId) -> Status {
        self.store.load(id).await.unwrap().unwrap().header.state.status
    }
}

/// When the step acted, and when its worker had last been heard of then.
#[derive(Clone)]
struct World {
    acted: Arc<Mutex<Vec<(Duration, Duration)>>>,
    store: Tampered,
}

impl World {
    fn of(store: &Tampered) -> Self {
        Self { acted: Arc::default(), store: store.clone() }
    }
    fn acted(&self) -> Vec<(Duration, Duration)> {
        self.acted.lock().unwrap().clone()
    }
}

#[step(compensate = nothing())]
async fn act(#[inject] world: &World, cx: &StepContext) -> saga::Result<()> {
    cx.record("before").await?;
    let heard = *world.store.last_beat.lock().unwrap();
    world.acted.lock().unwrap().push((world.store.outside.uptime(), heard));
    Ok(())
}
async fn nothing() -> saga::Result<()> {
    Ok(())
}

#[saga(version = 1)]
async fn one(name: String) -> saga::Result<()> {
    let _ = name;
    act().await?;
    Ok(())
}

#[test]
fn a_cancellation_is_heeded_although_the_mail_cannot_be_read_when_the_workflow_is_claimed() {
    for seed in 0..20 {
        let simulation = Simulation::new(seed);
        let store = Tampered::new(&simulation);
        let (process, world) = (simulation.process(Duration::ZERO), World::of(&store));
        let told = world.clone();
        let status = simulation.run(async move {
            let plan = Arc::clone(one::definition::<World>().plan());
            let client =
                Client::without_worker(Arc::new(store.clone()), Arc::new(store.outside.clone()), [plan]);
            let id = client.start(one("a".to_owned())).await.unwrap().handle.id().clone();
            client.cancel("default", &id, "alice").await.unwrap();
            *store.failing_beats.lock().unwrap() = 3;
            let _engine = store.engine(&process, world).await;
            while !store.status(&id).await.is_ended() {
                store.sleep(LEASE / 4).await;
            }
            process.kill();
            store.status(&id).await
        });
        simulation.end();
        assert_eq!((status, told.acted()), (Ok(Status::RolledBack), vec![]));
    }
}

#[test]
fn who_stood_still_while_a_record_was_written_acts_only_when_it_has_been_heard_of_again() {
    for seed in 0..20 {
        let simulation = Simulation::new(seed);
        let store = Tampered::new(&simulation);
        let (process, world) = (simulation.process(Duration::ZERO), World::of(&store));
        let told = world.clone();
        simulation
            .run(async move {
                let engine = store.engine(&process, world.clone()).await;
                *store.pauses.lock().unwrap() = Some(process.clone());
                engine.client().start(one("a".to_owned())).await.unwrap();
                while !process.is_paused() {
                    store.sleep(Duration::from_millis(1)).await;
                }
                store.sleep(LEASE * 2).await;
                process.resume();
                while world.acted().is_empty() {
                    store.sleep(Duration::from_millis(10)).await;
                }
                process.kill();
            })
            .unwrap();
        simulation.end();
        let (at, heard) = told.acted()[0];
        assert!(at < heard + LEASE, "it acts at {at:?}, and was last heard of at {heard:?}");
    }
}

#[async_trait]
impl Store for Tampered {
    async fn join(&self, join: Join) -> Result<Registration, StoreError> {
        self.store.join(join).await
    }
    async fn beat(&self, worker: WorkerId) -> Result<Beat, StoreError> {
        if let Some(left) = { *self.failing_beats.lock().unwrap() }.checked_sub(1) {
            *self.failing_beats.lock().unwrap() = left;
            return Err(StoreError::Unavailable("a test wants it so".to_owned()));
        }
        *self.last_beat.lock().unwrap() = self.outside.uptime();
        self.store.beat(worker).await
    }
    async fn leave(&self, worker: WorkerId) -> Result<(), StoreError> {
        self.store.leave(worker).await
    }
    async fn claim(&self, worker: WorkerId, claim: Claim) -> Result<Vec<Loaded>, StoreError> {
        self.store.claim(worker, claim).await
    }
    async fn held(&self, worker: WorkerId) -> Result<Vec<WorkflowId>, StoreError> {
        self.store.held(worker).await
    }
    async fn stranded(&self, now: Timestamp) -> Result<Vec<Stranded>, StoreError> {
        self.store.stranded(now).await
    }
    async fn commit(
        &self,
        worker: Option<WorkerId>,
        batch: Vec<Commit>,
    ) -> Result<Vec<CommitOutcome>, StoreError> {
        let records = batch.iter().flat_map(|commit| &commit.facts).any(|row| row.record.is_some());
        let outcomes = self.store.commit(worker, batch).await;
        if records && let Some(process) = self.pauses.lock().unwrap().take() {
            process.pause();
        }
        outcomes
    }
    async fn send(
        &self,
        tenant: &str,
        workflow: &WorkflowId,
        kind: SignalKind,
        by: &str,
    ) -> Result<Sent, StoreError> {
        self.store.send(tenant, workflow, kind, by).await
    }
    async fn publish(&self, event: PublishedEvent) -> Result<bool, StoreError> {
        self.store.publish(event).await
    }
    async fn published(&self, wanted: Wanted) -> Result<Option<PublishedEvent>, StoreError> {
        self.store.published(wanted).await
    }
    async fn load(&self, workflow: &WorkflowId) -> Result<Option<Loaded>, StoreError> {
        self.store.load(workflow).await
    }
    async fn list(&self, listing: Listing) -> Result<Page, StoreError> {
        self.store.list(listing).await
    }
    async fn history(&self, workflow: &WorkflowId, part: TrailPart) -> Result<Trail, StoreError> {
        self.store.history(workflow, part).await
    }
    async fn plan(&self, definition: &DefinitionId) -> Result<Option<String>, StoreError> {
        self.store.plan(definition).await
    }
    async fn statistics(&self, tenant: &str) -> Result<Statistics, StoreError> {
        self.store.statistics(tenant).await
    }
    fn transactions(&self) -> Option<&dyn Transactions> {
        None
    }
    fn schedules(&self) -> Option<&dyn Schedules> {
        None
    }
    fn triggers(&self) -> Option<&dyn Triggers> {
        None
    }
    fn removals(&self) -> Option<&dyn Removals> {
        None
    }
}
