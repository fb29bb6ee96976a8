//! Building a definition by hand. `#[saga]` expands to calls of exactly these functions.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::code::{Code, Compute, Definition};
use super::plan::{Guard, Node, NodeId, OnFailure, Op, Plan, PlanError, StepNode};
use super::values::{Deps, Handle};
use crate::error::StepError;
use crate::id::DefinitionId;
use crate::json::Json;
use crate::step::{Args, Callable, Callee, Data, Signature};

/// Builds the definition of a saga with input `I` over resources `R`.
///
/// Calls are made in the order of the plan. Each takes the handles it reads as a tuple and a closure that
/// receives exactly their values; a closure cannot use a value that it does not depend on.
pub struct SagaBuilder<R, I> {
    name: String,
    version: u32,
    nodes: Vec<Node>,
    steps: Vec<NodeId>,
    code: BTreeMap<NodeId, Code<R>>,
    frontier: Vec<NodeId>,
    guards: Vec<Guard>,
    label: Option<String>,
    on_failure: OnFailure,
    deadline: Option<Duration>,
    of: PhantomData<fn(I)>,
}

/// An `if` that is being built.
#[must_use = "close it with `end_if`"]
pub struct Condition {
    guard: NodeId,
    from: Vec<NodeId>,
    then_end: Vec<NodeId>,
}

/// Parallel branches that are being built.
#[must_use = "close it with `end_branches`"]
pub struct Branches {
    from: Vec<NodeId>,
    ends: Vec<NodeId>,
}

