//! Rules of steps and plans that a definition may break, each told at its place.

use serde_json::{Value, json};

use super::{faults, load, load_whole, registry};

fn whole(saga: &Value) -> String {
    load_whole(saga).err().unwrap_or_else(|| panic!("it was loaded: {saga}"))
}

#[test]
fn what_a_call_says_of_its_patience_means_something_for_its_step() {
    let customer = json!({"customer": 1});
    assert_eq!(
        faults(&json!([
            {"step": "ping", "undo_timeout": "1s", "undo_retry": {"max_attempts": 2}},
            {"step": "ping", "timeout": "0s", "undo_timeout": "x"},
            {"step": "ping", "undo_retry": {"attempts": 2}},
            {"step": "welcome", "args": customer, "retry": {"max_attempts": 3}},
            {"step": "welcome", "args": customer, "retry": {"deadline": "1h"}},
        ])),
        "steps[1].timeout: a `timeout` of nothing leaves no time to work\n\
         steps[1].undo_timeout: `x` is not a length of time: write a whole number and a unit, like \"200ms\", \
         \"10s\", \"5m\", \"2h\" or \"1d\"\n\
         steps[2].undo_retry.attempts: a retry has no field `attempts`; did you mean `max_attempts`?\n\
         steps[0].undo_timeout: `ping` has no compensation, so `undo_timeout` says nothing: leave it out\n\
         steps[0].undo_retry: `ping` has no compensation, so `undo_retry` says nothing: leave it out\n\
         steps[2].undo_retry: `ping` has no compensation, so `undo_retry` says nothing: leave it out\n\
         steps[3].retry.max_attempts: `welcome` is `retriable`, so it is tried until it succeeds: leave out \
         `max_attempts`\n\
         steps[4].retry.deadline: `welcome` is `retriable`, so it is tried until it succeeds: leave out `deadline`"
    );
    assert_eq!(
        whole(&json!({"name": "a", "version": 1, "deadline": "0s", "steps": [{"step": "ping"}]})),
        "deadline: a `deadline` of nothing leaves no time to work"
    );
}

#[test]
fn a_call_is_as_patient_as_it_says() {
    let definition = load(&json!([{
        "step": "create_customer", "args": {"request": 1}, "timeout": "3s", "settle_after": "0s",
        "undo_timeout": "4s", "undo_retry": {"max_attempts": 7, "jitter": "none"},
    }]))
    .unwrap();
    let (_, _, step) = definition.plan().steps().next().unwrap();
    let seconds = |length: Option<std::time::Duration>| length.unwrap().as_secs();
    let policy = &step.policy;
    assert_eq!(
        (seconds(policy.timeout), seconds(policy.undo_timeout), seconds(policy.settle_after)),
        (3, 4, 0)
    );
    let own = <super::create_customer as crate::Signature>::META.policy;
    assert_eq!(policy.undo_retry.max_attempts, 7);
    assert_eq!((policy.undo_retry.backoff, policy.retry), (own.undo_retry.backoff, own.retry));
}

#[test]
fn after_a_pivot_no_wait_gives_up_and_no_saga_fails() {
    let bill = json!({"step": "bill", "args": {"customer": 1}});
    let said = faults(&json!([bill, {"wait_for_event": "paid", "key": "x", "timeout": "1h"}]));
    assert!(said.starts_with("steps[1]: ") && said.contains("`paid`") && said.contains("`bill`"), "{said}");
    let said = faults(&json!([bill, {"saga": "onboard", "input": {"email": ""}}]));
    assert!(said.starts_with("steps[1]: ") && said.contains("`bill`"), "{said}");
    let beside = json!([{"parallel": [[bill], [{"step": "ping"}]]}]);
    assert!(faults(&beside).starts_with("steps[0].parallel[1][0]: "), "{}", faults(&beside));
    let in_an_arm = json!([{"if": "$input.a", "then": [bill]}, {"step": "ping"}]);
    assert!(faults(&in_an_arm).starts_with("steps[1]: "), "{}", faults(&in_an_arm));
    load(&json!([bill, {"wait_for_event": "paid", "key": "x"}, {"step": "ping", "if_failed": "go_on"}]))
        .unwrap();
}

