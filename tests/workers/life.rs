//! Lives of a process, as in the suite of one engine, but over a PostgreSQL database and in real time: a life's end is
//! the end of its connections, and its successor waits for its lease.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};
use saga::engine::EngineBuilder;
use saga::store::{Loaded, Status, StepRow, StepStatus, Store, TrailPart};
use saga::{Client, Config, Engine, Timestamp, WorkflowId};

use crate::home::{self, Home};
use crate::tap::{Kill, Tap};
use crate::world::World;

/// The world's time.
#[derive(Clone, Default)]
pub struct Clock;

impl Clock {
    #[allow(clippy::disallowed_methods, reason = "real time is the matter here")]
    pub fn now(&self) -> Timestamp {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        Timestamp::from_micros(i64::try_from(now.as_micros()).unwrap())
    }
}

pub struct Lives {
    pub world: World,
    home: Home,
    config: Config,
}

pub struct Life {
    pub engine: Engine<World>,
    pub client: Client,
    pub tap: Tap,
    pub world: World,
}

impl Lives {
    pub fn new() -> Self {
        Self::with(Config::default())
    }
    pub fn with(config: Config) -> Self {
        let config = Config { lease: home::LEASE, ..config };
        Self { world: World::new(Clock), home: Home::new(), config }
    }
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
        let (world, home, config) = (self.world.clone(), self.home.clone(), self.config.clone());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let tap = Tap::new(Arc::new(home.open().await), kill);
            let builder = Engine::builder(world.clone()).store(tap.clone()).config(config);
            let engine = sagas(builder).build().await.unwrap();
            let life = Life { client: engine.client().clone(), engine, tap: tap.clone(), world };
            let died = std::pin::pin!(tap.died());
            let lived = std::pin::pin!(async {
                let limit = Duration::from_secs(300);
                tokio::time::timeout(limit, f(&life)).await.expect("it did not end in five minutes")
            });
            match select(died, lived).await {
                Either::Left(_) => None,
                Either::Right((result, _)) => Some(result),
            }
        })
    }
}

impl Life {
    pub async fn ended(&self, workflow: &str) -> Loaded {
        self.client.ended(&id(workflow)).await.unwrap()
    }
    pub async fn load(&self, workflow: &str) -> Loaded {
        self.tap.load(&id(workflow)).await.unwrap().unwrap()
    }
    pub async fn audit(&self, workflow: &str) -> Vec<String> {
        let history = self.client.history("default", &id(workflow), TrailPart::ALL).await.unwrap();
        history.events.iter().map(|event| event.kind.to_string()).collect()
    }
}

/// Waits until it is so.
pub async fn until(is_so: impl AsyncFn() -> bool) {
    let waited = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(200), waited).await.expect("it did not become so");
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
