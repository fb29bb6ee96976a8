//! Putting an engine together, and stopping it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, Semaphore, broadcast};

use super::client::Client;
use super::driver::Mail;
use super::events::EventStream;
use super::journal::Journal;
use super::live::LiveSet;
use super::runtime::{Runtime, TokioRuntime};
use super::shared::{Shared, State, fence};
use super::worker;
use crate::definition::Definition;
use crate::id::DefinitionId;
use crate::machine::Settings;
use crate::store::{Join, Store, StoreError};

/// What an engine can be told. Every field has a default.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// For people: who this worker is.
    pub name: String,
    /// How many workflows run in this process at once; further starts are refused as busy, further work is
    /// left to others.
    pub max_live: usize,
    /// How often mail and work are looked for when nothing hints at them.
    pub poll_interval: Duration,
    /// How long this worker may be silent before others take over (on stores that several processes share).
    pub lease: Duration,
    /// A step that runs longer than this is shown as running in the journal too.
    pub show_running_after: Duration,
    /// How long a transactional step may hold the store's transaction.
    pub transaction_limit: Duration,
    /// How many operator retries a workflow gets without force.
    pub max_retries: u32,
    /// What the machine goes by.
    #[serde(skip)]
    pub machine: Settings,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            name: format!("process {}", std::process::id()),
            max_live: 10_000,
            poll_interval: Duration::from_secs(1),
            lease: Duration::from_secs(10),
            show_running_after: Duration::from_millis(200),
            transaction_limit: Duration::from_millis(250),
            max_retries: 3,
            machine: Settings::default(),
        }
    }
}

/// Why an engine cannot be built.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum BuildError {
    /// No store was given.
    #[error("an engine needs a store: call `.store(..)`, for example with `MemoryStore::new()`")]
    NoStore,
    /// It was built outside of an async runtime.
    #[error("an engine is built inside of a tokio runtime, or with a `.runtime(..)` of its own")]
    NoRuntime,
    /// Two plans under one name and version.
    #[error(
        "`{name}` version {version} was registered twice with different plans; raise the version of the newer one"
    )]
    TwoPlans {
        /// The saga.
        name: String,
        /// The version.
        version: u32,
    },
    /// The saga needs transactions and the store has none.
    #[error("saga `{saga}` has transactional steps (`{step}`), and this store lends no transactions")]
    NoTransactions {
        /// The saga.
        saga: String,
        /// One such step.
        step: String,
    },
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Builds an [`Engine`].
pub struct EngineBuilder<R> {
    resources: R,
    store: Option<Arc<dyn Store>>,
    runtime: Option<Arc<dyn Runtime>>,
    definitions: Vec<Definition<R>>,
    config: Config,
}

impl<R: Send + Sync + 'static> EngineBuilder<R> {
    /// Where workflows are kept.
    #[must_use]
    pub fn store(self, store: impl Store) -> Self {
        self.shared_store(Arc::new(store))
    }
    /// Where workflows are kept, for stores that are chosen when the program runs.
    #[must_use]
    pub fn shared_store(self, store: Arc<dyn Store>) -> Self {
        Self { store: Some(store), ..self }
    }
    /// Registers a saga. Several versions of one saga may stand side by side; new workflows get the highest.
    #[must_use]
    pub fn saga(mut self, definition: Definition<R>) -> Self {
        self.definitions.push(definition);
        self
    }
    /// Changes the defaults.
    #[must_use]
    pub fn config(self, config: Config) -> Self {
        Self { config, ..self }
    }
    /// Another world of time, tasks and chance than tokio's.
    #[must_use]
    pub fn runtime(self, runtime: Arc<dyn Runtime>) -> Self {
        Self { runtime: Some(runtime), ..self }
    }

    /// Joins the store, takes over what a former life of this process left behind, and begins to work.
    ///
    /// # Errors
    /// [`BuildError`].
    pub async fn build(self) -> Result<Engine<R>, BuildError> {
        let store = self.store.ok_or(BuildError::NoStore)?;
        let runtime = match self.runtime {
            Some(runtime) => runtime,
            None => Arc::new(TokioRuntime::current().ok_or(BuildError::NoRuntime)?),
        };
        let definitions = register(self.definitions, &*store)?;
        let config = self.config;
        let join = Join {
            name: config.name.clone(),
            definitions: definitions.keys().cloned().collect(),
            plans: definitions.values().map(|d| (d.id().clone(), d.plan().describe())).collect(),
            lease: config.lease,
        };
        let joining = runtime.uptime();
        let registration = store.join(join).await?;
        let (state, wake) = (Arc::new(State::default()), Arc::new(Notify::new()));
        state.lease.store(worker::micros(joining + config.lease), Ordering::Release);
        let on_fence = (Arc::clone(&state), Arc::clone(&wake));
        let journal =
            Journal::open(Arc::clone(&store), registration.worker, Arc::clone(&runtime), move || {
                fence(&on_fence.0, &on_fence.1);
            });
        let shared = Arc::new(Shared {
            resources: Arc::new(self.resources),
            store,
            runtime,
            config,
            definitions,
            worker: registration.worker,
            leased: registration.leased,
            journal,
            live: LiveSet::default(),
            events: broadcast::channel(1024).0,
            wake,
            suspects: Arc::new(Semaphore::new(1)),
            state,
        });
        shared.runtime.spawn(Box::pin(worker::run(Arc::clone(&shared))));
        Ok(Engine { client: Client::of(&shared), shared })
    }
}

