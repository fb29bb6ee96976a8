//! Mermaid.

use std::fmt::Write;

use super::{Mark, Marks, arm};
use crate::definition::plan::{Node, NodeId, Op, Plan};
use crate::step::Class;

pub(super) fn draw(plan: &Plan, marks: &Marks) -> String {
    let mut text = String::from("flowchart TD\n");
    block(plan, None, 1, &mut text);
    for (i, node) in plan.nodes.iter().enumerate() {
        for before in &node.after {
            let arm = arm(node, *before).map(|arm| format!("|\"{}\"|", escaped(&arm)));
            let _ = writeln!(text, "  n{} -->{} n{i}", before.0, arm.unwrap_or_default());
        }
    }
    classes(plan, &mut text);
    colors(marks, &mut text);
    text
}

/// The nodes of a sub-saga, or of none, and the frames among them.
fn block(plan: &Plan, of: Option<u32>, depth: usize, text: &mut String) {
    let indent = "  ".repeat(depth);
    for (i, node) in plan.inside(of) {
        let (open, close) = brackets(node);
        let lines: Vec<_> = plan.label(node).iter().map(|line| escaped(line)).collect();
        let _ = writeln!(text, "{indent}n{i}{open}\"{}\"{close}", lines.join("<br/>"));
    }
    for (place, sub) in plan.subs(of) {
        let _ = writeln!(text, "{indent}subgraph s{place}[\"[[ {} ]]\"]", escaped(&plan.frame(sub)));
        block(plan, Some(place), depth + 1, text);
        let _ = writeln!(text, "{indent}end");
    }
}

fn brackets(node: &Node) -> (&'static str, &'static str) {
    match &node.op {
        Op::Input => ("([", "])"),
        Op::Step(step) if step.each.is_some() => ("[[", "]]"),
        Op::Step(_) => ("[", "]"),
        Op::Condition => ("{", "}"),
        Op::Sleep | Op::Wait(_) => ("{{", "}}"),
        Op::Value | Op::Select { .. } => ("(", ")"),
    }
}

/// Pivots have a thick line, what only reads a thin one, what is tried until it succeeds a broken one.
fn classes(plan: &Plan, text: &mut String) {
    let styles = [
        (Class::Pivot, "pivot", "stroke-width:4px"),
        (Class::NoEffect, "no_effect", "stroke-width:1px"),
        (Class::Retriable, "retriable", "stroke-dasharray:5 3"),
    ];
    for (class, word, style) in styles {
        let of = plan.steps().filter(|(_, _, step)| step.class == class).map(|(id, ..)| id);
        assign(word, style, of, text);
    }
}

fn colors(marks: &Marks, text: &mut String) {
    for mark in Mark::ALL {
        let (fill, line) = mark.colors();
        let ink = if mark == Mark::Owed { "#ffffff" } else { "#111827" };
        let style = format!("fill:{fill},stroke:{line},color:{ink}");
        let of = marks.iter().filter(|(_, of)| **of == mark).map(|(id, _)| *id);
        assign(mark.word(), &style, of, text);
    }
}

fn assign(word: &str, style: &str, nodes: impl Iterator<Item = NodeId>, text: &mut String) {
    let nodes: Vec<String> = nodes.map(|node| format!("n{}", node.0)).collect();
    if !nodes.is_empty() {
        let _ = writeln!(text, "  classDef {word} {style}\n  class {} {word}", nodes.join(","));
    }
}

/// Whatever means something to Mermaid, or to the page that shows it, becomes the number of the letter.
fn escaped(label: &str) -> String {
    let mut text = String::new();
    for c in label.chars() {
        match c {
            c if c.is_control() => text.push(' '),
            c if c.is_alphanumeric() || " _.,:!?()[]=+-*/@'$".contains(c) => text.push(c),
            c => {
                let _ = write!(text, "#{};", u32::from(c));
            }
        }
    }
    text
}
