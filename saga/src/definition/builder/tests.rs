//! Mistakes that a handle, being `Copy`, and a method, being there, do not hinder: each is told when the saga is closed.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]

use std::time::Duration;

use serde_json::{Value, json};

use super::SagaBuilder;
use crate::definition::json::tests::{create_customer, ping, welcome};
use crate::definition::{Handle, Values};
use crate::error::StepError;
use crate::json::Json;
use crate::step::{Args, Callable, Callee, Class, Meta, Signature};

type Builder = SagaBuilder<(), Value>;
type Out = Handle<Value>;

fn args<C>(_: Value) -> Result<Args<C>, StepError> {
    Ok(Args::new(Json::encode(&json!({ "request": 1 })).unwrap()))
}
fn customer(s: &mut Builder) -> Out {
    let input = s.input();
    s.call::<create_customer, _>(input, args)
}

enum Inner {}
impl Signature for Inner {
    type Output = Value;
    const META: &'static Meta = &Meta { params: &["request"], ..Meta::new("inner", Class::Compensatable) };
}
impl Callable<()> for Inner {
    fn erased() -> Callee<()> {
        let mut s = Builder::new("inner", 1);
        let made = customer(&mut s);
        s.finish(made, Ok).unwrap().into()
    }
}

fn named(name: &str, version: u32) -> String {
    let s = Builder::new(name, version);
    let input = s.input();
    s.finish(input, Ok).err().map(|error| error.to_string()).unwrap_or_default()
}
/// What is said of it; nothing if it is a plan.
fn slip(build: impl FnOnce(&mut Builder) -> Out) -> String {
    let mut s = Builder::new("test", 1);
    let out = build(&mut s);
    s.finish(out, Ok).err().map(|error| error.to_string()).unwrap_or_default()
}

#[test]
fn a_saga_has_a_name_and_a_version() {
    assert_eq!(
        named("a b", 1),
        "`a b` is not a name of a saga: use letters, digits, `_`, `-` and `.`, at most 64"
    );
    assert_eq!(named("test", 0), "version 0 of saga `test`: versions are counted from 1");
    assert_eq!(named("test", 1), "");
}

#[test]
fn what_is_in_an_arm_is_not_read_outside() {
    let said = "which is in an arm that may not run: let the arms give the value, with `end_if`, `end_when` or \
                `end_match`, and read that";
    let inside = |s: &mut Builder| {
        let mut arms = s.begin_if("rich", (), |()| Ok(true));
        let made = customer(s);
        s.begin_else(&mut arms);
        s.end_arms(arms);
        made
    };
    assert_eq!(slip(inside), format!("`output` reads `create_customer`, {said}"));
    let read_on = slip(|s| {
        let made = inside(s);
        s.call::<ping, _>(made, args)
    });
    assert_eq!(read_on, format!("`ping` reads `create_customer`, {said}"));
    let by_another_arm = slip(|s| {
        let mut arms = s.begin_if("rich", (), |()| Ok(true));
        let made = customer(s);
        s.begin_else(&mut arms);
        let other = s.call::<ping, _>(made, args);
        s.end_if(arms, made, other)
    });
    // The arms part before either of them.
    assert!(by_another_arm.starts_with("`ping` reads `create_customer`, which does not come before it"));
    let exchanged = slip(|s| {
        let mut arms = s.begin_if("rich", (), |()| Ok(true));
        let a = customer(s);
        s.begin_else(&mut arms);
        let b = customer(s);
        s.end_if(arms, b, a)
    });
    assert_eq!(exchanged, format!("`select` reads `create_customer#2`, {said}"));
}

#[test]
fn the_arms_of_a_choice_give_its_value() {
    let of_both = slip(|s| {
        let before = customer(s);
        let mut arms = s.begin_if("rich", (), |()| Ok(true));
        let then = s.call::<ping, _>(before, args);
        let mut inner = s.begin_match("kind", (), |()| Ok("a"));
        s.begin_arm(&mut inner, "a");
        let a = s.call::<ping, _>(then, args);
        s.begin_arm(&mut inner, "b");
        let then = s.end_match(inner, a, &[then]);
        s.begin_else(&mut arms);
        let either = s.end_if(arms, then, before);
        s.call_if(either, |_| true, args::<ping>);
        either
    });
    assert_eq!(of_both, "");
}

