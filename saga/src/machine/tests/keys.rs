//! Idempotency keys: whose they are can be read off them.

use std::collections::BTreeSet;

use super::plans::chain;
use crate::id::WorkflowId;
use crate::machine::{keys, pending_row};
use crate::store::StepRow;

/// A caller's own id may have colons, points and dashes in it, but no slash.
#[test]
fn no_name_of_a_workflow_makes_its_keys_those_of_another_one() {
    let definition = chain(&["a", "b"]);
    let (_, node, step) = definition.plan().steps().next().unwrap();
    let mut all = BTreeSet::new();
    for (workflow, node_name) in [
        ("w", &*node.name),
        ("w", "undo"),
        ("w:plain.a", "undo"),
        ("w:plain.a", "r2.0"),
        ("w:plain.a:r2.0", "undo"),
    ] {
        let workflow = WorkflowId::new(workflow).unwrap();
        for run in [1, 2] {
            let row = StepRow { run, ..pending_row(run, &node_name.into(), step) };
            assert!(all.insert(keys::forward(&workflow, &row)), "{all:?}");
            assert!(all.insert(keys::undo(&workflow, &row, false)), "{all:?}");
            assert!(all.insert(keys::undo(&workflow, &row, true)), "{all:?}");
        }
    }
    assert!(WorkflowId::new("w/a").is_err());
}
