//! A workflow as a picture: its plan, and how far it has come.

use super::view::WorkflowView;
use crate::definition::{Mark, Marks, NodeId, Op};
use crate::json::Json;
use crate::store::{Status, StepStatus};

impl WorkflowView {
    /// The plan as a Mermaid flow chart, coloured by what has become of each step. `None`: this process does not
    /// know the plan.
    pub fn mermaid(&self) -> Option<String> {
        self.plan.as_ref().map(|plan| plan.mermaid_with(&self.marks()))
    }
    /// The same as a DOT graph, for Graphviz.
    pub fn dot(&self) -> Option<String> {
        self.plan.as_ref().map(|plan| plan.dot_with(&self.marks()))
    }

    /// How far it has come with each node of its plan.
    pub fn marks(&self) -> Marks {
        let mut marks = Marks::new();
        let Some(plan) = &self.plan else { return marks };
        for row in self.all_steps() {
            if let (Some(node), Some(mark)) = (plan.step_id(row.step_order), mark(row.status)) {
                // Of several items the one that needs most attention is seen.
                let seen = marks.entry(node).or_insert(mark);
                *seen = mark.max(*seen);
            }
        }
        let values = self.header.state.context.as_ref().and_then(|values| values.decode().ok());
        let values: std::collections::BTreeMap<String, Json> = values.unwrap_or_default();
        for (i, node) in plan.nodes().iter().enumerate() {
            let known = matches!(node.op, Op::Input) || values.contains_key(&*node.name);
            let completed = self.header.state.status == Status::Completed && node.guards.is_empty();
            if node.step().is_none() && (known || completed) {
                marks.insert(NodeId(u32::try_from(i).unwrap_or(u32::MAX)), Mark::Done);
            }
        }
        marks
    }
}

fn mark(status: StepStatus) -> Option<Mark> {
    match status {
        StepStatus::Pending => None,
        StepStatus::Running => Some(Mark::Running),
        StepStatus::Completed => Some(Mark::Done),
        StepStatus::Failed => Some(Mark::Failed),
        StepStatus::Skipped => Some(Mark::Skipped),
        StepStatus::Compensating => Some(Mark::Undoing),
        StepStatus::Compensated => Some(Mark::Undone),
        StepStatus::CompensationFailed => Some(Mark::Owed),
    }
}
