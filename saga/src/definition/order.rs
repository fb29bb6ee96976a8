//! What may stand where in a plan: names, secrets, and above all the order around the point of no return.

use std::collections::BTreeSet;

use super::builder::Slip;
use super::plan::{IfFailed, Node, NodeId, Op, Plan};
use crate::step::Class;

/// What can be wrong with a plan that the type system does not see. The macro finds it at compile time.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum PlanError {
    /// After the point of no return nothing may fail.
    #[error(
        "step `{step}` can fail after (or beside) the pivot `{pivot}`: make it `retriable`, tolerate its \
         failure, or move it before the pivot"
    )]
    AfterPivot {
        /// The step that may fail.
        step: String,
        /// The pivot.
        pivot: String,
    },
    /// What is undone as a whole cannot hold a point of no return.
    #[error("the failure of sub-saga `{saga}` is tolerated, so it cannot hold the pivot `{pivot}`")]
    ToleratedPivot {
        /// The sub-saga.
        saga: String,
        /// The pivot.
        pivot: String,
    },
    /// A plan has its nodes before the first run, when nobody knows how many items there will be.
    #[error(
        "the saga `{0}` cannot be called for each of several items: call its steps, or start it for each"
    )]
    SagaForEach(String),
    /// There is one point of no return, not one for each item.
    #[error("the pivot `{0}` cannot be called for each of several items: there is one point of no return")]
    PivotForEach(String),
    /// What a workflow waits for stands in the store for all to see.
    #[error(
        "`{0}` waits by what is made of a secret, which would stand in the store for all to see: say `disclosed()` \
         before it if that is no secret"
    )]
    SecretWait(String),
    /// What the builder was told does not make a plan.
    #[error(transparent)]
    Slip(#[from] Slip),
    /// Two nodes of one name cannot be told apart in the journal.
    #[error("two nodes are named `{0}`: give one of them another name")]
    DuplicateName(String),
}

impl Plan {
    pub(super) fn check(&self) -> Result<(), PlanError> {
        let mut names = BTreeSet::new();
        if let Some(twice) = self.nodes.iter().find(|n| !names.insert(&n.name)) {
            return Err(PlanError::DuplicateName(twice.name.to_string()));
        }
        self.check_secrets()?;
        for (pivot_id, pivot, step) in self.steps() {
            if step.class != Class::Pivot {
                continue;
            }
            let before = self.ancestors(pivot_id);
            if step.each.is_some() {
                return Err(PlanError::PivotForEach(pivot.name.to_string()));
            }
            if let Some((_, scope)) = self.tolerated_scope(pivot) {
                return Err(PlanError::ToleratedPivot {
                    saga: scope.name.to_string(),
                    pivot: pivot.name.to_string(),
                });
            }
            for (i, node) in self.nodes.iter().enumerate() {
                let id = NodeId(u32::try_from(i).unwrap_or(u32::MAX));
                let may_fail = match &node.op {
                    Op::Step(step) => !step.is_tolerated() && step.class != Class::Retriable,
                    Op::Wait(wait) => wait.timeout.is_some() && wait.if_failed == IfFailed::Fail,
                    _ => false,
                };
                let may_fail = may_fail && self.tolerated_scope(node).is_none();
                if id != pivot_id && may_fail && !before.contains(&id) && !exclusive(pivot, node) {
                    return Err(PlanError::AfterPivot {
                        step: node.name.to_string(),
                        pivot: pivot.name.to_string(),
                    });
                }
            }
        }
        Ok(())
    }

    pub(super) fn ancestors(&self, of: NodeId) -> BTreeSet<NodeId> {
        let mut seen = BTreeSet::new();
        let mut todo = vec![of];
        while let Some(id) = todo.pop() {
            for before in self.node(id).map(|n| n.after.as_slice()).unwrap_or_default() {
                if seen.insert(*before) {
                    todo.push(*before);
                }
            }
        }
        seen
    }
}

/// Do they stand in different arms of one `if` or `match`?
fn exclusive(a: &Node, b: &Node) -> bool {
    a.guards.iter().any(|g| b.guards.iter().any(|h| g.condition == h.condition && g.value != h.value))
}
