//! Ways that part and meet again: `if`, `match`, and branches side by side.

use std::sync::Arc;

use super::{Next, SagaBuilder, Slip};
use crate::definition::code::{Code, Compute};
use crate::definition::plan::{Guard, NodeId, Op};
use crate::definition::values::{Deps, Handle};
use crate::error::StepError;
use crate::json::Json;
use crate::step::{Args, Callable, Data, Signature};

/// An `if` or a `match` that is being built: one arm is open, others may be closed.
#[must_use = "close it with `end_if`, `end_match`, `end_when` or `end_arms`"]
pub struct Arms {
    pub(super) condition: NodeId,
    from: Vec<NodeId>,
    /// The values of the arms so far; the last one is open.
    pub(super) values: Vec<Arc<str>>,
    ends: Vec<NodeId>,
    /// Do its answers name arms? Then one of them has to run if a value is asked for.
    exhaustive: bool,
}

/// Parallel branches that are being built.
#[must_use = "close it with `end_branches`"]
pub struct Branches {
    from: Vec<NodeId>,
    ends: Vec<NodeId>,
}

impl<R: Sync + 'static, I: 'static> SagaBuilder<R, I> {
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
        let next = std::mem::take(&mut self.next);
        let mut arms = self.begin_if("if", deps, move |v| Ok(condition(v)));
        self.next = next;
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
    ) -> Arms {
        let mut arms = self.decide(name, deps, condition);
        self.open(&mut arms, "true".into());
        arms
    }

    /// Closes the first arm of an `if` and opens the other one.
    pub fn begin_else(&mut self, arms: &mut Arms) {
        self.open(arms, "false".into());
    }

    /// Begins a `match`, whose arms follow. The closure answers with the name of one of them, which is
    /// journaled. An answer that names none skips them all, and fails the saga where they give a value.
    pub fn begin_match<D: Deps>(
        &mut self,
        name: &str,
        deps: D,
        arm: impl Fn(D::Values) -> Result<&'static str, StepError> + Send + Sync + 'static,
    ) -> Arms {
        Arms { exhaustive: true, ..self.decide(name, deps, arm) }
    }

    /// Closes the arm before, if there is one, and opens the one of this name.
    pub fn begin_arm(&mut self, arms: &mut Arms, name: &str) {
        let name = Json::encode(&name).unwrap_or_else(|_| Json::null());
        self.open(arms, name.as_str().into());
    }

    fn decide<D: Deps, T: serde::Serialize>(
        &mut self,
        name: &str,
        deps: D,
        condition: impl Fn(D::Values) -> Result<T, StepError> + Send + Sync + 'static,
    ) -> Arms {
        self.part(name, Self::nodes_of(&deps), Self::compute(deps, condition))
    }

    /// A condition, and no arm yet.
    pub(in crate::definition) fn part(&mut self, name: &str, data: Vec<NodeId>, condition: Compute) -> Arms {
        let next = std::mem::take(&mut self.next);
        self.next.expression = next.expression;
        let node = self.place(name, Op::Condition, data);
        self.next = Next { expression: None, ..next };
        self.code.insert(node, Code::Compute(condition));
        Arms { condition: node, from: self.frontier.clone(), values: vec![], ends: vec![], exhaustive: false }
    }

    pub(in crate::definition) fn open(&mut self, arms: &mut Arms, value: Arc<str>) {
        self.check_arm(arms, &value);
        if !arms.values.is_empty() {
            arms.ends.extend(std::mem::replace(&mut self.frontier, arms.from.clone()));
            self.guards.pop();
        }
        self.guards.push(Guard { condition: arms.condition, value: Arc::clone(&value) });
        arms.values.push(value);
    }

    /// Closes the `if`; its value is that of the arm that ran.
    pub fn end_if<T>(&mut self, arms: Arms, then: Handle<T>, otherwise: Handle<T>) -> Handle<T> {
        if then.node == otherwise.node {
            self.refuse(Slip::OneValueForTwoArms { condition: self.name_of(arms.condition) });
        }
        self.select(arms, then, &[then.node, otherwise.node])
    }

    /// Closes an `if` whose other arm, opened with [`begin_else`](Self::begin_else), is empty: `Some` of the first arm's
    /// value, or `None`.
    pub fn end_when<T: Data>(&mut self, arms: Arms, then: Handle<T>) -> Handle<Option<T>> {
        // The value of a skipped node reads as `null`, which is `None`; so the node stands for both arms.
        self.select(arms, Handle::new(then.node), &[then.node, then.node])
    }

    /// Closes a `match`; its value is that of the arm that ran. `first` is the first arm's value, `others` are
    /// those of the others in their order.
    pub fn end_match<T>(&mut self, arms: Arms, first: Handle<T>, others: &[Handle<T>]) -> Handle<T> {
        if arms.exhaustive {
            self.exhaust(&arms);
        }
        let nodes: Vec<_> = std::iter::once(&first).chain(others).map(|handle| handle.node).collect();
        self.select(arms, first, &nodes)
    }

    fn select<T>(&mut self, arms: Arms, like: Handle<T>, nodes: &[NodeId]) -> Handle<T> {
        let condition = arms.condition;
        let values = arms.values.clone();
        if values.len() != nodes.len() {
            let condition = self.name_of(condition);
            self.refuse(Slip::ValuesOfArms { condition, arms: values.len(), values: nodes.len() });
        }
        self.end_arms(arms);
        let mut data = nodes.to_vec();
        data.sort_unstable();
        data.dedup();
        self.next.expression = None;
        let arms = values.into_iter().zip(nodes.iter().copied()).collect();
        like.like(self.place("select", Op::Select { condition, arms }, data))
    }

    /// Closes an `if` or `match` whose arms give no value.
    pub fn end_arms(&mut self, arms: Arms) {
        self.check_nesting(&arms);
        if !arms.values.is_empty() {
            self.guards.pop();
        }
        self.frontier.extend(arms.ends);
        self.frontier.sort_unstable();
        self.frontier.dedup();
    }

    /// An answer that names no arm would skip them all, and leave whoever reads their value with nothing.
    fn exhaust(&mut self, arms: &Arms) {
        let name = self.name_of(arms.condition);
        let Some(Code::Compute(choose)) = self.code.get_mut(&arms.condition) else { return };
        let (inner, known) = (Arc::clone(choose), arms.values.clone());
        *choose = Arc::new(move |values| {
            let arm = inner(values)?;
            if known.iter().any(|known| **known == *arm.as_str()) {
                return Ok(arm);
            }
            let (arm, known) = (arm.as_str(), known.join(", "));
            Err(StepError::permanent(format!("`{name}` has no arm {arm}: its arms are {known}")))
        });
    }

    /// Opens branches that run side by side.
    pub fn begin_branches(&mut self) -> Branches {
        self.open_branches += 1;
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
        self.open_branches = self.open_branches.saturating_sub(1);
        self.frontier.extend(branches.ends);
        self.frontier.sort_unstable();
        self.frontier.dedup();
    }
}
