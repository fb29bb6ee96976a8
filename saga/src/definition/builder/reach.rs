//! Who may read what: a value is read only where it is there for certain.

use super::Slip;
use crate::definition::plan::{Guard, Node, NodeId, Op, Plan};

impl Plan {
    /// Does every node come after what it reads, and run only if that runs? A scope of Rust says so of the variables of
    /// a `#[saga]`, and a handle, which is `Copy`, has none.
    pub(in crate::definition) fn check_reach(&self) -> Result<(), Slip> {
        for (i, node) in self.nodes().iter().enumerate() {
            let id = NodeId(u32::try_from(i).unwrap_or(u32::MAX));
            let before = self.ancestors(id);
            let not_before = node.data.iter().find(|read| !before.contains(read));
            if let Some(read) = not_before {
                return Err(Slip::NotBefore { reader: node.name.to_string(), read: self.told(*read) });
            }
            let inside = match &node.op {
                // It reads of each arm what is there if the arm runs. Of an arm that is empty it reads `None`, in place
                // of the value of the other one.
                Op::Select { condition, arms } => arms.iter().find_map(|(value, read)| {
                    let mut guards = node.guards.clone();
                    guards.push(Guard { condition: *condition, value: value.clone() });
                    let in_arm = arms.iter().any(|(other, same)| same == read && other != value);
                    (!in_arm && !self.runs(*read, &guards)).then_some(*read)
                }),
                _ => node.data.iter().copied().find(|read| !self.runs(*read, &node.guards)),
            };
            if let Some(read) = inside {
                return Err(Slip::InsideArm { reader: node.name.to_string(), read: self.told(read) });
            }
        }
        let known = |read: &&NodeId| self.node(**read).is_none();
        if let Some(read) = self.output().iter().find(known) {
            return Err(Slip::NotBefore { reader: "output".to_owned(), read: self.told(*read) });
        }
        match self.output().iter().find(|read| !self.runs(**read, &[])) {
            Some(read) => Err(Slip::InsideArm { reader: "output".to_owned(), read: self.told(*read) }),
            None => Ok(()),
        }
    }

    /// Does it run wherever these arms are taken?
    fn runs(&self, read: NodeId, guards: &[Guard]) -> bool {
        let own = self.node(read).map(|node: &Node| node.guards.as_slice()).unwrap_or_default();
        own.iter().all(|guard| guards.contains(guard))
    }

    fn told(&self, node: NodeId) -> String {
        self.node(node)
            .map_or_else(|| format!("value {} of another builder", node.0), |node| node.name.to_string())
    }
}