fn register<R>(
    given: Vec<Definition<R>>,
    store: &dyn Store,
) -> Result<BTreeMap<DefinitionId, Arc<Definition<R>>>, BuildError> {
    let mut definitions: BTreeMap<DefinitionId, Arc<Definition<R>>> = BTreeMap::new();
    for definition in given {
        let id = definition.id().clone();
        let twin =
            |other: &DefinitionId| (&other.name, other.version) == (&id.name, id.version) && *other != id;
        if definitions.keys().any(twin) {
            return Err(BuildError::TwoPlans { name: id.name.to_string(), version: id.version });
        }
        let transactional = definition.plan().steps().find(|(_, _, s)| s.transactional);
        if let (Some((_, _, step)), None) = (transactional, store.transactions()) {
            return Err(BuildError::NoTransactions {
                saga: id.name.to_string(),
                step: step.step_name.to_string(),
            });
        }
        definitions.insert(id, Arc::new(definition));
    }
    Ok(definitions)
}

/// Runs workflows. Dropping it stops nothing: call [`shutdown`](Self::shutdown).
pub struct Engine<R> {
    shared: Arc<Shared<R>>,
    client: Client,
}

impl<R: Send + Sync + 'static> Engine<R> {
    /// Begins to put an engine together around what its steps need.
    pub fn builder(resources: R) -> EngineBuilder<R> {
        EngineBuilder {
            resources,
            store: None,
            runtime: None,
            definitions: vec![],
            config: Config::default(),
        }
    }

    /// Starts workflows, asks after them, and does what operators do. Cheap to clone.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// What the steps are given.
    pub fn resources(&self) -> &R {
        &self.shared.resources
    }

    /// What happens in this process from now on.
    pub fn events(&self) -> EventStream {
        EventStream(self.shared.events.subscribe())
    }

    /// Has this worker been declared dead?
    pub fn is_fenced(&self) -> bool {
        self.shared.state.fenced.load(Ordering::Acquire)
    }

    /// Starts nothing more, lets attempts end within `grace`, releases all workflows so that another process
    /// (or the next life of this one) goes on with them, and leaves the store.
    ///
    /// # Errors
    /// When the store cannot be told; the workflows are then taken over as after a crash.
    pub async fn shutdown(&self, grace: Duration) -> Result<(), StoreError> {
        self.shared.state.stopping.store(true, Ordering::Release);
        self.tell_all(|| Mail::Drain);
        if !self.emptied_within(grace).await {
            self.tell_all(|| Mail::Abandon);
            self.emptied_within(self.shared.config.lease).await;
        }
        self.shared.wake.notify_one();
        self.shared.store.leave(self.shared.worker).await
    }

    fn tell_all(&self, mail: impl Fn() -> Mail) {
        for live in self.shared.live.all() {
            // A workflow that has just ended needs no mail.
            let _ = live.mail.send(mail());
        }
    }

    async fn emptied_within(&self, limit: Duration) -> bool {
        let deadline = self.shared.runtime.uptime() + limit;
        while self.shared.live.len() > 0 && !self.is_fenced() {
            if self.shared.runtime.uptime() >= deadline {
                return false;
            }
            self.shared.runtime.sleep(Duration::from_millis(5)).await;
        }
        true
    }
}
