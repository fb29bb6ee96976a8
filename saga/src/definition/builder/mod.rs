//! Building a definition by hand. `#[saga]` expands to calls of exactly these functions.

mod branches;
mod calls;
mod each;
mod sub;
mod time;
mod slip;
mod reach;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::code::{Code, Compute, Definition};
use super::lock::Lock;
use super::order::PlanError;
use super::plan::{Guard, Node, NodeId, OnFailure, Op, Plan, SubSaga};
use super::values::{Computed, Deps, Handle};
use crate::error::StepError;
use crate::id::DefinitionId;
use crate::json::Json;
use crate::step::{Data, Policy};

pub use branches::{Arms, Branches};
pub(super) use each::AT_ONCE;
pub use slip::Slip;
pub(crate) use time::Sleep;

/// Builds the definition of a saga with input `I` over resources `R`.
///
/// Calls are made in the order of the plan. Each takes the handles it reads as a tuple and a closure that
/// receives exactly their values; a closure cannot use a value that it does not depend on.
///
/// [`named`](Self::named), [`evaluated`](Self::evaluated), [`adjusted`](Self::adjusted) and
/// [`max_parallel`](Self::max_parallel) say something about the one call that follows.
pub struct SagaBuilder<R, I> {
    name: String,
    version: u32,
    nodes: Vec<Node>,
    steps: Vec<NodeId>,
    sub_sagas: Vec<SubSaga>,
    code: BTreeMap<NodeId, Code<R>>,
    frontier: Vec<NodeId>,
    guards: Vec<Guard>,
    /// How many `Branches` are begun and not ended.
    open_branches: usize,
    next: Next,
    /// The first thing that no plan may hold.
    refused: Option<PlanError>,
    on_failure: OnFailure,
    deadline: Option<Duration>,
    locks: Vec<Lock>,
    input_schema: Option<Arc<Value>>,
    expressions: BTreeMap<Arc<str>, u64>,
    of: PhantomData<fn(I)>,
}

type Adjust = Box<dyn FnOnce(&mut Policy)>;

/// What was said about the next call.
#[derive(Default)]
struct Next {
    label: Option<String>,
    evaluated: bool,
    disclosed: bool,
    adjust: Option<Adjust>,
    max_parallel: Option<u32>,
    expression: Option<u64>,
}

impl<R: Sync + 'static, I: 'static> SagaBuilder<R, I> {
    /// Begins a saga. Raise the version when the plan changes; running workflows keep theirs.
    pub fn new(name: &str, version: u32) -> Self {
        let input = Node {
            name: "input".into(),
            op: Op::Input,
            after: vec![],
            data: vec![],
            guards: vec![],
            within: None,
            secret: false,
            disclosed: false,
        };
        Self {
            name: name.to_owned(),
            version,
            nodes: vec![input],
            steps: vec![],
            sub_sagas: vec![],
            code: BTreeMap::new(),
            frontier: vec![NodeId(0)],
            guards: vec![],
            open_branches: 0,
            next: Next::default(),
            refused: None,
            on_failure: OnFailure::Backward,
            deadline: None,
            locks: vec![],
            input_schema: None,
            expressions: BTreeMap::new(),
            of: PhantomData,
        }
    }

    /// What the saga does when a required step has failed. Default: roll back.
    pub fn on_failure(&mut self, policy: OnFailure) -> &mut Self {
        self.on_failure = policy;
        self
    }

    /// Rolls a workflow back that takes longer than this.
    pub fn deadline(&mut self, deadline: Duration) -> &mut Self {
        self.deadline = Some(deadline);
        self
    }

    /// No two live workflows of a tenant share the value of this part of the input: `lock("onu",
    /// &["onu_serial"])`. It is taken at the start and held to the end. One that is `null` is not taken. An
    /// input without the field is not started, unless the [`input_schema`](Self::input_schema) says that it may be
    /// missing: a misspelt lock would exclude nobody. [`lock_on`](Self::lock_on) is checked by the compiler.
    pub fn lock(&mut self, name: &str, part: &[&str]) -> &mut Self {
        self.locks.push(Lock::of_part(name, part));
        self
    }

