//! Idempotency keys: under which name an effect is known to other systems. Their parts are joined by `/`, which
//! no workflow's id can have in it: two workflows never share a key.

use std::sync::Arc;

use crate::id::WorkflowId;
use crate::store::StepRow;

/// The key of a step's own attempts: workflow and node, and beyond the first ones run and generation.
pub(super) fn forward(workflow: &WorkflowId, row: &StepRow) -> Arc<str> {
    let mut key = format!("{workflow}/{}", row.node);
    if !row.item.is_empty() {
        key = format!("{key}[{}]", row.item);
    }
    if row.run > 1 || row.key_generation > 0 {
        key = format!("{key}/r{}.{}", row.run, row.key_generation);
    }
    key.into()
}

/// The key of a step's compensation. `late`: of the pass that looks after what landed late.
pub(super) fn undo(workflow: &WorkflowId, row: &StepRow, late: bool) -> Arc<str> {
    let word = if late { "undo-late" } else { "undo" };
    format!("{}/{word}", forward(workflow, row)).into()
}
