//! The pictures, in full: `saga/tests/pictures`. After a change: `BLESS=1 cargo test -p saga --lib draw`, and read
//! the difference.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]

use std::fs;
use std::path::Path;

use serde_json::json;

use super::{Mark, Marks};
use crate::definition::json::tests::load_whole;
use crate::definition::{Definition, NodeId};

fn check(text: &str, name: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pictures").join(name);
    if std::env::var_os("BLESS").is_some() {
        fs::write(&file, text).unwrap();
    }
    assert_eq!(text, fs::read_to_string(&file).unwrap(), "{} is out of date", file.display());
}

/// Something of everything.
fn everything() -> Definition<()> {
    let customer = json!({"request": "$input"});
    load_whole(&json!({
        "name": "everything", "version": 7, "on_failure": "park", "deadline": "2h", "locks": {"onu": "$input.serial"},
        "steps": [
            {"id": "customer", "step": "create_customer", "args": customer},
            {"parallel": [
                [{"id": "ip", "step": "allocate_ip", "when": "$input.ip",
                  "args": {"customer": "$customer.id", "site": "a"}}],
                [{"id": "who", "saga": "onboard", "input": {"email": "$customer.email"}, "if_failed": "go_on"},
                 {"step": "ping", "if_failed": "decide"}],
            ]},
            {"id": "kind", "match": "$input.kind",
             "arms": {"ftth": [{"step": "ping"}], "docsis": [{"value": 1}]}, "else": [{"sleep": "90s"}]},
            {"id": "online", "wait_for_event": "onu_online", "key": "$input.serial", "timeout": "30m"},
            {"step": "bill", "args": {"customer": "$customer"}},
            {"step": "welcome", "each": "$input.people", "max_parallel": 3, "args": {"customer": "$item"}},
        ],
        "output": ["$ip", "$kind"],
    }))
    .unwrap()
}

#[test]
fn a_plan_is_drawn() {
    let definition = everything();
    check(&definition.mermaid(), "plan.mmd");
    check(&definition.dot(), "plan.dot");
    check(&definition.outline(), "plan.txt");
}

#[test]
fn a_workflow_is_drawn_where_it_is() {
    let definition = everything();
    let plan = definition.plan();
    let mut marks = Marks::new();
    for (mark, (node, ..)) in Mark::ALL.into_iter().zip(plan.steps()) {
        marks.insert(node, mark);
    }
    marks.insert(NodeId(0), Mark::Done);
    check(&plan.mermaid_with(&marks), "workflow.mmd");
    check(&plan.dot_with(&marks), "workflow.dot");
}

#[test]
fn hostile_names_are_only_names() {
    let hostile = "\"]\n end;%%{init: {}}%% <img src=x onerror=alert(1)> `|\\ ü & #quot;";
    let condition = json!({"equals": ["$input.kind", hostile]});
    let definition = load_whole(&json!({"name": "hostile", "version": 1, "steps": [
        {"step": "ping", "when": condition},
        {"match": "$input.kind", "arms": {(hostile): [{"step": "ping"}]}},
        {"wait_for_event": hostile, "key": "$input"},
    ]}))
    .unwrap();
    let (mermaid, dot) = (definition.mermaid(), definition.dot());
    check(&mermaid, "hostile.mmd");
    check(&dot, "hostile.dot");
    for forbidden in ["<img", "%%", "`"] {
        assert!(!mermaid.contains(forbidden), "{forbidden}");
    }
    // Every line that is drawn is closed: no name ends its quotes.
    for line in mermaid.lines().chain(dot.lines()) {
        let quotes = line.replace("\\\\", "").replace("\\\"", "").matches('"').count();
        assert_eq!(quotes % 2, 0, "{line}");
    }
}

#[test]
fn what_was_never_said_is_not_drawn() {
    let plain = load_whole(&json!({"name": "plain", "version": 1, "steps": [{"step": "ping"}]})).unwrap();
    assert_eq!(
        plain.mermaid(),
        "flowchart TD\n  n0([\"input\"])\n  n1[\"ping\"]\n  n0 --> n1\n  classDef no_effect stroke-width:1px\n  class \
         n1 no_effect\n"
    );
    assert_eq!(
        plain.outline(),
        "plain version 1: 1 step, undone when one of them fails\n  1. ping: only reads\n"
    );
}
