//! JSON definitions that nobody meant: broken by chance, or never whole. None makes the loader panic, each refusal says
//! where and what, and what is accepted is drawn, told and run, and ends.
//!
//! `definitions/` holds the good ones from which the broken ones are made, and every text that once found a fault; all are
//! tried by name. `PROPTEST_CASES=100000 PROPTEST_RNG_SEED=7 cargo test -p tests --test it definitions` looks longer.

use std::cell::Cell;
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};
use saga::{Definition, StepRegistry};
use serde_json::{Map, Value, json};

use crate::json::registry;
use crate::life::{Lives, id};
use crate::world::World;

/// What stands in the folder.
const KEPT: [(&str, &str); 5] = [
    ("good_ways", include_str!("definitions/good_ways.json")),
    ("good_failures", include_str!("definitions/good_failures.json")),
    ("good_items", include_str!("definitions/good_items.json")),
    ("good_waits", include_str!("definitions/good_waits.json")),
    ("found_field_without_a_name", include_str!("definitions/found_field_without_a_name.json")),
];

/// Words that mean something somewhere.
const WORDS: [&str; 46] = [
    "name",
    "version",
    "steps",
    "output",
    "id",
    "step",
    "args",
    "when",
    "parallel",
    "if",
    "then",
    "else",
    "match",
    "arms",
    "each",
    "as",
    "max_parallel",
    "if_failed",
    "go_on",
    "decide",
    "value",
    "sleep",
    "wait_for_event",
    "on_failure",
    "park",
    "deadline",
    "exists",
    "not",
    "equals",
    "timeout",
    "retry",
    "add",
    "tell",
    "twice",
    "a",
    "b",
    "$input",
    "$left",
    "$input.bad",
    "$nowhere",
    "$",
    "$$",
    "",
    "1h",
    "-1s",
    "99999999999999999999d",
];

fn words() -> impl Strategy<Value = String> {
    prop_oneof![8 => prop::sample::select(&WORDS[..]).prop_map(str::to_owned), 1 => ".{0,6}"]
}

fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        prop_oneof![Just(0), Just(1), Just(-1), Just(i64::MAX), any::<i64>()].prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        words().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((words(), inner), 0..4).prop_map(Value::from_iter),
        ]
    })
}

/// One slip of the pen, at the place that `at` leads to.
#[derive(Clone, Debug)]
enum Slip {
    Replace(Value),
    Remove,
    Twice,
    Rename(String),
    Add(String, Value),
    /// What stands here comes to where the other number leads.
    Move(usize),
}

fn slip() -> impl Strategy<Value = (usize, Slip)> {
    let slip = prop_oneof![
        anything().prop_map(Slip::Replace),
        Just(Slip::Remove),
        Just(Slip::Twice),
        words().prop_map(Slip::Rename),
        (words(), anything()).prop_map(|(name, value)| Slip::Add(name, value)),
        any::<usize>().prop_map(Slip::Move),
    ];
    (any::<usize>(), slip)
}

/// All places of a text.
fn places(value: &Value, here: &str, found: &mut Vec<String>) {
    found.push(here.to_owned());
    match value {
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, item)| places(item, &format!("{here}/{i}"), found));
        }
        Value::Object(fields) => fields.iter().for_each(|(name, field)| {
            places(field, &format!("{here}/{}", name.replace('~', "~0").replace('/', "~1")), found);
        }),
        _ => {}
    }
}

fn make(value: &mut Value, at: usize, slip: &Slip) {
    let mut all = vec![];
    places(value, "", &mut all);
    let here = &all[at % all.len()];
    match slip {
        Slip::Replace(other) => *value.pointer_mut(here).unwrap() = other.clone(),
        Slip::Move(to) => {
            let moved = value.pointer(here).unwrap().clone();
            *value.pointer_mut(&all[to % all.len()]).unwrap() = moved;
        }
        Slip::Add(name, other) => match value.pointer_mut(here).unwrap() {
            Value::Object(fields) => drop(fields.insert(name.clone(), other.clone())),
            Value::Array(items) => items.push(other.clone()),
            leaf => *leaf = other.clone(),
        },
        Slip::Remove | Slip::Twice | Slip::Rename(_) => {
            let Some((parent, key)) = here.rsplit_once('/') else { return };
            let key = key.replace("~1", "/").replace("~0", "~");
            match (value.pointer_mut(parent).unwrap(), slip) {
                (Value::Array(items), Slip::Twice) => {
                    items.push(items[key.parse::<usize>().unwrap()].clone())
                }
                (Value::Array(items), _) => drop(items.remove(key.parse().unwrap())),
                (Value::Object(fields), Slip::Rename(name)) => rename(fields, &key, name),
                (Value::Object(fields), _) => drop(fields.remove(&key)),
                _ => {}
            }
        }
    }
}

fn rename(fields: &mut Map<String, Value>, from: &str, to: &str) {
    if let Some(value) = fields.remove(from) {
        fields.insert(to.to_owned(), value);
    }
}

