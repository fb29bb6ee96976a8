//! What the journal says, read without the machine: which values are there, which places are settled, and which
//! sub-sagas have failed.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use super::super::journal::Place;
use super::super::sim::Sim;
use crate::clock::Timestamp;
use crate::definition::{Node, NodeId, Op, Plan, StepNode};
use crate::json::Json;
use crate::store::{Debt, StepRow, StepStatus};

pub(super) struct Facts<'a> {
    pub(super) sim: &'a Sim,
    pub(super) plan: Arc<Plan>,
    pub(super) run: u32,
    /// All values in the journal, by node name.
    pub(super) carried: BTreeMap<String, Json>,
}

/// How the machine journals a place that waits.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Armed {
    pub(super) until: Option<Timestamp>,
    pub(super) key: Option<String>,
}

/// How it journals the end of a wait.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Came {
    pub(super) at: Option<(Timestamp, i64)>,
}

/// May what comes after this row begin?
fn is_settled(row: &StepRow, spec: &StepNode) -> bool {
    match row.status {
        StepStatus::Completed | StepStatus::Skipped => true,
        StepStatus::Failed => spec.is_tolerated() && row.output.is_some(),
        StepStatus::Compensated => spec.is_tolerated(),
        StepStatus::CompensationFailed => spec.is_tolerated() && row.debt != Some(Debt::Open),
        _ => false,
    }
}

impl<'a> Facts<'a> {
    pub(super) fn of(sim: &'a Sim) -> Self {
        let run = sim.journal.header.state.run;
        let rows = sim.journal.rows.values().filter(|r| r.run == run).filter_map(|r| r.carry.as_ref());
        let all = rows.chain(sim.journal.header.state.context.as_ref());
        let carried = all.flat_map(|object| object.decode::<BTreeMap<String, Json>>().unwrap()).collect();
        Self { sim, plan: Arc::clone(sim.definition.plan()), run, carried }
    }

    pub(super) fn read<T: for<'de> Deserialize<'de>>(&self, name: &str) -> Option<T> {
        self.carried.get(name).map(|json| json.decode().unwrap())
    }
    pub(super) fn armed(&self, node: &Node) -> Option<Armed> {
        let retries = (1..=self.sim.journal.header.state.retry_count).rev();
        let anew = retries.filter_map(|retry| self.read(&format!("{}@armed.{retry}", node.name))).next();
        anew.or_else(|| self.read(&format!("{}@armed", node.name)))
    }
    pub(super) fn spec(&self, step_order: u32) -> Arc<StepNode> {
        let id = self.plan.step_id(step_order).unwrap();
        Arc::clone(self.plan.node(id).unwrap().step().unwrap())
    }
    pub(super) fn node_of(&self, step_order: u32) -> &Node {
        self.plan.node(self.plan.step_id(step_order).unwrap()).unwrap()
    }
    pub(super) fn rows(&self) -> impl Iterator<Item = (Place, &StepRow)> {
        self.sim.journal.rows.iter().filter(|(p, _)| p.0 == self.run).map(|(p, row)| (*p, row))
    }
    /// The arguments of a list's items.
    pub(super) fn list(&self, node: &Node) -> Option<Vec<Json>> {
        node.step().filter(|step| step.each.is_some())?;
        self.carried.get(&*node.name).map(|json| json.decode().unwrap())
    }

    /// The sub-sagas around a node that have failed, the innermost first.
    pub(super) fn failed_scopes(&self, node: &Node) -> Vec<u32> {
        let mut within = node.within;
        let mut found = vec![];
        while let Some(i) = within {
            let scope = &self.plan.sub_sagas()[i as usize];
            if self.carried.contains_key(&format!("{}@failed", scope.name)) {
                found.push(i);
            }
            within = scope.within;
        }
        found
    }
    /// Has the caller of a failed sub-saga around it gone on?
    fn is_given_up(&self, node: &Node) -> bool {
        let over = |scope: &u32| {
            let last = self.plan.sub_sagas()[*scope as usize].last;
            self.carried.contains_key(&*self.plan.node(last).unwrap().name)
        };
        self.failed_scopes(node).iter().any(over)
    }

    /// Does it stand in an arm that was not chosen?
    pub(super) fn is_excluded(&self, node: &Node) -> bool {
        node.guards.iter().any(|guard| {
            let condition = self.plan.node(guard.condition).unwrap();
            let chosen = self.carried.get(&*condition.name).map(Json::as_str);
            chosen.is_some_and(|chosen| chosen != &*guard.value) || self.is_excluded(condition)
        })
    }

    /// May what comes after this node begin, as far as the journal knows?
    pub(super) fn is_over(&self, id: NodeId) -> bool {
        let node = self.plan.node(id).unwrap();
        if self.is_given_up(node) || self.is_excluded(node) && node.step().is_none() {
            return true;
        }
        let is_there = self.carried.contains_key(&*node.name);
        match &node.op {
            Op::Step(step) => self.is_step_over(node, step),
            Op::Value | Op::Condition => is_there,
            Op::Input | Op::Select { .. } => true,
            Op::Sleep | Op::Wait(_) => is_there,
        }
    }

    fn is_step_over(&self, node: &Node, step: &StepNode) -> bool {
        let settled = |item: u32| {
            let row = self.sim.journal.row_at((self.run, step.step_order, item));
            row.is_some_and(|row| is_settled(row, step))
        };
        match self.list(node) {
            Some(list) => (1..=u32::try_from(list.len()).unwrap()).all(settled),
            None => settled(0),
        }
    }
    pub(super) fn is_call_over(&self, row: &StepRow) -> bool {
        is_settled(row, &self.spec(row.step_order))
    }
}
