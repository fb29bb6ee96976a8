//! What is secret in a plan: what was declared so, and all that is computed from it.

use std::sync::Arc;

use super::order::PlanError;
use super::plan::{NodeId, Op, Plan};

impl Plan {
    /// Marks what is computed from secrets. Every node stands after those it reads, so one pass does it.
    ///
    /// A condition stays open, because its value is the way that the workflow takes. What a step makes of secret
    /// arguments is secret only if the step says so.
    pub(super) fn spread_secrets(&mut self) {
        for i in 0..self.nodes.len() {
            let Some(node) = self.nodes.get(i) else { return };
            let derived = !node.disclosed && self.reads_secrets(&node.data);
            let arms = matches!(node.op, Op::Select { .. }) && self.reads_secrets(&node.data);
            let Some(node) = self.nodes.get_mut(i) else { return };
            match &mut node.op {
                Op::Step(step) if derived => Arc::make_mut(step).sealed = true,
                Op::Value if derived => node.secret = true,
                Op::Select { .. } if arms => node.secret = true,
                _ => {}
            }
        }
    }

    pub(super) fn reads_secrets(&self, nodes: &[NodeId]) -> bool {
        nodes.iter().any(|read| self.node(*read).is_some_and(|node| node.secret))
    }

    /// What is waited for, or until when, is data of the store: no secret may be in it.
    ///
    /// # Errors
    /// [`PlanError::SecretWait`].
    pub(crate) fn check_secrets(&self) -> Result<(), PlanError> {
        let waits = |op: &Op| matches!(op, Op::Sleep | Op::Wait(_));
        let leak = self.nodes.iter().find(|n| waits(&n.op) && !n.disclosed && self.reads_secrets(&n.data));
        leak.map_or(Ok(()), |node| Err(PlanError::SecretWait(node.name.to_string())))
    }
}
