//! A plan in words: what the fingerprint covers, and what people compare when two plans differ.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use super::plan::{Node, Op, Plan};

impl Plan {
    /// One line per node: structure, names, classes and data edges; not retry policies or timeouts, which
    /// may change under running workflows. Two plans with the same text have the same fingerprint.
    pub fn describe(&self) -> String {
        let mut text = format!("{} v{}", self.id.name, self.id.version);
        if self.on_failure != super::OnFailure::Backward {
            let _ = write!(text, " on_failure {:?}", self.on_failure);
        }
        text.push('\n');
        for (i, node) in self.nodes.iter().enumerate() {
            let _ = writeln!(text, "{i} {}", line(node));
        }
        let _ = write!(text, "output {}", list(self.output.iter().map(|n| n.0.to_string())));
        text
    }

    pub(super) fn compute_fingerprint(&self) -> String {
        let digest = Sha256::digest(self.describe().as_bytes());
        digest.iter().take(8).fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }

    /// The plan as a Mermaid flow chart.
    pub fn mermaid(&self) -> String {
        let mut text = String::from("flowchart TD\n");
        for (i, node) in self.nodes.iter().enumerate() {
            let (open, close) = match &node.op {
                Op::Input => ("([", "])"),
                Op::Step(_) => ("[", "]"),
                Op::Condition => ("{", "}"),
                Op::Value | Op::Select { .. } => ("(", ")"),
            };
            let system = node
                .step()
                .and_then(|s| s.system.as_deref())
                .map(|s| format!("<br/>{s}"))
                .unwrap_or_default();
            let name = node.name.replace('"', "'");
            let _ = writeln!(text, "  n{i}{open}\"{name}{system}\"{close}");
            for before in &node.after {
                let arm = node
                    .guards
                    .iter()
                    .find(|g| g.condition == *before)
                    .map_or("", |g| if g.value { "|yes|" } else { "|no|" });
                let _ = writeln!(text, "  n{} -->{arm} n{i}", before.0);
            }
        }
        text
    }
}

fn line(node: &Node) -> String {
    let what = match &node.op {
        Op::Input => "input".to_owned(),
        Op::Value => "value".to_owned(),
        Op::Condition => "condition".to_owned(),
        Op::Select { condition, then, otherwise } => {
            format!("select if {} then {} else {}", condition.0, then.0, otherwise.0)
        }
        Op::Step(s) => {
            let flags = [
                (s.tolerated, " tolerated"),
                (s.transactional, " transactional"),
                (s.evaluated, " evaluated"),
            ]
            .map(|(on, word)| if on { word } else { "" })
            .concat();
            format!("step {} {:?} if_unknown {:?}{flags}", s.step_name, s.class, s.if_unknown)
        }
    };
    let guards = list(node.guards.iter().map(|g| format!("{}={}", g.condition.0, g.value)));
    format!(
        "{} [{what}] after {} data {} guards {guards}",
        node.name,
        list(node.after.iter().map(|n| n.0.to_string())),
        list(node.data.iter().map(|n| n.0.to_string())),
    )
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("({})", items.collect::<Vec<_>>().join(" "))
}