    /// The same of what is made of the input: `lock_on("onu", |order: Order| Some(order.onu_serial))`. `None` takes
    /// no lock.
    pub fn lock_on(
        &mut self,
        name: &str,
        value: impl Fn(I) -> Option<String> + Send + Sync + 'static,
    ) -> &mut Self
    where
        I: Data,
    {
        self.locks.push(Lock::of(name, value));
        self
    }

    /// The JSON Schema of the input, for whoever asks a person for it.
    pub fn input_schema(&mut self, schema: impl Into<Option<Value>>) -> &mut Self {
        self.input_schema = schema.into().map(Arc::new);
        self
    }

    /// The saga's input.
    pub fn input(&self) -> Handle<I>
    where
        I: Data,
    {
        Handle::new(NodeId(0))
    }

    /// Gives the next node the name of the variable that holds it, so that its place in the plan keeps its
    /// name when calls are put in before it.
    pub fn named(&mut self, variable: &str) -> &mut Self {
        self.next.label = Some(variable.to_owned());
        self
    }

    /// The closure of the next call computes, so it runs once, and what it gives is carried in the journal:
    /// clocks and random numbers are safe in it. Without this it may only project: paths, fields, borrows and
    /// literals, which give the same when they are read again.
    pub fn evaluated(&mut self) -> &mut Self {
        self.next.evaluated = true;
        self
    }

    /// What the closure of the next node is made of, as a number: another number under the same fingerprint is
    /// warned of when an engine is built. Before [`finish`](Self::finish) it is that of the output. `#[saga]` says
    /// it for every closure.
    pub fn expression(&mut self, hash: u64) -> &mut Self {
        self.next.expression = Some(hash);
        self
    }

    /// The saga's input is secret: it is sealed in the journal, and so is all that is computed from it.
    pub fn secret_input(&mut self) -> &mut Self {
        if let Some(input) = self.nodes.first_mut() {
            input.secret = true;
        }
        self
    }

    /// What the next call or value makes of secrets is none: it may be seen. (For a step: its arguments; for a saga:
    /// its output.) Before [`finish`](Self::finish): the output of this saga.
    pub fn disclosed(&mut self) -> &mut Self {
        self.next.disclosed = true;
        self
    }

    /// The next step is tried more or less patiently than it says itself. Not part of the fingerprint.
    pub fn adjusted(&mut self, change: impl FnOnce(&mut Policy) + 'static) -> &mut Self {
        self.next.adjust = Some(Box::new(change));
        self
    }

    fn unique_name(&mut self, base: &str) -> Arc<str> {
        self.check_label();
        let wanted = match self.next.label.take() {
            Some(label) if label != base => format!("{base}.{label}"),
            _ => base.to_owned(),
        };
        self.not_taken(wanted)
    }

    fn not_taken(&self, wanted: String) -> Arc<str> {
        let taken = |name: &str| self.nodes.iter().any(|n| &*n.name == name);
        let mut name = wanted.clone();
        let mut n = 2;
        while taken(&name) {
            name = format!("{wanted}#{n}");
            n += 1;
        }
        name.into()
    }

    fn push<T: Data>(&mut self, base: &str, op: Op, data: Vec<NodeId>) -> Handle<T> {
        Handle::new(self.place(base, op, data))
    }

    pub(super) fn place(&mut self, base: &str, op: Op, data: Vec<NodeId>) -> NodeId {
        let name = self.unique_name(base);
        self.check_words(&name);
        let id = self.next_id();
        if let Some(hash) = self.next.expression.take() {
            self.expressions.insert(Arc::clone(&name), hash);
        }
        let after = std::mem::replace(&mut self.frontier, vec![id]);
        let disclosed = std::mem::take(&mut self.next.disclosed);
        let guards = self.guards.clone();
        self.nodes.push(Node { name, op, after, data, guards, within: None, secret: false, disclosed });
        id
    }

