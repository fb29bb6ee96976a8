//! The plan: nodes and edges as plain data. All that the machine sees of a saga. (Its locks are closures, which nobody asks but
//! a start.)

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::lock::Lock;
use super::schema::Schema;
use super::shape::{self, Shape};
use crate::id::DefinitionId;
use crate::step::{Class, IfUnknown, Policy};

/// The place of a node in its plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NodeId(pub u32);

/// A node runs only if the condition has this value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guard {
    /// The condition.
    pub condition: NodeId,
    /// The arm, as the journal holds it: `true` and `false` of an `if`, the quoted pattern of a `match`.
    pub value: Arc<str>,
}

/// What a saga does when a required step has failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// Roll back.
    #[default]
    Backward,
    /// Keep what is done, stop as `failed`, and wait for an operator's retry from the failed step.
    Park,
}

/// What becomes of the saga when a call has failed for good.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IfFailed {
    /// `.await?`: the saga fails too.
    #[default]
    Fail,
    /// `.await.ok()`: what it left is undone at once, and the saga goes on with `None`.
    GoOn,
    /// `let r = step(..).await;`: what it left is undone at once, and the saga goes on with the
    /// [`Failure`](crate::Failure), to decide on.
    Decide,
}

/// The call of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepNode {
    /// Its number among the plan's steps, from 0.
    pub step_order: u32,
    /// The step's name.
    pub step_name: Arc<str>,
    /// The system on which it acts.
    pub system: Option<Arc<str>>,
    /// How it can be taken back.
    pub class: Class,
    /// What is done about an unknown outcome.
    pub if_unknown: IfUnknown,
    /// Are late duplicates harmless at its system?
    pub late_safe: bool,
    /// Does it work in a transaction of the engine's own database?
    pub transactional: bool,
    /// What becomes of the saga when it fails.
    pub if_failed: IfFailed,
    /// Is it called once for each of several items, whose number is known only when the workflow runs? Then so
    /// many of them at once, at most.
    pub each: Option<u32>,
    /// Are its arguments computed by code that may answer differently when it runs again? Then they are
    /// evaluated once and carried in the journal. Plain projections of journaled values are not.
    pub evaluated: bool,
    /// Are its arguments as a whole secret, because they are made of something that is?
    pub sealed: bool,
    /// The arguments that are secret in any case.
    pub secrets: Vec<Arc<str>>,
    /// How patiently it is tried.
    pub policy: Policy,
}

impl StepNode {
    /// Is anything secret about its arguments?
    pub fn is_secret(&self) -> bool {
        self.sealed || !self.secrets.is_empty()
    }
    /// Does the saga go on when it fails?
    pub fn is_tolerated(&self) -> bool {
        self.if_failed != IfFailed::Fail
    }
    /// Must a durable intent stand before its first attempt? So that after a crash one can tell a step that
    /// may have run from one that cannot have.
    pub fn needs_intent(&self) -> bool {
        !self.transactional
            && (self.class == Class::Pivot
                || self.if_unknown == IfUnknown::Park
                || self.policy.retry.max_attempts == 1)
    }
}

/// Waiting for something that happens outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitNode {
    /// What must happen: `onu_online`. To what it must happen is computed when the node is reached.
    pub event: Arc<str>,
    /// How long is waited for it. `None`: as long as the workflow may take.
    pub timeout: Option<Duration>,
    /// What becomes of the saga when it does not happen in time.
    pub if_failed: IfFailed,
}

/// What a node does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// The saga's input.
    Input,
    /// The call of a step.
    Step(Arc<StepNode>),
    /// An expression, computed once and journaled; a failing one rolls back.
    Value,
    /// A condition, computed once and journaled.
    Condition,
    /// The value of an `if` or `match`: that of the arm that ran.
    Select {
        /// The condition.
        condition: NodeId,
        /// The value of each arm, by the condition's value.
        arms: Vec<(Arc<str>, NodeId)>,
    },
    /// Time passes. The code says until when, or how long; it is computed once and journaled.
    Sleep,
    /// Waiting for an event.
    Wait(Arc<WaitNode>),
}

/// One place in the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Unique in the plan: the step's name and that of the `let` which holds its value.
    pub name: Arc<str>,
    /// What it does.
    pub op: Op,
    /// What must be settled before it.
    pub after: Vec<NodeId>,
    /// Whose values it reads.
    pub data: Vec<NodeId>,
    /// It runs only if all of these hold; otherwise it is skipped.
    pub guards: Vec<Guard>,
    /// The innermost sub-saga that it belongs to, by its place in [`Plan::sub_sagas`].
    pub within: Option<u32>,
    /// Is its value secret? Then it is sealed in the journal, and so is whatever is computed from it.
    pub secret: bool,
    /// May be seen what it computes from secrets?
    pub disclosed: bool,
}

impl Node {
    /// The call, if the node is one.
    pub fn step(&self) -> Option<&Arc<StepNode>> {
        match &self.op {
            Op::Step(step) => Some(step),
            _ => None,
        }
    }
}

