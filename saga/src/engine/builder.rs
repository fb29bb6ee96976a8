//! Putting an engine together.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::broadcast;

use super::Engine;
use super::config::Config;
use super::incarnation::{Body, Present};
#[cfg(feature = "testing")]
use super::interceptor::Interceptor;
use super::interceptor::Seam;
use super::mismatch;
use super::runtime::{Runtime, StoreTime, TokioRuntime};
use super::trigger::Rule;
use crate::definition::{Definition, PlanError, Start};
use crate::error::StepError;
use crate::id::DefinitionId;
use crate::seal::Sealer;
use crate::step::Signature;
use crate::store::{PublishedEvent, Store, StoreError};

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
    /// The saga has secrets and nobody could seal them.
    #[error("saga `{saga}` has secrets and the engine has no key: `Engine::builder(..).secrets(key)`")]
    NoKey {
        /// The saga.
        saga: String,
    },
    /// The saga's plan is wrong.
    #[error("saga `{saga}`: {error}")]
    Plan {
        /// The saga.
        saga: String,
        /// What is wrong.
        error: PlanError,
    },
    /// An event starts a saga that is not there.
    #[error(
        "event `{event}` starts saga `{saga}`, which is not registered: call `.saga({saga}::definition())`"
    )]
    NoSaga {
        /// The event's name.
        event: String,
        /// The saga.
        saga: String,
    },
    /// The store cannot remember which events start something.
    #[error("event `{event}` starts a saga, and this store knows no triggers")]
    NoTriggers {
        /// The event's name.
        event: String,
    },
    /// A span of time that nothing fits into.
    #[error("the configuration's `{field}` is zero: {why}")]
    NoTime {
        /// The field of [`Config`].
        field: &'static str,
        /// What it is needed for.
        why: &'static str,
    },
    /// The store cannot forget.
    #[error("the configuration says how long ended workflows are kept, and this store forgets none")]
    NoRetention,
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Builds an [`Engine`].
pub struct EngineBuilder<R> {
    resources: Arc<R>,
    store: Option<Arc<dyn Store>>,
    runtime: Option<Arc<dyn Runtime>>,
    definitions: Vec<Definition<R>>,
    rules: Vec<Rule>,
    sealer: Option<Arc<dyn Sealer>>,
    config: Config,
    seam: Seam,
}

impl<R: Send + Sync + 'static> EngineBuilder<R> {
    pub(super) fn new(resources: R) -> Self {
        Self::sharing(Arc::new(resources))
    }
    /// With what other engines have too: the lives of one process in a test.
    pub(crate) fn sharing(resources: Arc<R>) -> Self {
        Self {
            resources,
            store: None,
            runtime: None,
            definitions: vec![],
            rules: vec![],
            sealer: None,
            config: Config::default(),
            seam: Seam::default(),
        }
    }
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
    /// Events of this name start a workflow each: published from now on, by whatever process, with or without a
    /// worker. The closure makes the saga's start of the event; `None` passes it over, an error is logged and
    /// passes it over too. It must always say the same of the same event. The workflow belongs to the event's
    /// tenant, and its idempotency key is made of the event, so one event starts it once, whoever dies meanwhile.
    #[must_use]
    pub fn on_event<S: Signature>(
        mut self,
        event: &str,
        start: impl Fn(&PublishedEvent) -> Result<Option<Start<S>>, StepError> + Send + Sync + 'static,
    ) -> Self {
        self.rules.push(Rule::new(event, start));
        self
    }
    /// With what secret arguments, outputs and inputs are sealed. A saga that has some needs it.
    #[must_use]
    pub fn secrets(self, sealer: impl Sealer) -> Self {
        self.shared_secrets(Arc::new(sealer))
    }
    pub(crate) fn shared_secrets(self, sealer: Arc<dyn Sealer>) -> Self {
        Self { sealer: Some(sealer), ..self }
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
    /// Who sees every call of a step, and may answer in its place.
    #[cfg(feature = "testing")]
    pub(crate) fn interceptor(self, interceptor: Arc<dyn Interceptor>) -> Self {
        Self { seam: Seam { interceptor: Some(interceptor) }, ..self }
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
        let definitions = register(self.definitions, &*store, self.sealer.is_some())?;
        register_rules(&self.rules, &definitions, &*store).await?;
        let config = self.config;
        has_time(&config)?;
        if config.retention.is_wanted() && store.removals().is_none() {
            return Err(BuildError::NoRetention);
        }
        if cfg!(debug_assertions) {
            let plans = definitions.values().map(|definition| definition.plan());
            mismatch::warn_of_changed_expressions(&*store, plans).await;
        }
        let body = Body {
            resources: self.resources,
            store,
            time: Arc::new(StoreTime::new(runtime)),
            config,
            definitions,
            rules: self.rules.into(),
            sealer: self.sealer,
            events: broadcast::channel(1024).0,
            seam: self.seam,
        };
        Ok(Engine::new(Present::begin(body).await?))
    }
}

fn has_time(config: &Config) -> Result<(), BuildError> {
    let spans = [
        ("lease", config.lease, "this worker would be dead before its first heartbeat"),
        ("poll_interval", config.poll_interval, "it would look for work without a pause"),
        ("transaction_limit", config.transaction_limit, "no transactional step could end in time"),
    ];
    match spans.into_iter().find(|(_, span, _)| span.is_zero()) {
        Some((field, _, why)) => Err(BuildError::NoTime { field, why }),
        None => Ok(()),
    }
}

async fn register_rules<R>(
    rules: &[Rule],
    definitions: &BTreeMap<DefinitionId, Arc<Definition<R>>>,
    store: &dyn Store,
) -> Result<(), BuildError> {
    for Rule { trigger, saga, .. } in rules {
        let event = trigger.event.clone();
        if !definitions.keys().any(|id| *id.name == **saga) {
            return Err(BuildError::NoSaga { event, saga: (*saga).to_owned() });
        }
        let triggers = store.triggers().ok_or(BuildError::NoTriggers { event })?;
        triggers.register_triggers(vec![trigger.clone()]).await?;
    }
    Ok(())
}

fn register<R>(
    given: Vec<Definition<R>>,
    store: &dyn Store,
    has_key: bool,
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
        let saga = || id.name.to_string();
        if definition.plan().has_secrets() && !has_key {
            return Err(BuildError::NoKey { saga: saga() });
        }
        definition.plan().check_secrets().map_err(|error| BuildError::Plan { saga: saga(), error })?;
        definitions.insert(id, Arc::new(definition));
    }
    Ok(definitions)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::store::MemoryStore;

    #[tokio::test]
    async fn a_configuration_without_time_is_refused_by_the_fields_name() {
        let zero = Duration::ZERO;
        for (name, config) in [
            ("lease", Config { lease: zero, ..Config::default() }),
            ("poll_interval", Config { poll_interval: zero, ..Config::default() }),
            ("transaction_limit", Config { transaction_limit: zero, ..Config::default() }),
        ] {
            let refused = Engine::builder(()).store(MemoryStore::new()).config(config).build().await;
            assert!(matches!(refused, Err(BuildError::NoTime { field, .. }) if field == name), "{name}");
        }
    }
}