    pub(super) fn next_id(&self) -> NodeId {
        NodeId(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX))
    }

    fn nodes_of<D: Deps>(deps: &D) -> Vec<NodeId> {
        let mut nodes = vec![];
        deps.nodes(&mut nodes);
        nodes.sort_unstable();
        nodes.dedup();
        nodes
    }

    fn compute<D: Deps, T: Serialize>(
        deps: D,
        f: impl Fn(D::Values) -> Result<T, StepError> + Send + Sync + 'static,
    ) -> Compute {
        Arc::new(move |values| Json::encode(&f(deps.load(values)?)?).map_err(StepError::permanent))
    }

    /// Computes a value once and journals it, so that clocks and random numbers are safe in it. An error
    /// rolls the saga back.
    pub fn value<T, D: Deps>(
        &mut self,
        name: &str,
        deps: D,
        f: impl Fn(D::Values) -> Result<T, StepError> + Send + Sync + 'static,
    ) -> Handle<T>
    where
        Result<T, StepError>: Computed<T>,
    {
        let compute: Compute = Arc::new(move |values| f(deps.load(values)?).journaled());
        let node = self.place_computed(name, Op::Value, Self::nodes_of(&deps), compute);
        <Result<T, StepError> as Computed<T>>::handle(node)
    }

    /// A node whose code gives its value.
    pub(super) fn place_computed(
        &mut self,
        base: &str,
        op: Op,
        data: Vec<NodeId>,
        compute: Compute,
    ) -> NodeId {
        let node = self.place(base, op, data);
        self.code.insert(node, Code::Compute(compute));
        node
    }

    /// Closes the saga with its output.
    ///
    /// # Errors
    /// [`PlanError`], the first one, when the plan's order is wrong or the builder was told what makes no plan: an
    /// `if` that is not closed, a value that is read where it may not be there, an option that is about nothing.
    pub fn finish<T: Data, D: Deps>(
        mut self,
        deps: D,
        output: impl Fn(D::Values) -> Result<T, StepError> + Send + Sync + 'static,
    ) -> Result<Definition<R>, PlanError> {
        self.check_whole();
        if let Some(refused) = self.refused.take() {
            return Err(refused);
        }
        let definition = self.finish_checked(deps, output);
        definition.plan.check_reach()?;
        definition.plan.check()?;
        Ok(definition)
    }

    /// [`finish`](Self::finish) for `#[saga]`: the compiler has checked the order, and names are unique by
    /// construction.
    #[doc(hidden)]
    pub fn finish_checked<T: Data, D: Deps>(
        self,
        deps: D,
        output: impl Fn(D::Values) -> Result<T, StepError> + Send + Sync + 'static,
    ) -> Definition<R> {
        self.close(Self::nodes_of(&deps), Self::compute(deps, output))
    }

    pub(super) fn close(mut self, reads: Vec<NodeId>, output: Compute) -> Definition<R> {
        if let Some(hash) = self.next.expression.take() {
            self.expressions.insert("output".into(), hash);
        }
        let mut plan = Plan {
            id: DefinitionId { name: self.name.into(), version: self.version, fingerprint: "".into() },
            nodes: self.nodes,
            steps: self.steps,
            output: reads,
            discloses_output: self.next.disclosed,
            sub_sagas: self.sub_sagas,
            on_failure: self.on_failure,
            deadline: self.deadline,
            locks: self.locks,
            input_schema: self.input_schema,
            expressions: self.expressions,
        };
        plan.spread_secrets();
        plan.id.fingerprint = plan.compute_fingerprint().into();
        Definition { plan: Arc::new(plan), code: self.code, output }
    }
}
