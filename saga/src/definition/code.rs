//! The code behind a plan: erased steps and closures. Only the engine calls it.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use serde::Serialize;

use super::plan::{NodeId, Plan};
use super::values::Values;
use crate::error::StepError;
use crate::id::DefinitionId;
use crate::json::{Json, JsonError};
use crate::step::{ErasedStep, Policy};

/// Computes a journaled value from other journaled values.
pub(crate) type Compute = Arc<dyn Fn(Values<'_>) -> Result<Json, StepError> + Send + Sync>;

/// The code of one node.
pub(crate) enum Code<R> {
    /// A step, and how its arguments are made.
    Step { step: ErasedStep<R>, args: Compute },
    /// An expression.
    Compute(Compute),
}

/// A saga: its plan, and the code that belongs to it, over resources `R`.
pub struct Definition<R> {
    pub(super) plan: Arc<Plan>,
    pub(super) code: BTreeMap<NodeId, Code<R>>,
    pub(super) output: Compute,
}

impl<R> Definition<R> {
    /// The plan.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }
    /// Name, version and fingerprint.
    pub fn id(&self) -> &DefinitionId {
        self.plan.id()
    }
    /// How many steps it has; known before the first run.
    pub fn total_steps(&self) -> u32 {
        self.plan.total_steps()
    }
    /// The plan as a Mermaid flow chart.
    pub fn mermaid(&self) -> String {
        self.plan.mermaid()
    }
    /// The plan as a DOT graph, for Graphviz.
    pub fn dot(&self) -> String {
        self.plan.dot()
    }
    /// The plan for people to read.
    pub fn outline(&self) -> String {
        self.plan.outline()
    }
    /// Changes how patiently steps are tried, by step name; for values that come from a configuration.
    /// The fingerprint does not change.
    #[must_use]
    pub fn with_policies(mut self, change: impl Fn(&str, &mut Policy)) -> Self {
        Arc::make_mut(&mut self.plan).adjust(&change);
        self
    }

    pub(crate) fn code(&self, node: NodeId) -> Option<&Code<R>> {
        self.code.get(&node)
    }
    pub(crate) fn result(&self) -> Compute {
        Arc::clone(&self.output)
    }
    pub(crate) fn output(&self, values: Values<'_>) -> Result<Json, StepError> {
        (self.output)(values)
    }
}

impl<R> fmt::Debug for Definition<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Definition({})", self.id())
    }
}

/// A request to start saga `S`: what calling the saga's function gives.
pub struct Start<S> {
    pub(crate) input: Result<Json, JsonError>,
    /// Keys that no two live workflows share.
    pub(crate) exclusion: Vec<String>,
    of: PhantomData<fn() -> S>,
}

impl<S> Start<S> {
    /// Takes the saga's input.
    pub fn new<I: Serialize + ?Sized>(input: &I) -> Self {
        Self { input: Json::encode(input), exclusion: vec![], of: PhantomData }
    }
    #[cfg(feature = "testing")]
    pub(crate) fn again(input: Result<Json, JsonError>, exclusion: Vec<String>) -> Self {
        Self { input, exclusion, of: PhantomData }
    }
    /// No two live workflows of a tenant share such a key. `#[saga(locks(..))]` says it for all starts of a saga.
    #[must_use]
    pub fn exclusive(mut self, key: impl Into<String>) -> Self {
        self.exclusion.push(key.into());
        self
    }
}
