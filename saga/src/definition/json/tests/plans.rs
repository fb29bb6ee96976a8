//! What becomes of JSON: the plan that a builder makes.

use std::time::Duration;

use serde_json::{Value, json};

use super::{allocate_ip, create_customer, load, load_whole, ping, welcome};
use crate::definition::{Op, SagaBuilder};
use crate::error::StepError;
use crate::json::Json;
use crate::retry::{Backoff, Jitter};
use crate::step::Args;
use crate::{OnFailure, Timestamp};

fn args<C>(value: &Value) -> Result<Args<C>, StepError> {
    Json::encode(value).map(Args::new).map_err(StepError::permanent)
}

#[test]
fn the_plan_and_its_fingerprint_are_those_of_the_builder() {
    let loaded = load_whole(&json!({
        "name": "test", "version": 3, "on_failure": "park",
        "steps": [
            {"id": "customer", "step": "create_customer", "args": {"request": "$input"}},
            {"parallel": [
                [{"id": "ip", "step": "allocate_ip", "when": "$input.ip",
                  "args": {"customer": "$customer.id", "site": "$input.site"}}],
                [{"step": "ping", "if_failed": "go_on"}],
            ]},
            {"id": "onus", "step": "welcome", "each": "$input.onus", "args": {"customer": "$item"}},
            {"sleep": "30s"},
            {"id": "online", "wait_for_event": "onu_online", "key": "$input.serial"},
        ],
        "output": {"ip": "$ip.address", "customer": "$customer.id"},
    }))
    .unwrap();

    let mut s = SagaBuilder::<(), Value>::new("test", 3);
    s.on_failure(OnFailure::Park);
    let input = s.input();
    let customer =
        s.named("customer").call::<create_customer, _>((input,), |(i,)| args(&json!({ "request": i })));
    let mut branches = s.begin_branches();
    s.begin_branch(&mut branches);
    let mut arms = s.begin_if("input.ip", (input,), |(i,)| Ok(i["ip"] == true));
    let ip = s.named("ip").call::<allocate_ip, _>((customer, input), |_| args(&json!({})));
    s.begin_else(&mut arms);
    let ip = s.named("ip").end_when(arms, ip);
    s.begin_branch(&mut branches);
    s.call_tolerated::<ping, _>((), |()| args(&json!({})));
    s.end_branches(branches);
    s.named("onus").call_each::<welcome, _>((input,), |_| Ok(vec![]));
    s.sleep((), |()| Ok(Duration::from_secs(30)));
    s.named("online").wait_for_event::<Value, _>("onu_online", None, (input,), |_| Ok(String::new()));
    let built = s.finish((ip, customer), |_| Ok(())).unwrap();

    assert_eq!(loaded.plan().describe(), built.plan().describe());
    assert_eq!(loaded.id(), built.id());
}

#[test]
fn a_call_says_how_patiently_it_is_tried() {
    let loaded = load(&json!([
        {"step": "ping", "timeout": "5s",
         "retry": {"max_attempts": 7, "backoff": {"linear": ["1s", "1m"]}, "jitter": "none", "deadline": "1h"}},
        {"step": "ping"},
    ]))
    .unwrap();
    let policies: Vec<_> = loaded.plan().steps().map(|(_, _, step)| step.policy).collect();
    let (first, second) = (policies[0], policies[1]);
    assert_eq!((first.timeout, first.retry.max_attempts), (Some(Duration::from_secs(5)), 7));
    assert_eq!(
        (first.retry.backoff, first.retry.jitter, first.retry.deadline),
        (
            Backoff::Linear { first: Duration::from_secs(1), max: Duration::from_secs(60) },
            Jitter::None,
            Some(Duration::from_secs(3600))
        )
    );
    assert_eq!(second, crate::Policy::DEFAULT);
    let plain = load(&json!([{"step": "ping"}, {"step": "ping"}])).unwrap();
    assert_eq!(plain.id(), loaded.id(), "patience is not part of the fingerprint");
}

#[test]
fn conditions_are_named_as_their_author_would_read_them() {
    let loaded = load(&json!([
        {"step": "ping", "when": {"all": ["$input.a", {"not": {"exists": "$input.b"}}]}},
        {"step": "ping", "when": {"any": [{"equals": ["$input.kind", "ftth"]}, {"not": "$input.c"}]}},
        {"id": "m", "match": "$input.kind",
         "arms": {"ftth": [{"step": "ping"}], "5": [{"sleep_until": "$input.at"}]}, "else": [{"value": null}]},
    ]))
    .unwrap();
    let names = loaded.plan().nodes().iter().filter(|n| matches!(n.op, Op::Condition | Op::Select { .. }));
    assert_eq!(
        names.map(|n| &*n.name).collect::<Vec<_>>(),
        [
            "input.a && !(input.b exists)",
            "select",
            "(input.kind == \"ftth\") || !input.c",
            "select#2",
            "input.kind",
            "select.m"
        ]
    );
}

#[test]
fn a_registered_saga_is_laid_in() {
    let loaded =
        load(&json!([{"id": "who", "saga": "onboard", "input": {"email": "a@b"}, "if_failed": "decide"},
        {"step": "welcome", "args": {"customer": "$who.Ok.id"}}]))
        .unwrap();
    let sub = &loaded.plan().sub_sagas()[0];
    assert_eq!((&*sub.name, sub.saga.version, loaded.total_steps()), ("onboard.who", 2, 2));
}

#[test]
fn deadline_and_locks_are_kept() {
    let loaded =
        load_whole(&json!({"name": "a", "version": 1, "deadline": "2h", "input": {"type": "object"},
        "locks": {"onu": "$input.onu.serial"}, "steps": [{"step": "ping"}]}))
        .unwrap();
    let plan = loaded.plan();
    assert_eq!(plan.deadline(), Some(Duration::from_secs(7200)));
    let key = |input: Value| plan.locks()[0].key(&crate::Json::encode(&input).unwrap()).unwrap();
    assert_eq!(key(json!({"onu": {"serial": "A1"}})).as_deref(), Some("onu=A1"));
    assert_eq!(key(json!({"onu": {}})), None);
    assert_eq!(plan.input_schema(), Some(&json!({"type": "object"})));
    assert!(Timestamp::parse("2026-01-31T12:00:00Z").is_some());
}

#[test]
fn other_arguments_change_the_advisory_hash_and_not_the_fingerprint() {
    let of = |site: &str| {
        load(&json!([{"id": "ip", "step": "allocate_ip", "args": {"customer": 1, "site": site}}, {"step": "ping"}]))
            .unwrap()
    };
    let (one, two) = (of("a"), of("b"));
    assert_eq!(one.id(), two.id());
    assert_eq!(two.plan().changed_expressions(&one.plan().text()), ["allocate_ip.ip".into()]);
    assert!(one.plan().changed_expressions(&of("a").plan().text()).is_empty());
}
