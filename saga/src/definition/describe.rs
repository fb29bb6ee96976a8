//! A plan in words: what the fingerprint covers, and what people compare when two plans differ.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use super::plan::{IfFailed, Node, NodeId, Op, Plan};

impl Plan {
    /// One line per node: structure, names, classes and data edges; not retry policies or timeouts, which
    /// may change under running workflows. Two plans with the same text have the same fingerprint. Nodes are
    /// spoken of by their names, so that a node put in changes its own line and that of its successor.
    pub fn describe(&self) -> String {
        let mut text = format!("{} v{}", self.id.name, self.id.version);
        if self.on_failure != super::OnFailure::Backward {
            let _ = write!(text, " on_failure {:?}", self.on_failure);
        }
        text.push('\n');
        for node in &self.nodes {
            let _ = writeln!(text, "{}", self.line(node));
        }
        for sub in &self.sub_sagas {
            let (name, first, last) = (quoted(&sub.name), self.name(sub.first), self.name(sub.last));
            let tolerance = tolerance(sub.if_failed);
            let _ = writeln!(text, "{name} [saga {}{tolerance}] {first} to {last}", sub.saga);
        }
        let _ = write!(text, "output {}", self.names(&self.output));
        if self.is_output_secret() {
            text.push_str(" secret");
        }
        text
    }

    pub(super) fn compute_fingerprint(&self) -> String {
        let digest = Sha256::digest(self.describe().as_bytes());
        digest.iter().take(8).fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }

    /// The node's name, quoted where its ends could not be seen.
    fn name(&self, id: NodeId) -> String {
        self.node(id).map_or_else(|| id.0.to_string(), |node| quoted(&node.name))
    }

    fn names(&self, of: &[NodeId]) -> String {
        list(of.iter().map(|id| self.name(*id)))
    }

    fn line(&self, node: &Node) -> String {
        let what = match &node.op {
            Op::Input => "input".to_owned(),
            Op::Value => "value".to_owned(),
            Op::Condition => "condition".to_owned(),
            Op::Sleep => "sleep".to_owned(),
            Op::Wait(wait) => format!("wait for {}{}", quoted(&wait.event), tolerance(wait.if_failed)),
            Op::Select { condition, arms } => {
                let arms = arms.iter().map(|(value, node)| format!("{value}: {}", self.name(*node)));
                format!("select {} {}", self.name(*condition), list(arms))
            }
            Op::Step(s) => {
                let flags = [
                    (s.each.is_some(), " for each"),
                    (s.transactional, " transactional"),
                    (s.evaluated, " evaluated"),
                ]
                .map(|(on, word)| if on { word } else { "" })
                .concat();
                let (name, tolerance) = (quoted(&s.step_name), tolerance(s.if_failed));
                let sealed = if s.sealed { " sealed" } else { "" };
                let secrets = match s.secrets.as_slice() {
                    [] => String::new(),
                    names => format!(" secrets {}", list(names.iter().map(ToString::to_string))),
                };
                format!(
                    "step {name} {:?} if_unknown {:?}{tolerance}{flags}{sealed}{secrets}",
                    s.class, s.if_unknown
                )
            }
        };
        let guards = list(node.guards.iter().map(|g| format!("{}={}", self.name(g.condition), g.value)));
        let secret = if node.secret { " secret" } else { "" };
        format!(
            "{} [{what}] after {} data {} guards {guards}{secret}",
            quoted(&node.name),
            self.names(&node.after),
            self.names(&node.data),
        )
    }
}

fn tolerance(if_failed: IfFailed) -> &'static str {
    match if_failed {
        IfFailed::Fail => "",
        IfFailed::GoOn => " tolerated",
        IfFailed::Decide => " decided",
    }
}

/// A name as it is, or in quotes: a condition's name is any expression.
fn quoted(name: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '#' | '@' | '-');
    if !name.is_empty() && name.chars().all(plain) { name.to_owned() } else { format!("{name:?}") }
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("({})", items.collect::<Vec<_>>().join(" "))
}
