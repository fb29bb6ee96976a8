//! DOT, the language of Graphviz.

use std::fmt::Write;

use super::{Mark, Marks, arm};
use crate::definition::plan::{Node, NodeId, Op, Plan};
use crate::step::Class;

pub(super) fn draw(plan: &Plan, marks: &Marks) -> String {
    let mut text = format!("digraph {} {{\n", quoted(&[plan.id.name.to_string()]));
    text.push_str("  node [fontname=\"sans-serif\"];\n  edge [fontname=\"sans-serif\"];\n");
    block(plan, marks, None, 1, &mut text);
    for (i, node) in plan.nodes.iter().enumerate() {
        for before in &node.after {
            let arm = arm(node, *before).map(|arm| format!(" [label={}]", quoted(&[arm])));
            let _ = writeln!(text, "  n{} -> n{i}{};", before.0, arm.unwrap_or_default());
        }
    }
    text.push_str("}\n");
    text
}

/// The nodes of a sub-saga, or of none, and the frames among them.
fn block(plan: &Plan, marks: &Marks, of: Option<u32>, depth: usize, text: &mut String) {
    let indent = "  ".repeat(depth);
    for (i, node) in plan.inside(of) {
        let mark = marks.get(&NodeId(u32::try_from(i).unwrap_or(u32::MAX))).copied();
        let label = quoted(&plan.label(node));
        let _ = writeln!(text, "{indent}n{i} [label={label} {}];", look(node, mark));
    }
    for (place, sub) in plan.subs(of) {
        let label = quoted(&[format!("[[ {} ]]", plan.frame(sub))]);
        let _ = writeln!(text, "{indent}subgraph cluster_{place} {{\n{indent}  label={label};");
        block(plan, marks, Some(place), depth + 1, text);
        let _ = writeln!(text, "{indent}}}");
    }
}

fn look(node: &Node, mark: Option<Mark>) -> String {
    let shape = match &node.op {
        Op::Input => "oval",
        Op::Step(step) if step.each.is_some() => "box3d",
        Op::Step(_) => "box",
        Op::Condition => "diamond",
        Op::Sleep | Op::Wait(_) => "hexagon",
        Op::Value | Op::Select { .. } => "plaintext",
    };
    let (width, broken) = match node.step().map(|step| step.class) {
        Some(Class::Pivot) => (" penwidth=4", None),
        Some(Class::Retriable) => ("", Some("dashed")),
        _ => ("", None),
    };
    let styles: Vec<_> = broken.into_iter().chain(mark.map(|_| "filled")).collect();
    let style = if styles.is_empty() { String::new() } else { format!(" style=\"{}\"", styles.join(",")) };
    let color = mark.map(|mark| {
        let (fill, line) = mark.colors();
        let ink = if mark == Mark::Owed { " fontcolor=\"#ffffff\"" } else { "" };
        format!(" fillcolor=\"{fill}\" color=\"{line}\"{ink} tooltip=\"{}\"", mark.word())
    });
    format!("shape={shape}{width}{style}{}", color.unwrap_or_default())
}

/// A text in quotes, in which nothing means anything to Graphviz.
fn quoted(lines: &[String]) -> String {
    let line = |line: &String| {
        let plain: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        // Entities are read in labels too.
        plain.replace('&', "&amp;").replace('\\', "\\\\").replace('"', "\\\"")
    };
    format!("\"{}\"", lines.iter().map(line).collect::<Vec<_>>().join("\\n"))
}
