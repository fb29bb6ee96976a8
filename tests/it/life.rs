//! Lives of a process: each is a tokio runtime of its own, whose end is the end of all that ran in it. Store
//! and world outlast it. Time is virtual, and goes on from life to life.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::{BoxFuture, Either, select};
use saga::engine::{EngineBuilder, Runtime};
use saga::store::{Loaded, MemoryStore, Status, StepRow, StepStatus, TrailPart};
use saga::{Client, Config, Engine, Plan, Timestamp, WorkflowId};
use tokio::time::Instant;

use crate::tap::{Kill, Tap};
use crate::world::World;

/// The world's time: tokio's while somebody lives, else it stands still.
#[derive(Clone, Default)]
pub struct Clock(Arc<Mutex<(Duration, Option<Instant>)>>);

impl Clock {
    pub fn uptime(&self) -> Duration {
        let (before, began) = *self.0.lock().unwrap();
        before + began.map_or(Duration::ZERO, |began| began.elapsed())
    }
    pub fn now(&self) -> Timestamp {
        Timestamp::from_micros(1_760_000_000_000_000).plus(self.uptime())
    }
    fn begin(&self) {
        self.0.lock().unwrap().1 = Some(Instant::now());
    }
    fn end(&self) {
        let now = self.uptime();
        *self.0.lock().unwrap() = (now + Duration::from_millis(1), None);
    }
}

/// Tokio's tasks and timers with the world's clock.
struct Virtual {
    clock: Clock,
    random: Mutex<fastrand::Rng>,
}

impl Runtime for Virtual {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }
    fn uptime(&self) -> Duration {
        self.clock.uptime()
    }
    fn random(&self) -> u64 {
        self.random.lock().unwrap().u64(..)
    }
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        tokio::spawn(task);
    }
}

/// What outlasts a process.
pub struct Lives {
    pub store: MemoryStore,
    pub world: World,
    clock: Clock,
    config: Config,
    lived: u64,
}

/// What a process has.
pub struct Life {
    pub engine: Engine<World>,
    pub client: Client,
    pub tap: Tap,
    pub world: World,
    pub store: MemoryStore,
    runtime: Arc<dyn Runtime>,
}

impl Lives {
    pub fn new() -> Self {
        let clock = Clock::default();
        let world = World::new(clock.clone());
        Self { store: MemoryStore::new(), world, clock, config: Config::default(), lived: 0 }
    }
    pub fn with(config: Config) -> Self {
        Self { config, ..Self::new() }
    }

    /// Nobody lives for that long.
    pub fn nobody_for(&self, time: Duration) {
        self.clock.0.lock().unwrap().0 += time;
    }

    /// One life without an accident.
    pub fn live<T>(
        &mut self,
        sagas: impl FnOnce(EngineBuilder<World>) -> EngineBuilder<World>,
        f: impl AsyncFnOnce(&Life) -> T,
    ) -> T {
        self.live_until(None, sagas, f).expect("nobody killed it")
    }

    /// One life; `None` if it was killed.
    pub fn live_until<T>(
        &mut self,
        kill: Option<Kill>,
        sagas: impl FnOnce(EngineBuilder<World>) -> EngineBuilder<World>,
        f: impl AsyncFnOnce(&Life) -> T,
    ) -> Option<T> {
        self.lived += 1;
        let (clock, world, store) = (self.clock.clone(), self.world.clone(), self.store.clone());
        let (config, seed, ended) = (self.config.clone(), self.lived, self.clock.clone());
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        let result = runtime.block_on(async move {
            clock.begin();
            let tap = Tap::new(Arc::new(store.clone()), kill);
            let random = Mutex::new(fastrand::Rng::with_seed(seed));
            let runtime: Arc<dyn Runtime> = Arc::new(Virtual { clock, random });
            let builder = Engine::builder(world.clone())
                .store(tap.clone())
                .config(config)
                .runtime(Arc::clone(&runtime));
            let engine = sagas(builder).build().await.unwrap();
            let client = engine.client().clone();
            let life = Life { engine, client, tap: tap.clone(), world, store, runtime };
            let died = std::pin::pin!(tap.died());
            let lived = std::pin::pin!(async {
                let limit = Duration::from_secs(24 * 3600);
                tokio::time::timeout(limit, f(&life)).await.expect("it did not end within a day")
            });
            let result = match select(died, lived).await {
                Either::Left(_) => None,
                Either::Right((result, _)) => Some(result),
            };
            // While the runtime's time is known.
            ended.end();
            result
        });
        drop(runtime);
        result
    }
}

impl Life {
    /// The world's time, for a second engine.
    pub fn runtime(&self) -> Arc<dyn Runtime> {
        Arc::clone(&self.runtime)
    }
    /// A client in a process that runs no workflows.
    pub fn api(&self, plans: impl IntoIterator<Item = Arc<Plan>>) -> Client {
        Client::without_worker(Arc::new(self.store.clone()), Arc::clone(&self.runtime), plans)
    }
    /// Waits until the workflow rests.
    pub async fn ended(&self, workflow: &str) -> Loaded {
        self.client.ended(&id(workflow)).await.unwrap()
    }
    pub async fn load(&self, workflow: &str) -> Loaded {
        use saga::store::Store;
        self.store.load(&id(workflow)).await.unwrap().unwrap()
    }
    /// The audit trail: its kinds.
    pub async fn audit(&self, workflow: &str) -> Vec<String> {
        let history = self.client.history("default", &id(workflow), TrailPart::ALL).await.unwrap();
        history.events.iter().map(|event| event.kind.to_string()).collect()
    }
}

/// Waits until it is so.
pub async fn until(is_so: impl AsyncFn() -> bool) {
    while !is_so().await {
        pass(Duration::from_millis(5)).await;
    }
}

/// Lets time pass.
pub async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}

pub fn id(workflow: &str) -> WorkflowId {
    WorkflowId::new(workflow).unwrap()
}

pub fn status(loaded: &Loaded) -> Status {
    loaded.header.state.status
}

/// The row of a step in the latest run.
pub fn row<'a>(loaded: &'a Loaded, step: &str) -> &'a StepRow {
    let run = loaded.header.state.run;
    loaded.steps.iter().find(|r| *r.step_name == *step && r.run == run).expect("a row")
}

pub fn steps(loaded: &Loaded) -> Vec<(String, StepStatus)> {
    let run = loaded.header.state.run;
    loaded.steps.iter().filter(|r| r.run == run).map(|r| (r.step_name.to_string(), r.status)).collect()
}