/// Whatever the text is.
fn check(registry: &StepRegistry<World>, text: &str) {
    match registry.load(text) {
        Err(error) => {
            assert!(!error.faults.is_empty(), "refused without a word: {text}");
            for fault in &error.faults {
                assert!(!fault.message.trim().is_empty(), "a fault without words: {text}");
            }
            // Only what is wrong with it as a whole has no place in it. (A list of three would pass for a `Trip`.)
            let of_the_whole = error.faults.iter().all(|fault| fault.path.is_empty());
            let is_object = serde_json::from_str::<Map<String, Value>>(text).is_ok();
            let is_like_one = is_object && serde_json::from_str::<Trip>(text).is_ok();
            assert!(!of_the_whole || !is_like_one, "{error}\n of {text}");
        }
        Ok(definition) => is_shown(&definition),
    }
}

/// What at least looks like one.
#[derive(serde::Deserialize)]
#[expect(dead_code, reason = "it is only looked whether they are there")]
struct Trip {
    name: String,
    version: u32,
    steps: Vec<Map<String, Value>>,
}

fn is_shown(definition: &Definition<World>) {
    for shown in [definition.mermaid(), definition.dot(), definition.outline(), definition.plan().text()] {
        assert!(!shown.trim().is_empty());
    }
}

/// An accepted one, run with this input: it ends, if need be because somebody cancels it.
fn ends(text: &str, input: &Value) {
    let Ok(definition) = registry().load(text) else { return };
    let name = definition.id().name.to_string();
    let text = text.to_owned();
    Lives::new().live(
        move |builder| builder.saga(definition),
        async |life| {
            let started = match life.client.start_json(&name, input).id("w").await {
                Ok(started) => started,
                // The input does not fit, or the name cannot be one.
                Err(error) => return assert!(!error.to_string().is_empty()),
            };
            let outcome = started.handle.outcome();
            let ended = match tokio::time::timeout(Duration::from_secs(3600), outcome).await {
                Ok(ended) => ended.unwrap(),
                Err(_) => {
                    life.client.cancel("default", &id("w"), "nobody").await.unwrap();
                    let patience = Duration::from_secs(10 * 3600);
                    tokio::time::timeout(patience, started.handle.outcome()).await.expect(&text).unwrap()
                }
            };
            assert!(!format!("{ended:?}").contains("panicked"), "{ended:?}: {text}");
        },
    );
}

/// The same texts in every run, so that a change is judged by itself.
fn config(cases: u32) -> ProptestConfig {
    let base = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    match std::env::var_os("PROPTEST_RNG_SEED") {
        Some(_) => base,
        None => ProptestConfig { cases, rng_seed: RngSeed::Fixed(1), ..base },
    }
}

fn broken() -> impl Strategy<Value = Value> {
    (0..KEPT.len(), prop::collection::vec(slip(), 1..4)).prop_map(|(which, slips)| {
        let mut value = serde_json::from_str(KEPT[which].1).unwrap();
        slips.iter().for_each(|(at, slip)| make(&mut value, *at, slip));
        value
    })
}

fn inputs() -> [Value; 2] {
    [
        Value::Null,
        json!({"left": true, "kind": 7, "bad": 13, "word": "w", "ports": [{"n": 1}, {"n": 2}], "more": [1]}),
    ]
}

#[test]
fn what_is_kept_is_read_or_refused_with_words_and_what_is_good_ends() {
    for (name, text) in KEPT {
        check(&registry(), text);
        assert_eq!(registry().load(text).is_ok(), name.starts_with("good"), "{name}");
        inputs().iter().for_each(|input| ends(text, input));
    }
}

#[test]
fn a_definition_broken_by_chance_is_refused_at_a_place_or_runs() {
    let registry = registry();
    let (refused, accepted) = (Cell::new(0), Cell::new(0));
    let run = TestRunner::new(config(300)).run(&broken(), |value| {
        let text = value.to_string();
        check(&registry, &text);
        if registry.load(&text).is_ok() {
            accepted.set(accepted.get() + 1);
            inputs().iter().for_each(|input| ends(&text, input));
        } else {
            refused.set(refused.get() + 1);
        }
        Ok(())
    });
    run.unwrap();
    assert!(refused.get() > 0 && accepted.get() > 0, "{refused:?} were refused, {accepted:?} accepted");
}

#[test]
fn a_text_that_was_never_a_definition_is_refused_with_words() {
    let registry = registry();
    TestRunner::new(config(600))
        .run(&anything(), |value| {
            check(&registry, &value.to_string());
            Ok(())
        })
        .unwrap();
    TestRunner::new(config(600))
        .run(&".{0,80}", |text| {
            check(&registry, &text);
            Ok(())
        })
        .unwrap();
    // Deeper than anybody reads.
    for (open, close) in [("[", "]"), ("{\"if\":", "}"), ("{\"steps\":[{\"parallel\":[[", "]]}]}")] {
        check(&registry, &format!("{}{}", open.repeat(10_000), close.repeat(10_000)));
        check(&registry, &open.repeat(10_000));
    }
}

#[test]
fn a_text_cut_off_or_with_another_letter_is_refused_with_words_or_shown() {
    let registry = registry();
    let slip = (0..KEPT.len(), any::<usize>(), any::<char>(), any::<bool>());
    let run = TestRunner::new(config(600)).run(&slip, |(which, at, letter, cut)| {
        let letters: Vec<char> = KEPT[which].1.chars().collect();
        let at = at % letters.len();
        let rest = if cut { &[] } else { &letters[at + 1..] };
        let text: String = letters[..at].iter().chain([&letter]).chain(rest).collect();
        check(&registry, &text);
        Ok(())
    });
    run.unwrap();
}