/// Nodes that were laid into the plan from another saga.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubSaga {
    /// How the nodes' names begin.
    pub name: Arc<str>,
    /// The saga they come from.
    pub saga: DefinitionId,
    /// The first of them: its input.
    pub first: NodeId,
    /// The last of them: its output.
    pub last: NodeId,
    /// What becomes of the caller when it fails. If the caller goes on, all of it is undone at once.
    pub if_failed: IfFailed,
    /// The sub-saga in which it is called.
    pub within: Option<u32>,
}

/// A saga as data: static, complete before the first run, and identified by its fingerprint.
#[derive(Clone, Debug)]
pub struct Plan {
    pub(super) id: DefinitionId,
    pub(super) nodes: Vec<Node>,
    pub(super) steps: Vec<NodeId>,
    pub(super) output: Vec<NodeId>,
    pub(in crate::definition) discloses_output: bool,
    pub(super) sub_sagas: Vec<SubSaga>,
    pub(super) on_failure: OnFailure,
    pub(super) deadline: Option<Duration>,
    pub(super) locks: Vec<Lock>,
    pub(super) input_schema: Option<Arc<Value>>,
    /// The advisory hashes of its expressions, by node; of the output by `output`.
    pub(super) expressions: BTreeMap<Arc<str>, u64>,
}

impl Plan {
    /// Name, version and fingerprint.
    pub fn id(&self) -> &DefinitionId {
        &self.id
    }
    /// All nodes; a [`NodeId`] is the index. Every node comes after those it depends on.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }
    /// The node of that place.
    pub fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id.0 as usize)
    }
    /// The calls of steps by `step_order`.
    pub fn steps(
        &self,
    ) -> impl ExactSizeIterator<Item = (NodeId, &Node, &Arc<StepNode>)> + DoubleEndedIterator {
        // Built from the nodes, so every id stands for a call.
        self.steps
            .iter()
            .filter_map(|id| self.node(*id).and_then(|n| n.step().map(|s| (*id, n, s))))
            .collect::<Vec<_>>()
            .into_iter()
    }
    /// How many steps it has.
    pub fn total_steps(&self) -> u32 {
        u32::try_from(self.steps.len()).unwrap_or(u32::MAX)
    }
    /// The node of a step.
    pub fn step_id(&self, step_order: u32) -> Option<NodeId> {
        self.steps.get(step_order as usize).copied()
    }
    /// Whose values the saga's output reads.
    pub fn output(&self) -> &[NodeId] {
        &self.output
    }
    /// Is the saga's input secret?
    pub fn is_input_secret(&self) -> bool {
        self.nodes.first().is_some_and(|input| input.secret)
    }
    /// Is the saga's output secret?
    pub fn is_output_secret(&self) -> bool {
        !self.discloses_output && self.reads_secrets(&self.output)
    }
    /// Is anything in it secret? Then it needs an engine with a key.
    pub fn has_secrets(&self) -> bool {
        self.nodes.iter().any(|node| node.secret || node.step().is_some_and(|step| step.is_secret()))
    }
    /// The sagas that were laid into it, outer ones before inner ones.
    pub fn sub_sagas(&self) -> &[SubSaga] {
        &self.sub_sagas
    }
    /// What it does when a step has failed.
    pub fn on_failure(&self) -> OnFailure {
        self.on_failure
    }
    /// How long a workflow may take before it is rolled back.
    pub fn deadline(&self) -> Option<Duration> {
        self.deadline
    }
    /// What its workflows lock.
    pub fn locks(&self) -> &[Lock] {
        &self.locks
    }
    /// The JSON Schema of its input, if somebody has said it.
    pub fn input_schema(&self) -> Option<&Value> {
        self.input_schema.as_deref()
    }
    /// Where a value certainly does not fit its input's schema, and why not.
    pub(crate) fn input_misfit(&self, input: &Value) -> Option<(String, String)> {
        let schema = Schema::new(self.input_schema()?);
        let misfit = shape::fits(&Shape::Literal(input.clone()), &schema).err()?;
        let path = misfit.at.iter().fold("$input".to_owned(), |path, part| format!("{path}.{part}"));
        Some((path, misfit.message))
    }
    /// Does any of its steps need a store that can lend a transaction?
    pub fn is_transactional(&self) -> bool {
        self.steps().any(|(_, _, step)| step.transactional)
    }

    pub(super) fn adjust(&mut self, change: &dyn Fn(&str, &mut Policy)) {
        for node in &mut self.nodes {
            if let Op::Step(step) = &mut node.op {
                let name = Arc::clone(&step.step_name);
                change(&name, &mut Arc::make_mut(step).policy);
            }
        }
    }

    /// The innermost sub-saga around the node whose failure is tolerated.
    pub fn tolerated_scope(&self, node: &Node) -> Option<(u32, &SubSaga)> {
        let mut within = node.within;
        while let Some(i) = within {
            let scope = self.sub_sagas.get(i as usize)?;
            if scope.if_failed != IfFailed::Fail {
                return Some((i, scope));
            }
            within = scope.within;
        }
        None
    }
}