#[test]
fn a_branch_cannot_read_the_one_beside_it_nor_another_saga() {
    let said = "which does not come before it: a branch cannot read the one beside it, and a handle is good in its own \
                builder only";
    let beside = slip(|s| {
        let mut branches = s.begin_branches();
        s.begin_branch(&mut branches);
        let made = customer(s);
        s.begin_branch(&mut branches);
        let other = s.call::<ping, _>(made, args);
        s.end_branches(branches);
        other
    });
    assert_eq!(beside, format!("`ping` reads `create_customer`, {said}"));
    let mut other = Builder::new("other", 1);
    customer(&mut other);
    let foreign = customer(&mut other);
    assert_eq!(slip(|_| foreign), format!("`output` reads `value 2 of another builder`, {said}"));
    let call = slip(|s| s.call::<ping, _>(foreign, args));
    assert_eq!(call, format!("`ping` reads `value 2 of another builder`, {said}"));
}

#[test]
fn what_is_opened_is_closed() {
    let arms = slip(|s| {
        let arms = s.begin_if("rich", (), |()| Ok(true));
        drop(arms);
        customer(s)
    });
    assert_eq!(arms, "`rich` is not closed: end it with `end_if`, `end_when`, `end_match` or `end_arms`");
    let branches = slip(|s| {
        let mut branches = s.begin_branches();
        s.begin_branch(&mut branches);
        customer(s)
    });
    assert_eq!(branches, "branches are not closed: end them with `end_branches`");
    let crossed = slip(|s| {
        let outer = s.begin_if("outer", (), |()| Ok(true));
        let inner = s.begin_if("inner", (), |()| Ok(true));
        s.end_arms(outer);
        s.end_arms(inner);
        s.input()
    });
    assert_eq!(
        crossed,
        "`outer` is gone on with while an arm inside of it is open: close the inner one first"
    );
}

#[test]
fn each_arm_is_opened_once_and_gives_one_value() {
    let arms = |opened: &[&str], values: usize| {
        slip(|s| {
            let mut arms = s.begin_match("kind", (), |()| Ok("a"));
            let made: Vec<Out> =
                opened.iter().map(|arm| (s.begin_arm(&mut arms, arm), customer(s)).1).collect();
            let first = made.first().copied().unwrap_or_else(|| s.input());
            s.end_match(arms, first, made.get(1..values).unwrap_or_default())
        })
    };
    assert_eq!(arms(&["a", "b"], 2), "");
    assert_eq!(arms(&["a", "a"], 2), "the arm \"a\" of `kind` is opened twice: put both parts into one");
    let each = "open each arm, and give one value for each";
    assert_eq!(arms(&["a", "b"], 1), format!("`kind` has 2 open arms and 1 values: {each}"));
    assert_eq!(arms(&[], 1), format!("`kind` has 0 open arms and 1 values: {each}"));
    let without_else = slip(|s| {
        let arms = s.begin_if("rich", (), |()| Ok(true));
        let made = customer(s);
        let given = s.end_when(arms, made);
        s.value("given", given, |given: Option<Value>| Ok(given.unwrap_or_default()))
    });
    assert_eq!(without_else, format!("`rich` has 1 open arms and 2 values: {each}"));
    let one_for_both = slip(|s| {
        let mut arms = s.begin_if("rich", (), |()| Ok(true));
        let made = customer(s);
        s.begin_else(&mut arms);
        s.end_if(arms, made, made)
    });
    assert_eq!(
        one_for_both,
        "`rich` gives the value of one arm for both: each has its own, or `end_when` makes an `Option` of it"
    );
}

#[test]
fn an_answer_that_names_no_arm_fails_the_saga_where_it_is_given() {
    let mut s = Builder::new("test", 1);
    let input = s.input();
    let mut arms = s.begin_match("kind", input, |kind| Ok(if kind == json!(1) { "one" } else { "many" }));
    s.begin_arm(&mut arms, "one");
    let one = customer(&mut s);
    let out = s.end_match(arms, one, &[]);
    let definition = s.finish(out, Ok).unwrap();
    let condition = definition.plan().nodes().iter().position(|node| &*node.name == "kind").unwrap();
    let condition = crate::definition::NodeId(u32::try_from(condition).unwrap());
    let answer = |input: Value| match definition.code(condition) {
        Some(crate::definition::Code::Compute(compute)) => {
            compute(Values(&[Some(Json::encode(&input).unwrap())])).map_err(|error| error.to_string())
        }
        _ => panic!("a condition is computed"),
    };
    assert_eq!(answer(json!(1)).unwrap().as_str(), "\"one\"");
    assert_eq!(answer(json!(2)).unwrap_err(), "`kind` has no arm \"many\": its arms are \"one\"");
}