impl<R: Sync + 'static, I: Data> SagaBuilder<R, I> {
    /// Begins a saga. Raise the version when the plan changes; running workflows keep theirs.
    pub fn new(name: &str, version: u32) -> Self {
        let input = Node { name: "input".into(), op: Op::Input, after: vec![], data: vec![], guards: vec![] };
        Self {
            name: name.to_owned(),
            version,
            nodes: vec![input],
            steps: vec![],
            code: BTreeMap::new(),
            frontier: vec![NodeId(0)],
            guards: vec![],
            label: None,
            on_failure: OnFailure::Backward,
            deadline: None,
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

    /// The saga's input.
    pub fn input(&self) -> Handle<I> {
        Handle::new(NodeId(0))
    }

    /// Gives the next node the name of the variable that holds it, so that its place in the plan keeps its
    /// name when calls are put in before it.
    pub fn named(&mut self, variable: &str) -> &mut Self {
        self.label = Some(variable.to_owned());
        self
    }

    fn unique_name(&mut self, base: &str) -> Arc<str> {
        let wanted = match self.label.take() {
            Some(label) if label != base => format!("{base}.{label}"),
            _ => base.to_owned(),
        };
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

    fn place(&mut self, base: &str, op: Op, data: Vec<NodeId>) -> NodeId {
        let name = self.unique_name(base);
        let id = NodeId(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
        let after = std::mem::replace(&mut self.frontier, vec![id]);
        self.nodes.push(Node { name, op, after, data, guards: self.guards.clone() });
        id
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

    fn step<C: Callable<R> + Signature, T: Data, D: Deps>(
        &mut self,
        deps: D,
        tolerated: bool,
        evaluated: bool,
        args: impl Fn(D::Values) -> Result<Args<C>, StepError> + Send + Sync + 'static,
    ) -> Handle<T> {
        let meta = C::META;
        let op = Op::Step(Arc::new(StepNode {
            step_order: u32::try_from(self.steps.len()).unwrap_or(u32::MAX),
            step_name: meta.name.into(),
            system: meta.system.map(Into::into),
            class: meta.class,
            if_unknown: meta.if_unknown,
            late_safe: meta.late_safe,
            transactional: meta.transactional,
            tolerated,
            evaluated,
            policy: meta.policy,
        }));
        let handle = self.push::<T>(meta.name, op, Self::nodes_of(&deps));
        self.steps.push(handle.node);
        let args: Compute = Arc::new(move |values| Ok(args(deps.load(values)?)?.0));
        // A saga as callee comes with the language of sub-sagas.
        let Callee::Step(step) = C::erased() else { return handle };
        self.code.insert(handle.node, Code::Step { step, args });
        handle
    }

    /// Calls step `C`; its failure rolls the saga back. The closure may only project: paths, fields, borrows
    /// and literals. Use [`call_evaluated`](Self::call_evaluated) for anything that could answer differently
    /// a second time.
    pub fn call<C: Callable<R> + Signature, D: Deps>(
        &mut self,
        deps: D,
        args: impl Fn(D::Values) -> Result<Args<C>, StepError> + Send + Sync + 'static,
    ) -> Handle<C::Output> {
        self.step(deps, false, false, args)
    }

    /// Like [`call`](Self::call), for arguments that are computed: the closure runs once, and what it gives is
    /// carried in the journal. Clocks and random numbers are safe in it.
    pub fn call_evaluated<C: Callable<R> + Signature, D: Deps>(
        &mut self,
        deps: D,
        args: impl Fn(D::Values) -> Result<Args<C>, StepError> + Send + Sync + 'static,
    ) -> Handle<C::Output> {
        self.step(deps, false, true, args)
    }

    /// Calls step `C`; when it fails its effect is undone at once, and the saga goes on with `None`.
    pub fn call_tolerated<C: Callable<R> + Signature, D: Deps>(
        &mut self,
        deps: D,
        args: impl Fn(D::Values) -> Result<Args<C>, StepError> + Send + Sync + 'static,
    ) -> Handle<Option<C::Output>> {
        self.step(deps, true, false, args)
    }

    /// [`call_tolerated`](Self::call_tolerated) with arguments that are computed once and journaled.
    pub fn call_tolerated_evaluated<C: Callable<R> + Signature, D: Deps>(
        &mut self,
        deps: D,
        args: impl Fn(D::Values) -> Result<Args<C>, StepError> + Send + Sync + 'static,
    ) -> Handle<Option<C::Output>> {
        self.step(deps, true, true, args)
    }

    /// Computes a value once and journals it, so that clocks and random numbers are safe in it. An error
    /// rolls the saga back.
    pub fn value<T: Data, D: Deps>(
        &mut self,
        name: &str,
        deps: D,
        f: impl Fn(D::Values) -> Result<T, StepError> + Send + Sync + 'static,
    ) -> Handle<T> {
        let handle = self.push(name, Op::Value, Self::nodes_of(&deps));
        self.code.insert(handle.node, Code::Compute(Self::compute(deps, f)));
        handle
    }

    /// `if condition { then } else { otherwise }`; both arms give the same type.
    pub fn if_else<T: Data, D: Deps>(
        &mut self,
        deps: D,
        condition: impl Fn(D::Values) -> Result<bool, StepError> + Send + Sync + 'static,
        then: impl FnOnce(&mut Self) -> Handle<T>,
        otherwise: impl FnOnce(&mut Self) -> Handle<T>,
    ) -> Handle<T> {
        let mut arms = self.begin_if("if", deps, condition);
        let a = then(self);
        self.begin_else(&mut arms);
        let b = otherwise(self);
        self.end_if(arms, a, b)
    }

    /// A step that runs only if `condition` holds; gives an `Option`.
    pub fn call_if<C: Callable<R> + Signature, D: Deps>(
        &mut self,
        deps: D,
        condition: impl Fn(D::Values) -> bool + Send + Sync + 'static,
        args: impl Fn(D::Values) -> Result<Args<C>, StepError> + Send + Sync + 'static,
    ) -> Handle<Option<C::Output>> {
        let label = self.label.take();
        let mut arms = self.begin_if("if", deps, move |v| Ok(condition(v)));
        self.label = label;
        let value = self.call::<C, D>(deps, args);
        self.begin_else(&mut arms);
        self.end_when(arms, value)
    }

    /// Two branches that run side by side (nest for more).
    pub fn join<A, B>(&mut self, a: impl FnOnce(&mut Self) -> A, b: impl FnOnce(&mut Self) -> B) -> (A, B) {
        let mut branches = self.begin_branches();
        self.begin_branch(&mut branches);
        let x = a(self);
        self.begin_branch(&mut branches);
        let y = b(self);
        self.end_branches(branches);
        (x, y)
    }

    /// Opens the first arm of an `if`. `name` is how the condition is shown to people.
    pub fn begin_if<D: Deps>(
        &mut self,
        name: &str,
        deps: D,
        condition: impl Fn(D::Values) -> Result<bool, StepError> + Send + Sync + 'static,
    ) -> Condition {
        let label = self.label.take();
        let handle: Handle<bool> = self.push(name, Op::Condition, Self::nodes_of(&deps));
        self.label = label;
        self.code.insert(handle.node, Code::Compute(Self::compute(deps, condition)));
        self.guards.push(Guard { condition: handle.node, value: true });
        Condition { guard: handle.node, from: self.frontier.clone(), then_end: vec![] }
    }

    /// Closes the first arm and opens the other one.
    pub fn begin_else(&mut self, condition: &mut Condition) {
        condition.then_end = std::mem::replace(&mut self.frontier, condition.from.clone());
        if let Some(guard) = self.guards.last_mut() {
            guard.value = false;
        }
    }

    /// Closes the `if`; its value is that of the arm that ran.
    pub fn end_if<T>(&mut self, condition: Condition, then: Handle<T>, otherwise: Handle<T>) -> Handle<T> {
        let guard = condition.guard;
        self.end_arms(condition);
        let op = Op::Select { condition: guard, then: then.node, otherwise: otherwise.node };
        then.like(self.place("select", op, vec![then.node, otherwise.node]))
    }

    /// Closes an `if` whose other arm is empty: `Some` of the first arm's value, or `None`.
    pub fn end_when<T: Data>(&mut self, condition: Condition, then: Handle<T>) -> Handle<Option<T>> {
        // The value of a skipped node reads as `null`, which is `None`; so the node stands for both arms.
        self.end_if(condition, Handle::new(then.node), Handle::new(then.node))
    }

    /// Closes an `if` whose arms give no value.
    pub fn end_arms(&mut self, condition: Condition) {
        self.guards.pop();
        self.frontier.extend(condition.then_end);
        self.frontier.sort_unstable();
        self.frontier.dedup();
    }

    /// Opens branches that run side by side.
    pub fn begin_branches(&mut self) -> Branches {
        Branches { from: self.frontier.clone(), ends: vec![] }
    }

    /// Closes the branch before, if there is one, and opens the next.
    pub fn begin_branch(&mut self, branches: &mut Branches) {
        let end = std::mem::replace(&mut self.frontier, branches.from.clone());
        if end != branches.from {
            branches.ends.extend(end);
        }
    }

    /// Closes the last branch; what follows waits for all of them.
    pub fn end_branches(&mut self, branches: Branches) {
        self.frontier.extend(branches.ends);
        self.frontier.sort_unstable();
        self.frontier.dedup();
    }

    /// Closes the saga with its output.
    ///
    /// # Errors
    /// [`PlanError`] when the plan's order is wrong.
    pub fn finish<T: Data, D: Deps>(
        self,
        deps: D,
        output: impl Fn(D::Values) -> Result<T, StepError> + Send + Sync + 'static,
    ) -> Result<Definition<R>, PlanError> {
        let definition = self.finish_checked(deps, output);
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
        let mut plan = Plan {
            id: DefinitionId { name: self.name.into(), version: self.version, fingerprint: "".into() },
            nodes: self.nodes,
            steps: self.steps,
            output: Self::nodes_of(&deps),
            on_failure: self.on_failure,
            deadline: self.deadline,
        };
        plan.id.fingerprint = plan.compute_fingerprint().into();
        Definition {
            plan: Arc::new(plan),
            code: self.code,
            output: Self::compute(deps, output),
            _input: PhantomData,
        }
    }
}
