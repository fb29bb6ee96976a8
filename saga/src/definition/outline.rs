//! A plan for people to read: what is done, in which order, and what becomes of a failure.

use std::fmt::Write;

use super::plan::{Node, NodeId, OnFailure, Op, Plan, StepNode};
use super::words;

impl Plan {
    /// The plan for people to read. What the fingerprint covers is [`describe`](Self::describe).
    pub fn outline(&self) -> String {
        let steps = self.total_steps();
        let mut text = format!("{} version {}: {steps} step{}", self.id.name, self.id.version, plural(steps));
        text.push_str(match self.on_failure {
            OnFailure::Backward => ", undone when one of them fails",
            OnFailure::Park => ", stopped when one of them fails",
        });
        if let Some(deadline) = self.deadline {
            let _ = write!(text, ", within {}", words::length(deadline));
        }
        for lock in &self.locks {
            let _ = write!(text, ", alone for its {}", lock.name());
        }
        text.push('\n');
        let mut previous = NodeId(0);
        for (i, node) in self.nodes.iter().enumerate().skip(1) {
            if matches!(node.op, Op::Select { .. }) {
                continue;
            }
            let id = NodeId(u32::try_from(i).unwrap_or(u32::MAX));
            let number = node.step().map_or_else(String::new, |step| format!("{}.", step.step_order + 1));
            let indent = "  ".repeat(node.guards.len());
            let _ = write!(text, "{number:>4} {indent}{}", self.what(node));
            let conditions = node.guards.last().map(|guard| {
                let condition = self.node(guard.condition).map(|node| &*node.name).unwrap_or_default();
                format!(", where {condition}: {}", words::arm(&guard.value))
            });
            text.push_str(&conditions.unwrap_or_default());
            if self.before(node) != [previous] {
                let _ = write!(text, ", after {}", self.list_of(&self.before(node)));
            }
            text.push('\n');
            previous = id;
        }
        if !self.output.is_empty() {
            let _ = writeln!(text, "     gives what it makes of {}", self.list_of(&self.output));
        }
        text
    }

    /// What comes before it; where ways meet, that is what was on them.
    fn before(&self, node: &Node) -> Vec<NodeId> {
        let mut before: Vec<NodeId> = vec![];
        for id in &node.after {
            match self.node(*id) {
                Some(meeting) if matches!(meeting.op, Op::Select { .. }) => {
                    before.extend(self.before(meeting))
                }
                _ => before.push(*id),
            }
        }
        before.sort_unstable();
        before.dedup();
        before
    }

    fn list_of(&self, nodes: &[NodeId]) -> String {
        let names: Vec<&str> = nodes.iter().filter_map(|id| self.node(*id)).map(|n| &*n.name).collect();
        words::list_of(&names)
    }

    fn what(&self, node: &Node) -> String {
        match &node.op {
            Op::Step(step) => call(&node.name, step),
            Op::Condition => format!("decide: {}", node.name),
            Op::Sleep => format!("{}: time passes", node.name),
            Op::Wait(wait) => {
                let most = wait.timeout.map(|most| format!(", at most {}", words::length(most)));
                let tolerance = words::tolerance(wait.if_failed).map(|words| format!("; {words}"));
                let (most, tolerance) = (most.unwrap_or_default(), tolerance.unwrap_or_default());
                format!("{}: wait for {}{most}{tolerance}", node.name, wait.event)
            }
            Op::Input | Op::Value | Op::Select { .. } => self.computed(node),
        }
    }

    fn computed(&self, node: &Node) -> String {
        let here = |id: NodeId| self.node(id).is_some_and(|n| n.name == node.name);
        match self.sub_sagas.iter().find(|sub| here(sub.first) || here(sub.last)) {
            Some(sub) if here(sub.first) => {
                let tolerance = words::tolerance(sub.if_failed).map(|words| format!("; {words}"));
                let (name, version) = (&sub.saga.name, sub.saga.version);
                format!("{}: saga {name} version {version} begins{}", sub.name, tolerance.unwrap_or_default())
            }
            Some(sub) => format!("{}: saga {} ends", sub.name, sub.saga.name),
            None => format!("compute {}", node.name),
        }
    }
}

fn call(name: &str, step: &StepNode) -> String {
    let system = step.system.as_deref().map(|system| format!(" on {system}")).unwrap_or_default();
    let each = step.each.map(|most| format!(" for each item, {most} at once")).unwrap_or_default();
    let class = words::class(step.class, step.if_unknown);
    let tolerance = words::tolerance(step.if_failed).map(|words| format!("; {words}")).unwrap_or_default();
    format!("{name}{system}{each}: {class}{tolerance}")
}

fn plural(n: u32) -> &'static str {
    if n == 1 { "" } else { "s" }
}