#[test]
fn what_is_said_of_the_next_call_is_said_of_a_call() {
    let on_a_saga = slip(|s| {
        let input = s.input();
        s.adjusted(|policy| policy.timeout = None).call::<Inner, _>(input, args)
    });
    assert_eq!(on_a_saga, "`adjusted` says nothing about `inner`: it belongs before the call of a step");
    let on_a_call = slip(|s| {
        s.max_parallel(2);
        customer(s)
    });
    assert_eq!(
        on_a_call,
        "`max_parallel` says nothing about `create_customer`: it belongs before `call_each`"
    );
    let left = slip(|s| {
        let made = customer(s);
        s.named("too_late");
        made
    });
    assert_eq!(
        left,
        "`named` is said, and nothing follows that it could be about: say it before the call, or leave it out"
    );
    let through_the_condition = slip(|s| {
        let input = s.input();
        let given = s.adjusted(|policy| policy.retry.max_attempts = 2).call_if(input, |_| true, args::<ping>);
        s.value("given", given, |given: Option<Value>| Ok(given.unwrap_or_default()))
    });
    assert_eq!(through_the_condition, "");
}

#[test]
fn an_item_and_a_call_have_no_name_in_common() {
    let said = |label: &str| slip(|s| customer(s.named(label)));
    for wrong in ["made[0]", "a.b", "", "2nd"] {
        let cure = "give `named` letters, digits and `_`, at most 64, no digit first";
        assert_eq!(said(wrong), format!("`{wrong}` is not the name of a variable: {cure}"));
    }
    assert_eq!(said("größe_2"), "");
}

#[test]
fn a_call_is_as_patient_as_its_class_allows() {
    let retriable = |change: fn(&mut crate::Policy)| {
        slip(|s| {
            let input = s.input();
            s.adjusted(change).call::<welcome, _>(input, args)
        })
    };
    let limit =
        "`welcome` is `retriable`, so it is tried until it succeeds: leave its `retry.max_attempts` as it is";
    assert_eq!(retriable(|policy| policy.retry.max_attempts = 2), limit);
    assert_eq!(
        retriable(|policy| policy.undo_timeout = Some(Duration::from_secs(1))),
        "`welcome` has no compensation, so `undo_timeout` says nothing: leave it as it is"
    );
    assert_eq!(
        retriable(|policy| policy.timeout = Some(Duration::ZERO)),
        "a `timeout` of nothing leaves `welcome` no time: give it more, or leave it out"
    );
    assert_eq!(retriable(|policy| policy.timeout = Some(Duration::from_secs(1))), "");
    let none = slip(|s| customer(s.adjusted(|policy| policy.retry.max_attempts = 0)));
    assert_eq!(none, "`create_customer` is tried at least once: a `retry` of 0 attempts is none");
}

#[test]
fn options_of_the_saga_mean_something() {
    let whole = |say: fn(&mut Builder)| {
        slip(|s| {
            say(s);
            s.input()
        })
    };
    let twice: fn(&mut Builder) = |s| {
        s.lock("onu", &["a"]).lock("box", &["b"]).lock("onu", &["c"]);
    };
    assert_eq!(whole(twice), "the lock `onu` is taken twice: give one of them another name");
    let nameless: fn(&mut Builder) = |s| {
        s.lock("", &["a"]);
    };
    assert!(whole(nameless).starts_with("`` is not the name of a lock"));
    let at_once: fn(&mut Builder) = |s| {
        s.deadline(Duration::ZERO);
    };
    assert_eq!(
        whole(at_once),
        "a `deadline` of nothing leaves saga `test` no time: give it more, or leave it out"
    );
    let schema: fn(&mut Builder) = |s| {
        s.input_schema(json!({ "type": "objekt" }));
    };
    let said = whole(schema);
    assert!(said.starts_with("the input schema of saga `test` is none: input_schema.type: "), "{said}");
    let event: fn(&mut Builder) = |s| {
        s.wait_for_event::<Value, _>("paid", Some(Duration::ZERO), (), |()| Ok(String::new()));
    };
    assert!(whole(event).starts_with("a `timeout` of nothing leaves the wait for `paid` no time"));
}
