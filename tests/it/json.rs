//! Sagas that came as JSON: started by name, and run like any other.

use std::time::Duration;

use saga::engine::{EngineBuilder, StartError};
use saga::store::{Listing, Status, Store};
use saga::{Definition, Outcome, StepError, StepRegistry, Untyped, saga, step};
use serde_json::{Value, json};

use crate::life::{Lives, id, pass, status};
use crate::world::{Act, Way, World, a, b, c};

#[step(no_effect)]
async fn add(x: i64, y: i64) -> saga::Result<i64> {
    if x == 13 { Err(StepError::permanent("not 13")) } else { Ok(x + y) }
}

#[step(no_effect)]
async fn tell(value: &Value) -> saga::Result<Value> {
    Ok(value.clone())
}

/// By macro, called from JSON.
#[saga(version = 1)]
async fn twice(n: i64) -> saga::Result<i64> {
    let sum = add(n, n).await?;
    Ok(sum)
}

/// What definitions may call.
pub fn registry() -> StepRegistry<World> {
    let registry = StepRegistry::<World>::default();
    registry.with::<a>().with::<b>().with::<c>().with::<add>().with::<tell>().with_saga(twice::definition())
}

fn load(saga: &Value) -> Definition<World> {
    registry().load(&saga.to_string()).unwrap()
}

/// Loads it as version 1 of `loaded`.
fn with(mut saga: Value) -> impl FnOnce(EngineBuilder<World>) -> EngineBuilder<World> {
    saga["name"] = json!("loaded");
    saga["version"] = json!(1);
    move |builder| builder.saga(load(&saga))
}

/// What it gives for that input.
fn run(saga: Value, input: &Value) -> Result<Value, String> {
    Lives::new().live(with(saga), async |life| {
        let started = life.client.start_json("loaded", input).await.unwrap();
        match started.handle.outcome().await.unwrap() {
            Outcome::Completed(value) => Ok(value),
            Outcome::RolledBack { message } => Err(message),
            Outcome::Failed { message, .. } => Err(format!("failed: {message}")),
        }
    })
}

#[test]
fn references_literals_and_nested_values_are_computed() {
    let saga = json!({
        "steps": [
            {"id": "sum", "step": "add", "args": {"x": "$input.pair.0", "y": 10}},
            {"id": "said", "step": "tell", "args": {"value": {"all": ["$sum", "$$5", null, "$input.none.at.all"], "of": "$input"}}},
        ],
        "output": {"sum": "$sum", "said": "$said.all", "pair": "$said.of.pair"},
    });
    assert_eq!(
        run(saga, &json!({"pair": [1, 2]})).unwrap(),
        json!({"sum": 11, "said": [11, "$5", null, null], "pair": [1, 2]})
    );
}

#[test]
fn ways_part_and_meet() {
    let saga = json!({
        "steps": [
            {"parallel": [
                [{"id": "left", "step": "add", "when": "$input.left", "args": {"x": 1, "y": 1}}],
                [{"id": "right", "step": "add", "when": {"not": "$input.left"}, "args": {"x": 2, "y": 2}}],
            ]},
            {"id": "one", "if": {"exists": "$left"}, "then": [{"step": "tell", "args": {"value": "left"}}], "else": [{"value": "right"}]},
            {"id": "kind", "match": "$input.kind",
             "arms": {"ftth": [{"value": "fibre"}], "7": [{"step": "add", "args": {"x": 3, "y": 4}}]},
             "else": [{"sleep": "1h"}, {"value": ["$one", "other"]}]},
            {"if": {"equals": ["$input.kind", "ftth"]}, "then": [{"id": "inner", "step": "tell", "args": {"value": 1}},
                                                                 {"step": "tell", "args": {"value": "$inner"}}]},
        ],
        "output": ["$left", "$right", "$one", "$kind"],
    });
    let of = |input: Value| run(saga.clone(), &input).unwrap();
    assert_eq!(of(json!({"left": true, "kind": "ftth"})), json!([2, null, "left", "fibre"]));
    assert_eq!(of(json!({"kind": 7})), json!([null, 4, "right", 7]));
    assert_eq!(of(json!({"kind": {}})), json!([null, 4, "right", ["right", "other"]]));
}

#[test]
fn an_arm_that_gives_nothing_gives_null() {
    let saga = json!({"steps": [{"id": "x", "if": "$input", "then": [{"value": 1}]}], "output": ["$x"]});
    assert_eq!(run(saga.clone(), &json!(true)).unwrap(), json!([1]));
    assert_eq!(run(saga, &json!(false)).unwrap(), json!([null]));
}

