//! What the simulation has found in the engine, each told by itself.
// Outside of `#[test]` functions, but a test all the same.
#![allow(clippy::unwrap_used)]

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use saga::engine::Runtime;
use saga::store::{Claim, HeaderState, Join, Loaded, MemoryStore, Purpose, Status, Store};
use saga::testing::FaultStore;
use saga::testing::simulation::{Process, Simulation};
use saga::{Client, Config, Engine, StepContext, StepError, WorkerId, WorkflowId, saga, step};

const LEASE: Duration = Duration::from_secs(2);

/// A store as it is, and as a worker has it.
#[derive(Clone)]
struct Stores {
    there: MemoryStore,
    over_there: FaultStore,
    outside: Process,
}

impl Stores {
    fn new(simulation: &Simulation) -> Self {
        let outside = simulation.outside();
        let there = MemoryStore::leased(Arc::new(outside.clone()));
        let over_there = FaultStore::in_time_of(Arc::new(outside.clone()), Arc::new(there.clone()));
        Self { there, over_there, outside }
    }
    async fn sleep(&self, time: Duration) {
        Runtime::sleep(&self.outside, time).await;
    }
    async fn engine(&self, process: &Process, world: &World) -> Engine<World> {
        let config = Config { lease: LEASE, poll_interval: LEASE / 40, ..Config::default() };
        let engine = Engine::builder(world.clone()).store(self.over_there.clone()).config(config);
        let engine = engine.saga(one::definition()).runtime(Arc::new(process.clone()));
        engine.build().await.unwrap()
    }
    /// A client that nothing goes wrong with.
    fn client(&self) -> Client {
        let plan = Arc::clone(one::definition::<World>().plan());
        Client::without_worker(Arc::new(self.there.clone()), Arc::new(self.outside.clone()), [plan])
    }
    async fn loaded(&self, id: &WorkflowId) -> Loaded {
        self.there.load(id).await.unwrap().unwrap()
    }
    async fn until(&self, id: &WorkflowId, is: impl Fn(&Loaded) -> bool) -> Loaded {
        loop {
            let loaded = self.loaded(id).await;
            if is(&loaded) {
                return loaded;
            }
            self.sleep(Duration::from_millis(1)).await;
        }
    }
}

/// What the step does, and what others could do meanwhile.
#[derive(Clone)]
struct World {
    refuses: Arc<AtomicU32>,
    /// What somebody else was given when the step acted: nothing, while its worker may act.
    taken: Arc<Mutex<Vec<usize>>>,
    rival: Option<(MemoryStore, WorkerId)>,
}

impl World {
    fn new() -> Self {
        Self { refuses: Arc::default(), taken: Arc::default(), rival: None }
    }
    /// Somebody who takes whatever can be taken when the step acts.
    async fn with_a_rival(store: &MemoryStore) -> Self {
        let known = one::definition::<Self>().plan().id().clone();
        let join = Join {
            name: "rival".to_owned(),
            definitions: vec![known],
            plans: vec![],
            lease: Duration::from_secs(3600),
        };
        let rival = store.join(join).await.unwrap().worker;
        Self { rival: Some((store.clone(), rival)), ..Self::new() }
    }
}

#[step(compensate = nothing(), retry(max_attempts = 1))]
async fn act(#[inject] world: &World, cx: &StepContext) -> saga::Result<()> {
    if world.refuses.load(Ordering::Relaxed) > 0 {
        world.refuses.fetch_sub(1, Ordering::Relaxed);
        return Err(StepError::permanent("refused"));
    }
    cx.record("before").await?;
    let mut taken = 0;
    if let Some((store, rival)) = &world.rival {
        let known = one::definition::<World>().plan().id().clone();
        let now = saga::Timestamp::from_micros(i64::MAX / 2);
        let claim = Claim { purpose: Purpose::Run, definitions: vec![known], limit: 10, after: None, now };
        taken = store.claim(*rival, claim).await.unwrap().len();
    }
    world.taken.lock().unwrap().push(taken);
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
        let stores = Stores::new(&simulation);
        let (process, world) = (simulation.process(Duration::ZERO), World::new());
        let told = world.clone();
        let status = simulation.run(async move {
            let client = stores.client();
            let id = client.start(one("a".to_owned())).await.unwrap().handle.id().clone();
            client.cancel("default", &id, "alice").await.unwrap();
            stores.over_there.goes_wrong("beat 1 fails; beat 2 fails; beat 3 fails".parse().unwrap());
            let _engine = stores.engine(&process, &world).await;
            let ended = stores.until(&id, |loaded| loaded.header.state.status.is_ended()).await;
            process.kill();
            ended.header.state.status
        });
        simulation.end();
        assert_eq!(status, Ok(Status::RolledBack));
        assert!(told.taken.lock().unwrap().is_empty(), "the step ran");
    }
}

#[test]
fn who_stood_still_while_a_record_was_written_acts_only_when_it_has_been_heard_of_again() {
    for seed in 0..20 {
        let simulation = Simulation::new(seed);
        let stores = Stores::new(&simulation);
        let process = simulation.process(Duration::ZERO);
        let taken = simulation
            .run(async move {
                let world = World::with_a_rival(&stores.there).await;
                let engine = stores.engine(&process, &world).await;
                let id = engine.client().start(one("a".to_owned())).await.unwrap().handle.id().clone();
                // It is durable, and nobody knows: its writer stands still, and asks again when it goes on.
                stores.over_there.goes_wrong("commit 2 loses its answer".parse().unwrap());
                stores.until(&id, |loaded| loaded.steps.iter().any(|row| row.record.is_some())).await;
                process.pause();
                stores.sleep(LEASE * 2).await;
                process.resume();
                while world.taken.lock().unwrap().is_empty() {
                    stores.sleep(Duration::from_millis(10)).await;
                }
                process.kill();
                world.taken.lock().unwrap().clone()
            })
            .unwrap();
        simulation.end();
        assert_eq!(taken, [0], "the step acted when its workflow could be taken away");
    }
}

#[test]
fn a_retry_sticks_although_the_answer_to_the_rollback_before_it_was_lost() {
    for seed in 0..20 {
        let simulation = Simulation::new(seed);
        let stores = Stores::new(&simulation);
        let (process, world) = (simulation.process(Duration::ZERO), World::new());
        world.refuses.store(1, Ordering::Relaxed);
        let ended = simulation
            .run(async move {
                // Its end is written, and its worker, which is not told, says it again and again.
                let lost: Vec<_> = (2..500).map(|n| format!("commit {n} loses its answer")).collect();
                stores.over_there.goes_wrong(lost.join("; ").parse().unwrap());
                let engine = stores.engine(&process, &world).await;
                let id = engine.client().start(one("a".to_owned())).await.unwrap().handle.id().clone();
                let ended = |loaded: &Loaded| loaded.header.state.status.is_ended();
                let rolled_back = stores.until(&id, ended).await.header.state;
                assert_eq!(rolled_back.status, Status::RolledBack);
                // By now that is once a second, and the worker takes what there is much sooner.
                stores.sleep(LEASE).await;
                stores.client().retry("default", &id, "alice", false).await.unwrap();
                stores.until(&id, |loaded| loaded.header.worker.is_some()).await;
                stores.over_there.heal();
                let ended = stores.until(&id, ended).await.header.state;
                process.kill();
                ended
            })
            .unwrap();
        simulation.end();
        let HeaderState { status, run, retry_count, .. } = ended;
        assert_eq!((status, run, retry_count), (Status::Completed, 2, 1));
    }
}
