//! Engines as if in several processes: each with a store, and connections, of its own. One world for all of them.

use std::sync::Arc;
use std::time::Duration;

use saga::engine::EngineBuilder;
use saga::store::{Header, Loaded, Store};
use saga::{Client, Config, Engine, Plan};
use saga_sqlx::PgStore;

use crate::home::{self, Home};
use crate::life::{Clock, id};
use crate::world::World;

pub struct Cluster {
    pub home: Home,
    pub world: World,
    /// A store that nobody's engine uses.
    pub store: PgStore,
}

impl Cluster {
    pub async fn new() -> Self {
        let home = Home::new();
        let store = home.open().await;
        Self { home, world: World::new(Clock), store }
    }
    pub async fn engine(
        &self,
        sagas: impl FnOnce(EngineBuilder<World>) -> EngineBuilder<World>,
    ) -> Engine<World> {
        self.engine_with(home::config(), sagas).await
    }
    pub async fn engine_with(
        &self,
        config: Config,
        sagas: impl FnOnce(EngineBuilder<World>) -> EngineBuilder<World>,
    ) -> Engine<World> {
        let builder = Engine::builder(self.world.clone()).store(self.home.open().await).config(config);
        sagas(builder).build().await.unwrap()
    }
    /// A client in a process that runs no workflows.
    pub async fn api(&self, plans: impl IntoIterator<Item = Arc<Plan>>) -> Client {
        let runtime = Arc::new(saga::engine::TokioRuntime::current().unwrap());
        Client::without_worker(Arc::new(self.home.open().await), runtime, plans)
    }
    /// How many workflows some engine has in memory.
    pub async fn store_running(&self) -> i64 {
        let owned = "SELECT count(*) FROM orchestration_workflows WHERE worker IS NOT NULL";
        sqlx::query_scalar(owned).fetch_one(self.store.pool()).await.unwrap()
    }
    pub async fn load(&self, workflow: &str) -> Loaded {
        self.store.load(&id(workflow)).await.unwrap().unwrap()
    }
    pub async fn header(&self, workflow: &str) -> Header {
        self.load(workflow).await.header
    }
}

pub async fn ended(engine: &Engine<World>, workflow: &str) -> Loaded {
    let workflow = id(workflow);
    let ended = engine.client().ended(&workflow);
    tokio::time::timeout(Duration::from_secs(200), ended).await.expect("it did not come to rest").unwrap()
}

pub async fn stop(engine: &Engine<World>) {
    engine.shutdown(Duration::from_secs(10)).await.unwrap();
}