#[test]
fn failures_are_tolerated_or_decided_on() {
    let add = |id: &str, if_failed: &str, x: &str| json!({"id": id, "step": "add", "if_failed": if_failed, "args": {"x": x, "y": 0}});
    let saga = json!({
        "steps": [
            add("lost", "go_on", "$input.bad"),
            add("no", "decide", "$input.bad"),
            add("yes", "decide", "$input.good"),
            {"id": "after", "if": {"exists": "$no.Err"}, "then": [{"value": "$no.Err.message"}]},
        ],
        "output": ["$lost", "$yes.Ok", "$after"],
    });
    let said = run(saga, &json!({"bad": 13, "good": 1})).unwrap();
    assert_eq!(said, json!([null, 1, "not 13"]));
}

#[test]
fn a_step_is_called_for_each_item() {
    let saga = json!({
        "steps": [
            {"id": "sums", "step": "add", "each": "$input.ports", "as": "port", "max_parallel": 2,
             "args": {"x": "$port.n", "y": "$input.more"}},
            {"id": "some", "step": "add", "each": [1, 13, "$input.more"], "if_failed": "go_on", "args": {"x": "$item", "y": 0}},
        ],
        "output": {"sums": "$sums", "second": "$sums.1", "some": "$some"},
    });
    let ports = json!({"more": 100, "ports": [{"n": 1}, {"n": 2}, {"n": 3}]});
    assert_eq!(
        run(saga.clone(), &ports).unwrap(),
        json!({"sums": [101, 102, 103], "second": 102, "some": [1, null, 100]})
    );
    let none = run(saga.clone(), &json!({"more": 5, "ports": []})).unwrap();
    assert_eq!(none, json!({"sums": [], "second": null, "some": [1, null, 5]}));
    let said = run(saga, &json!({"ports": "all"})).unwrap_err();
    assert!(said.contains("`each` takes a list, not a text"), "{said}");
}

#[test]
fn a_saga_is_called_like_a_step() {
    let saga = json!({"steps": [{"id": "a", "saga": "twice", "input": "$input.n"}, {"id": "b", "saga": "twice", "input": "$a"}],
                      "output": "$b"});
    assert_eq!(run(saga, &json!({"n": 3})).unwrap(), json!(12));
}

#[test]
fn it_waits_for_events_and_for_times() {
    let saga = json!({
        "steps": [
            {"id": "late", "wait_for_event": "online", "key": "$input.onu", "timeout": "1m", "if_failed": "go_on"},
            {"sleep_until": "$input.at"},
            {"id": "online", "wait_for_event": "online", "key": "$input.onu"},
            {"sleep": "$input.pause"},
        ],
        "output": ["$late", "$online.power"],
    });
    Lives::new().live(with(saga), async |life| {
        let at = life.runtime().now().plus(Duration::from_secs(3600));
        let input = json!({"onu": 7, "at": at.to_string(), "pause": "2h"});
        let started = life.client.start_json("loaded", &input).id("w").await.unwrap();
        pass(Duration::from_secs(3700)).await;
        let power = saga::Json::encode(&json!({"power": -20})).unwrap();
        life.client.publish("default", "online", "7", power, None).await.unwrap();
        pass(Duration::from_secs(3600)).await;
        assert_eq!(status(&life.load("w").await), Status::Waiting);
        assert_eq!(started.handle.outcome().await.unwrap(), Outcome::Completed(json!([null, -20])));
    });
}

fn three() -> Value {
    let step =
        |step: &str| json!({"id": format!("the_{step}"), "step": step, "args": {"word": "$input.word"}});
    json!({"locks": {"word": "$input.word"}, "steps": [step("a"), step("b"), step("c")], "output": "$the_c"})
}

#[test]
fn it_is_undone_in_reverse() {
    Lives::new().live(with(three()), async |life| {
        life.world.script("c", Way::Do, [Act::Refuse]);
        let started = life.client.start_json("loaded", &json!({"word": "x"})).await.unwrap();
        let Outcome::RolledBack { message } = started.handle.outcome().await.unwrap() else { panic!() };
        assert!(message.starts_with("Step 3 (c) failed"), "{message}");
        assert_eq!(life.world.calls(), ["do a", "do b", "do c", "undo b", "undo a"]);
    });
}

