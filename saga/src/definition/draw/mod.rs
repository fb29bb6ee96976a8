//! Pictures of a plan, and of a workflow on its way through it: Mermaid for papers and pages, DOT for Graphviz.

mod dot;
mod mermaid;

use std::collections::BTreeMap;

use super::plan::{IfFailed, Node, NodeId, Op, Plan, SubSaga};
use super::words;
use crate::step::Class;

/// How far a workflow has come with a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mark {
    /// Its condition did not hold.
    Skipped,
    /// Done.
    Done,
    /// Done, and undone.
    Undone,
    /// An attempt is under way.
    Running,
    /// It is being undone.
    Undoing,
    /// It failed for good.
    Failed,
    /// It could not be undone: a debt.
    Owed,
}

impl Mark {
    const ALL: [Self; 7] =
        [Self::Skipped, Self::Done, Self::Undone, Self::Running, Self::Undoing, Self::Failed, Self::Owed];

    fn word(self) -> &'static str {
        match self {
            Self::Skipped => "skipped",
            Self::Done => "done",
            Self::Undone => "undone",
            Self::Running => "running",
            Self::Undoing => "undoing",
            Self::Failed => "failed",
            Self::Owed => "owed",
        }
    }

    /// Fill and line.
    fn colors(self) -> (&'static str, &'static str) {
        match self {
            Self::Skipped => ("#f3f4f6", "#9ca3af"),
            Self::Done => ("#dcfce7", "#15803d"),
            Self::Undone => ("#fef9c3", "#a16207"),
            Self::Running => ("#dbeafe", "#1d4ed8"),
            Self::Undoing => ("#ffedd5", "#c2410c"),
            Self::Failed => ("#fee2e2", "#b91c1c"),
            Self::Owed => ("#b91c1c", "#7f1d1d"),
        }
    }
}

/// How far a workflow has come; of nodes that are not in it there is nothing to say.
pub type Marks = BTreeMap<NodeId, Mark>;

impl Plan {
    /// The plan as a Mermaid flow chart.
    pub fn mermaid(&self) -> String {
        self.mermaid_with(&Marks::new())
    }
    /// A workflow on its way through the plan, as a Mermaid flow chart.
    pub fn mermaid_with(&self, marks: &Marks) -> String {
        mermaid::draw(self, marks)
    }
    /// The plan as a DOT graph, for Graphviz.
    pub fn dot(&self) -> String {
        self.dot_with(&Marks::new())
    }
    /// A workflow on its way through the plan, as a DOT graph.
    pub fn dot_with(&self, marks: &Marks) -> String {
        dot::draw(self, marks)
    }

    /// The nodes that stand directly in a sub-saga, or in none.
    fn inside(&self, of: Option<u32>) -> impl Iterator<Item = (usize, &Node)> {
        self.nodes.iter().enumerate().filter(move |(_, node)| node.within == of)
    }
    /// The sub-sagas that stand directly in another, or in none, by their places.
    fn subs(&self, of: Option<u32>) -> impl Iterator<Item = (u32, &SubSaga)> {
        (0..).zip(&self.sub_sagas).filter(move |(_, sub)| sub.within == of)
    }
    fn sub(&self, place: Option<u32>) -> Option<&SubSaga> {
        place.and_then(|place| self.sub_sagas.get(place as usize))
    }

    /// What stands in the box of a node, line by line.
    fn label(&self, node: &Node) -> Vec<String> {
        // Inside of a sub-saga its name is on the frame.
        let frame = self.sub(node.within).map(|sub| format!("{}.", sub.name));
        let name = frame.and_then(|frame| node.name.strip_prefix(&*frame)).unwrap_or(&node.name);
        let mut lines = vec![name.to_owned()];
        match &node.op {
            Op::Step(step) => {
                lines.extend(step.system.as_deref().map(str::to_owned));
                lines.extend(step.each.map(|most| format!("for each, {most} at once")));
                lines.extend(match step.class {
                    Class::Pivot => Some("point of no return".to_owned()),
                    Class::Retriable => Some("until it succeeds".to_owned()),
                    Class::Compensatable | Class::NoEffect => None,
                });
            }
            Op::Sleep => lines.push("time passes".to_owned()),
            Op::Wait(wait) => {
                let most = wait.timeout.map(|most| format!(", at most {}", words::length(most)));
                lines.push(format!("waits for {}{}", wait.event, most.unwrap_or_default()));
            }
            Op::Input | Op::Value | Op::Condition | Op::Select { .. } => {}
        }
        let if_failed = match &node.op {
            Op::Step(step) => step.if_failed,
            Op::Wait(wait) => wait.if_failed,
            _ => IfFailed::Fail,
        };
        lines.extend(words::tolerance(if_failed).map(str::to_owned));
        lines
    }

    /// What stands on the frame of a sub-saga.
    fn frame(&self, sub: &SubSaga) -> String {
        let outer = self.sub(sub.within).map(|outer| format!("{}.", outer.name));
        let name = outer.and_then(|outer| sub.name.strip_prefix(&*outer)).unwrap_or(&sub.name);
        let tolerance = words::tolerance(sub.if_failed).map(|words| format!(", {words}"));
        format!("{name} v{}{}", sub.saga.version, tolerance.unwrap_or_default())
    }
}

/// What stands on the edge from a condition: its arm.
fn arm(node: &Node, before: NodeId) -> Option<String> {
    node.guards.iter().find(|guard| guard.condition == before).map(|guard| words::arm(&guard.value))
}

#[cfg(test)]
mod tests;
