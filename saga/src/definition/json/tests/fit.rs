//! Types by schema: what certainly does not fit is refused where it stands.

use serde_json::{Value, json};

use super::{faults, load, load_whole};

fn customer() -> Value {
    json!({"id": "customer", "step": "create_customer", "args": {"request": "$input"}})
}
fn allocate(customer: &Value, site: &Value) -> Value {
    json!({"id": "ip", "step": "allocate_ip", "args": {"customer": customer, "site": site}})
}

#[test]
fn a_literal_has_the_type_of_the_parameter() {
    let said = faults(&json!([
        allocate(&json!("seven"), &json!(null)),
        {"step": "allocate_ip", "args": {"customer": -1, "site": ["x"]}},
        {"step": "allocate_ip", "args": {"customer": 1.5, "site": "x"}},
    ]));
    assert_eq!(
        said,
        "steps[0].args.customer: does not fit: \"seven\" where a whole number belongs\n\
         steps[0].args.site: does not fit: null where a text belongs\n\
         steps[1].args.customer: does not fit: -1 where a whole number belongs\n\
         steps[1].args.site: does not fit: a list where a text belongs\n\
         steps[2].args.customer: does not fit: 1.5 where a whole number belongs"
    );
}

#[test]
fn what_a_step_gives_fits_what_another_takes() {
    assert!(load(&json!([customer(), allocate(&json!("$customer.id"), &json!("$customer.email"))])).is_ok());
    let said = faults(&json!([
        customer(),
        allocate(&json!("$customer"), &json!("$customer.id")),
        {"step": "allocate_ip", "args": {"customer": "$customer.ident", "site": "$customer.nick"}},
        {"step": "allocate_ip", "args": {"customer": "$ip.address", "site": "$ip.address.x"}},
    ]));
    assert_eq!(
        said,
        "steps[1].args.customer: does not fit: an object where a whole number belongs\n\
         steps[1].args.site: does not fit: a whole number where a text belongs\n\
         steps[2].args.customer: `$customer` has no `ident`; it has `email`, `id`, `nick`, `tags`\n\
         steps[2].args.site: does not fit: null or a text where a text belongs\n\
         steps[3].args.customer: does not fit: a text where a whole number belongs\n\
         steps[3].args.site: `$ip.address` has no `x`"
    );
}

#[test]
fn what_may_be_missing_is_not_there_for_sure() {
    let mut ip = allocate(&json!("$customer.id"), &json!("x"));
    for (key, value) in [("when", json!("$input.ip")), ("if_failed", json!("go_on"))] {
        ip[key] = value;
        let said = faults(
            &json!([customer(), ip, {"step": "allocate_ip", "args": {"customer": 1, "site": "$ip.address"}}]),
        );
        assert_eq!(said, "steps[2].args.site: does not fit: null where a text belongs");
        ip.as_object_mut().unwrap().remove(key);
    }
    ip["if_failed"] = json!("decide");
    let said = faults(
        &json!([customer(), ip, {"step": "allocate_ip", "args": {"customer": 1, "site": "$ip.address"}}]),
    );
    assert_eq!(said, "steps[2].args.site: `$ip` has no `address`; it has `Err`, `Ok`");
}

#[test]
fn an_object_has_the_fields_that_are_asked_for() {
    let port = |port: Value| json!({"step": "set_port", "args": {"port": port}});
    assert!(load(&json!([port(json!({"name": "$input.name", "speed": "fast"}))])).is_ok());
    assert_eq!(
        faults(&json!([
            port(json!({"name": "a"})),
            port(json!({"name": 1, "speed": "fast"})),
            port(json!({"name": "a", "speed": "faster"})),
            port(json!({"name": "a", "speed": "slow", "color": 1})),
        ])),
        "steps[0].args.port: does not fit: the field `speed` is missing\n\
         steps[1].args.port.name: does not fit: 1 where a text belongs\n\
         steps[2].args.port.speed: does not fit: \"faster\" where \"slow\" or \"fast\" belongs\n\
         steps[3].args.port: does not fit: there is no field `color`"
    );
}

#[test]
fn items_have_the_type_of_the_list() {
    let each = |each: &str, site: &str| {
        json!([customer(), {"step": "allocate_ip", "each": each,
        "args": {"customer": 1, "site": site}}])
    };
    assert!(load(&each("$customer.tags", "$item")).is_ok());
    assert_eq!(faults(&each("$customer.email", "x")), "steps[1].each: does not fit: this is no list");
    assert_eq!(faults(&each("$customer.tags", "$item.name")), "steps[1].args.site: `$item` has no `name`");
    assert_eq!(
        faults(&json!([
            {"id": "tags", "step": "ping", "each": [1, 2]},
            {"step": "allocate_ip", "args": {"customer": 1, "site": "$tags.0"}},
        ])),
        "steps[1].args.site: does not fit: a boolean where a text belongs"
    );
}

#[test]
fn the_input_of_a_saga_has_a_type_where_it_is_said() {
    let saga = |field: &str| {
        json!({
            "name": "a", "version": 1,
            "input": {"type": "object", "properties": {"email": {"type": "string"}, "age": {"type": "integer"}},
                      "required": ["email"]},
            "steps": [{"saga": "onboard", "input": {"email": field}}],
        })
    };
    assert!(load_whole(&saga("$input.email")).is_ok());
    assert_eq!(
        load_whole(&saga("$input.age")).unwrap_err(),
        "steps[0].input.email: does not fit: a whole number where a text belongs"
    );
    assert_eq!(
        load_whole(&saga("$input.mail")).unwrap_err(),
        "steps[0].input.email: `$input` has no `mail`; did you mean `email`?"
    );
    assert_eq!(
        faults(&json!([{"saga": "onboard", "input": {"mail": "x"}}])),
        "steps[0].input: does not fit: the field `email` is missing"
    );
}

#[test]
fn an_arm_that_gives_something_else_is_noticed() {
    let steps = |other: Value| {
        json!([
            {"id": "site", "if": "$input.a", "then": [{"value": "x"}], "else": [{"value": other}]},
            {"step": "allocate_ip", "args": {"customer": 1, "site": "$site"}},
        ])
    };
    assert!(load(&steps(json!("y"))).is_ok());
    assert_eq!(faults(&steps(json!(3))), "steps[1].args.site: does not fit: 3 where a text belongs");
}