#[test]
fn a_start_is_known_by_its_key_and_holds_its_locks() {
    Lives::new().live(with(three()), async |life| {
        life.world.script("b", Way::Do, [Act::Slow(Duration::from_millis(500))]);
        let start = |text: &str, key: &str| {
            let input: Value = serde_json::from_str(text).unwrap();
            life.client.start_json("loaded", &input).idempotency_key(key)
        };
        let first = start(r#"{"word": "x", "n": 1}"#, "k").await.unwrap();
        let again = start(r#"{"n": 1, "word": "x"}"#, "k").await.unwrap();
        assert_eq!((again.handle.id(), again.replayed), (first.handle.id(), true));
        let existing = first.handle.id().clone();
        assert_eq!(
            start(r#"{"word": "y"}"#, "k").await.unwrap_err(),
            StartError::Conflict { existing: existing.clone() }
        );
        let excluded = StartError::Excluded { key: "word=x".into(), holder: existing };
        assert_eq!(start(r#"{"word": "x"}"#, "other").await.unwrap_err(), excluded);
        assert!(start(r#"{"word": null}"#, "none").await.is_ok());
        let unknown = life.client.start_json("load", &json!({})).await.unwrap_err();
        assert_eq!(unknown, StartError::UnknownSaga("load".into()));
    });
}

#[test]
fn a_lock_on_what_the_input_does_not_have_is_no_lock_and_starts_nothing() {
    let saga = |input: Value| {
        json!({"input": input, "locks": {"onu": "$input.onu.serial"},
               "steps": [{"step": "a", "args": {"word": "x"}}]})
    };
    let amiss = |at: &str| {
        let message = "the lock `onu` is on this, and the input has none: send it, or `null` to take no lock";
        StartError::Misfit { saga: "loaded".into(), at: at.into(), message: message.into() }
    };
    Lives::new().live(with(saga(json!({"type": "object"}))), async |life| {
        let start = |input: Value| life.client.start_json("loaded", &input).into_future();
        assert_eq!(start(json!({"onu": {"seral": "A1"}})).await.unwrap_err(), amiss("$input.onu.serial"));
        assert_eq!(start(json!({"serial": "A1"})).await.unwrap_err(), amiss("$input.onu"));
        assert_eq!(start(json!({"onu": ["A1"]})).await.unwrap_err(), amiss("$input.onu.serial"));
        assert!(life.client.list(Listing::default()).await.unwrap().headers.is_empty());
        for none in [json!({"onu": {"serial": null}}), json!({"onu": null})] {
            assert!(start(none.clone()).await.is_ok(), "{none}");
        }
    });
    // Whoever says that it may be missing has thought of it.
    let onu = json!({"type": "object", "properties": {"serial": {"type": "string"}}});
    let input = json!({"type": "object", "properties": {"onu": onu}});
    Lives::new().live(with(saga(input)), async |life| {
        for none in [json!({"onu": {}}), json!({})] {
            assert!(life.client.start_json("loaded", &none).await.is_ok(), "{none}");
        }
        life.world.script("a", Way::Do, [Act::Slow(Duration::from_secs(60))]);
        life.client.start_json("loaded", &json!({"onu": {"serial": "A1"}})).await.unwrap();
        let again = life.client.start_json("loaded", &json!({"onu": {"serial": "A1"}})).await;
        assert!(matches!(again, Err(StartError::Excluded { key, .. }) if key == "onu=A1"));
    });
}

#[test]
fn an_input_that_does_not_fit_the_schema_is_refused_before_anything_is_written() {
    let pair = json!({"type": "array", "items": {"type": "integer"}});
    let saga = json!({
        "input": {"type": "object", "properties": {"pair": pair, "why": {"enum": ["new", "moved"]}},
                  "required": ["pair"], "additionalProperties": false},
        "steps": [{"id": "sum", "step": "add", "args": {"x": "$input.pair.0", "y": 1}}],
        "output": "$sum",
    });
    Lives::new().live(with(saga), async |life| {
        for (input, at, words) in [
            (json!({}), "$input", "the field `pair` is missing"),
            (json!({"pair": [1, "x"]}), "$input.pair.1", "\"x\" where a whole number belongs"),
            (json!({"pair": 7}), "$input.pair", "7 where a list belongs"),
            (json!({"pair": [], "why": "old"}), "$input.why", "\"old\" where \"new\" or \"moved\" belongs"),
            (json!({"pair": [], "wyh": "new"}), "$input", "there is no field `wyh`"),
        ] {
            let refused = life.client.start_json("loaded", &input).id("w").await.unwrap_err();
            let (saga, at, message) = ("loaded".to_owned(), at.to_owned(), words.to_owned());
            assert_eq!(refused, StartError::Misfit { saga, at, message }, "{input}");
            assert!(life.store.load(&id("w")).await.unwrap().is_none(), "{input}");
        }
        let started = life.client.start_json("loaded", &json!({"pair": [1]})).id("w").await.unwrap();
        assert_eq!(started.handle.outcome().await.unwrap(), Outcome::Completed(json!(2)));
    });
}

#[step(no_effect, secret_output)]
async fn issue(user: &str) -> saga::Result<Value> {
    Ok(json!({"user": user, "tokens": [format!("s3cret of {user}")]}))
}

#[step(no_effect)]
async fn measure(token: &str) -> saga::Result<usize> {
    Ok(token.len())
}

#[test]
fn what_is_referred_to_in_a_secret_is_opened_for_the_step_and_sealed_everywhere_else() {
    let saga = json!({
        "name": "loaded", "version": 1,
        "steps": [
            {"id": "issued", "step": "issue", "args": {"user": "$input"}},
            {"id": "long", "step": "measure", "args": {"token": "$issued.tokens.0"}},
        ],
        "output": {"token": "$issued.tokens.0", "long": "$long"},
    });
    let registry = StepRegistry::<World>::default().with::<issue>().with::<measure>();
    let definition = registry.load(&saga.to_string()).unwrap();
    assert!(definition.plan().is_output_secret());
    let keys = saga::seal::Keys::new("k1", &[7; 32]).unwrap();
    Lives::new().live(
        |builder| builder.saga(definition).secrets(keys),
        async |life| {
            let started = life.client.start_json("loaded", &json!("bob")).id("w").await.unwrap();
            let wanted = json!({"token": "s3cret of bob", "long": 13});
            assert_eq!(started.handle.outcome().await.unwrap(), Outcome::Completed(wanted));
            let kept = format!("{:?}", life.load("w").await);
            assert!(!kept.contains("s3cret") && kept.contains("$sealed"), "{kept}");
        },
    );
}

#[test]
fn a_secret_input_is_opened_for_steps_and_sealed_everywhere_else() {
    let saga = json!({
        "name": "loaded", "version": 1, "secret_input": true,
        "steps": [
            {"id": "phrase", "value": "$input.phrase"},
            {"id": "shown", "value": {"name": "$input.name"}, "disclosed": true},
            {"id": "long", "step": "measure", "args": {"token": "$phrase"}},
        ],
        "output": {"phrase": "$phrase", "long": "$long"},
    });
    let load = || StepRegistry::<World>::default().with::<measure>().load(&saga.to_string()).unwrap();
    let (definition, again) = (load(), load());
    let keys = saga::seal::Keys::new("k1", &[7; 32]).unwrap();
    let mut lives = Lives::new();
    lives.live(
        |builder| builder.saga(definition).secrets(keys),
        async |life| {
            let input = json!({"phrase": "correct-horse", "name": "bob"});
            let started = life.client.start_json("loaded", &input).id("w").await.unwrap();
            let wanted = json!({"phrase": "correct-horse", "long": 13});
            assert_eq!(started.handle.outcome().await.unwrap(), Outcome::Completed(wanted));
            let kept = format!("{:?}", life.load("w").await);
            assert!(!kept.contains("horse") && kept.contains("$sealed") && kept.contains("bob"), "{kept}");
        },
    );
    // Without a key nobody runs it.
    let refused =
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
            let builder = saga::Engine::builder(lives.world.clone()).store(lives.store.clone());
            builder.saga(again).build().await.err().expect("an engine without a key")
        });
    assert!(refused.to_string().contains("loaded"), "{refused}");
}

#[test]
fn it_goes_on_after_a_crash_when_the_same_json_is_loaded_again() {
    let mut lives = Lives::new();
    lives.world.script("b", Way::Do, [Act::Hang]);
    lives.live(with(three()), async |life| {
        life.client.start_json("loaded", &json!({"word": "x"})).id("w").await.unwrap();
        pass(Duration::from_millis(300)).await;
    });
    lives.live(with(three()), async |life| {
        let handle = life.client.handle::<Untyped>(id("w"));
        assert_eq!(handle.outcome().await.unwrap(), Outcome::Completed(json!("w/c.the_c")));
    });
    assert_eq!(lives.world.called("do a"), 1);
    assert!(lives.world.doubled().is_empty());
}