#[test]
fn a_saga_with_a_pivot_is_not_tolerated() {
    let inner = load_whole(&json!({"name": "sell", "version": 1, "input": {},
                                   "steps": [{"step": "bill", "args": {"customer": "$input"}}]}));
    let registry = registry().with_saga(inner.unwrap());
    let outer = json!({"name": "outer", "version": 1,
                       "steps": [{"step": "ping"}, {"saga": "sell", "input": 1, "if_failed": "go_on"}]});
    let said = registry.load(&outer.to_string()).unwrap_err().to_string();
    assert!(said.starts_with("steps[1]: ") && said.contains("bill"), "{said}");
}

#[test]
fn what_is_waited_for_is_no_secret() {
    let saga = |key: Value| {
        json!({"name": "a", "version": 1, "secret_input": true, "steps": [
            {"id": "key", "value": "$input.name"}, key,
        ]})
    };
    let wait = json!({"id": "paid", "wait_for_event": "paid", "key": "$key"});
    let said = whole(&saga(wait));
    assert!(said.starts_with("steps[1]: ") && said.contains("made of a secret"), "{said}");
    assert!(said.ends_with("write `\"disclosed\": true` beside it if that is no secret"), "{said}");
    let sleep = json!({"id": "pause", "sleep": "$input.pause"});
    assert!(whole(&saga(sleep)).starts_with("steps[1]: "));
    load_whole(&saga(json!({"wait_for_event": "paid", "key": "$key", "disclosed": true}))).unwrap();
}

#[test]
fn a_mark_is_true_or_false_and_stands_where_it_means_something() {
    assert_eq!(
        whole(&json!({"name": "a", "version": 1, "secret_input": "yes", "steps": [
            {"value": 1, "disclosed": 1},
            {"step": "ping", "disclosed": "no"},
            {"if": "$input.a", "then": [{"step": "ping"}], "disclosed": true},
        ]})),
        "secret_input: expected `true` or `false`, found a text\n\
         steps[0].disclosed: expected `true` or `false`, found a number\n\
         steps[1].disclosed: expected `true` or `false`, found a text\n\
         steps[2].disclosed: an if has no field `disclosed`; the fields of an if are `id`, `if`, `then`, `else`"
    );
}

#[test]
fn a_secret_input_is_one_and_so_is_what_is_made_of_it() {
    let definition = load_whole(&json!({
        "name": "a", "version": 1, "secret_input": true,
        "steps": [
            {"id": "name", "value": "$input.name"},
            {"id": "shown", "value": {"first": "$input.first"}, "disclosed": true},
            {"id": "customer", "step": "create_customer", "args": {"request": "$name"}},
        ],
        "output": "$name",
    }))
    .unwrap();
    let plan = definition.plan();
    let secret: Vec<_> = plan.nodes().iter().filter(|node| node.secret).map(|node| &*node.name).collect();
    assert_eq!(secret, ["input", "value.name"]);
    assert!(plan.is_input_secret() && plan.is_output_secret());
    assert!(plan.steps().all(|(_, _, step)| step.sealed));
    let open =
        load_whole(&json!({"name": "a", "version": 1, "secret_input": false, "steps": [{"step": "ping"}]}));
    assert!(!open.unwrap().plan().has_secrets());
}

#[test]
fn what_a_saga_makes_of_secrets_is_secret_unless_it_is_disclosed() {
    let echo = json!({"name": "echo", "version": 1, "steps": [{"step": "ping"}], "output": "$input.name"});
    let echo = || load_whole(&echo).unwrap();
    let secrets = |disclosed: bool| {
        let outer = json!({
            "name": "outer", "version": 1, "secret_input": true,
            "steps": [{"id": "name", "saga": "echo", "input": "$input", "disclosed": disclosed}],
            "output": "$name",
        });
        let definition = registry().with_saga(echo()).load(&outer.to_string()).unwrap();
        let plan = definition.plan();
        let of = plan.nodes().iter().filter(|node| node.secret).map(|node| node.name.to_string());
        (of.collect::<Vec<_>>(), plan.is_output_secret())
    };
    let inner = ["input", "echo.name.input"].map(str::to_owned);
    assert_eq!(secrets(true), (inner.to_vec(), false));
    let (all, output) = secrets(false);
    assert!(all.len() == 3 && all.starts_with(&inner) && output, "{all:?}");
}

#[test]
fn an_output_is_secret_unless_it_is_disclosed() {
    let secret = |disclosed: bool| {
        let saga = json!({"name": "a", "version": 1, "secret_input": true, "steps": [{"step": "ping"}],
            "output": "$input.name", "disclosed_output": disclosed});
        load_whole(&saga).unwrap().plan().is_output_secret()
    };
    assert_eq!((secret(true), secret(false)), (false, true));
}
