//! A plan in words: what the fingerprint covers, and what people compare when two plans differ.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use super::plan::{IfFailed, Node, Op, Plan};

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
        for sub in &self.sub_sagas {
            let (first, last) = (sub.first.0, sub.last.0);
            let tolerance = tolerance(sub.if_failed);
            let _ = writeln!(text, "{} [saga {}{tolerance}] {first} to {last}", sub.name, sub.saga);
        }
        let _ = write!(text, "output {}", list(self.output.iter().map(|n| n.0.to_string())));
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

    /// The plan as a Mermaid flow chart.
    pub fn mermaid(&self) -> String {
        let mut text = String::from("flowchart TD\n");
        for (i, node) in self.nodes.iter().enumerate() {
            let (open, close) = match &node.op {
                Op::Input => ("([", "])"),
                Op::Step(_) => ("[", "]"),
                Op::Condition => ("{", "}"),
                Op::Sleep | Op::Wait(_) => ("{{", "}}"),
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
                    .map_or_else(String::new, |g| format!("|{}|", arm(&g.value)));
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
        Op::Sleep => "sleep".to_owned(),
        Op::Wait(wait) => format!("wait for {}{}", wait.event, tolerance(wait.if_failed)),
        Op::Select { condition, arms } => {
            let arms = arms.iter().map(|(value, node)| format!("{value}: {}", node.0));
            format!("select {} {}", condition.0, list(arms))
        }
        Op::Step(s) => {
            let flags = [
                (s.each.is_some(), " for each"),
                (s.transactional, " transactional"),
                (s.evaluated, " evaluated"),
            ]
            .map(|(on, word)| if on { word } else { "" })
            .concat();
            let tolerance = tolerance(s.if_failed);
            let sealed = if s.sealed { " sealed".to_owned() } else { String::new() };
            let secrets = match s.secrets.as_slice() {
                [] => sealed,
                names => format!("{sealed} secrets {}", list(names.iter().map(ToString::to_string))),
            };
            format!(
                "step {} {:?} if_unknown {:?}{tolerance}{flags}{secrets}",
                s.step_name, s.class, s.if_unknown
            )
        }
    };
    let guards = list(node.guards.iter().map(|g| format!("{}={}", g.condition.0, g.value)));
    let secret = if node.secret { " secret" } else { "" };
    format!(
        "{} [{what}] after {} data {} guards {guards}{secret}",
        node.name,
        list(node.after.iter().map(|n| n.0.to_string())),
        list(node.data.iter().map(|n| n.0.to_string())),
    )
}

fn tolerance(if_failed: IfFailed) -> &'static str {
    match if_failed {
        IfFailed::Fail => "",
        IfFailed::GoOn => " tolerated",
        IfFailed::Decide => " decided",
    }
}

/// How an arm is shown to people.
fn arm(value: &str) -> String {
    match value {
        "true" => "yes".to_owned(),
        "false" => "no".to_owned(),
        pattern => pattern.trim_matches('"').replace(['"', '|'], "'"),
    }
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("({})", items.collect::<Vec<_>>().join(" "))
}
