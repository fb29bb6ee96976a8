//! The steps and sagas that a JSON definition can name.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::code::Definition;
use super::json::{self, LoadError};
use crate::step::{Callable, Callee, ErasedStep, Meta, Signature, StepSchema};

/// The steps and sagas that a JSON definition can name. What is not in it cannot be called, whatever the JSON
/// says.
///
/// ```text
/// StepRegistry::<Isp>::default().with::<create_customer>().with::<allocate_ip>().load(json)?
/// ```
pub struct StepRegistry<R> {
    entries: BTreeMap<Arc<str>, Entry<R>>,
    twice: Vec<Arc<str>>,
}

/// What can be called.
pub(super) struct Entry<R> {
    pub(super) callee: Called<R>,
    pub(super) params: &'static [&'static str],
    pub(super) schema: StepSchema,
}

pub(super) enum Called<R> {
    Step(&'static Meta, ErasedStep<R>),
    Saga(Arc<Definition<R>>),
}

impl<R> Default for StepRegistry<R> {
    fn default() -> Self {
        Self { entries: BTreeMap::new(), twice: vec![] }
    }
}

impl<R: Sync + 'static> StepRegistry<R> {
    /// Adds a step, or a saga that is to be called like one.
    #[must_use]
    pub fn with<C: Callable<R> + Signature>(self) -> Self {
        let callee = match C::erased() {
            Callee::Step(step) => Called::Step(C::META, step),
            Callee::Saga(saga) => Called::Saga(saga),
        };
        let schema = C::schema();
        self.add(C::META.name.into(), Entry { callee, params: C::META.params, schema })
    }

    /// Adds a saga that was made by hand or loaded, so that others can call it.
    #[must_use]
    pub fn with_saga(self, saga: Definition<R>) -> Self {
        let name = Arc::clone(&saga.id().name);
        let input = saga.plan().input_schema().cloned();
        let schema = StepSchema::default().with("input", input);
        self.add(name, Entry { callee: Called::Saga(Arc::new(saga)), params: &["input"], schema })
    }

    fn add(mut self, name: Arc<str>, entry: Entry<R>) -> Self {
        if self.entries.insert(Arc::clone(&name), entry).is_some() {
            self.twice.push(name);
        }
        self
    }

    /// What can be called by its name: for a form that lets a person choose.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(|name| &**name)
    }

    /// The step of that name, without its code.
    pub fn step(&self, name: &str) -> Option<&'static Meta> {
        self.entries.get(name).and_then(|entry| match &entry.callee {
            Called::Step(meta, _) => Some(*meta),
            Called::Saga(_) => None,
        })
    }

    /// The JSON Schemas of a step or saga, as far as they are known: with the feature `schema`, those of types
    /// that implement `schemars::JsonSchema`.
    pub fn schema(&self, name: &str) -> Option<&StepSchema> {
        self.entries.get(name).map(|entry| &entry.schema)
    }

    /// Reads a saga from JSON. What the text may hold is described at [`definition::json`](super::json).
    ///
    /// # Errors
    /// Everything that is wrong with it, each with its place.
    pub fn load(&self, text: &str) -> Result<Definition<R>, LoadError> {
        json::load(self, text)
    }

    pub(super) fn entry(&self, name: &str) -> Option<&Entry<R>> {
        self.entries.get(name)
    }
    /// The names that were given twice.
    pub(super) fn twice(&self) -> &[Arc<str>] {
        &self.twice
    }
}
