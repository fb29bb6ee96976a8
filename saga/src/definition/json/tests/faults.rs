//! Every mistake, and its message.

use serde_json::{Value, json};

use super::{faults, load_whole, registry};

fn whole(saga: &Value) -> String {
    load_whole(saga).err().unwrap_or_else(|| panic!("it was loaded: {saga}"))
}

#[test]
fn a_text_that_is_no_json_says_where() {
    let said = |text: &str| registry().load(text).unwrap_err().to_string();
    assert_eq!(said("{\n  \"name\""), "this is not JSON: EOF while parsing an object at line 2 column 8");
    assert_eq!(
        said(r#"{"name": "a", "name": "b"}"#),
        "this is not JSON: `name` is given twice at line 1 column 20"
    );
    assert_eq!(said("[]"), "a saga is an object, not a list");
}

#[test]
fn an_input_that_is_no_json_schema_is_told_by_its_places() {
    let schema = json!({
        "type": "objekt", "required": "name", "$defs": {"size": {"enum": []}},
        "properties": {
            "name": {"type": ["string", 7], "minLength": -1},
            "size": {"$ref": "#/$defs/sise"},
            "": 3,
            "tags": {"type": "array", "items": {"type": "text"}, "maxItems": 3},
            "any": {"anyOf": [true, {"maximum": "9"}], "unknown": 1}
        }
    });
    assert_eq!(
        whole(&json!({"name": "a", "version": 1, "input": schema, "steps": [{"step": "ping"}]})),
        "input.$defs.size.enum: expected a list of the values that there are\n\
         input.properties[\"\"]: a JSON Schema is an object, not a number\n\
         input.properties.any.anyOf[1].maximum: expected a number, found a text\n\
         input.properties.name.minLength: expected a whole number from 0, found a number\n\
         input.properties.name.type[1]: expected the name of a type, found a number\n\
         input.properties.size.$ref: `#/$defs/sise` leads to no part of this schema, like `#/$defs/name`\n\
         input.properties.tags.items.type: `text` is no type; the types are `null`, `boolean`, `integer`, \
         `number`, `string`, `array`, `object`\n\
         input.required: expected a list of names of fields\n\
         input.type: `objekt` is no type; the types are `null`, `boolean`, `integer`, `number`, `string`, \
         `array`, `object`"
    );
    let good =
        json!({"type": ["object", "null"], "properties": {"a": {"$ref": "#/$defs/a"}}, "$defs": {"a": true}});
    load_whole(&json!({"name": "a", "version": 1, "input": good, "steps": [{"step": "ping"}]})).unwrap();
}

/// Also that of a field without a name.
#[test]
fn every_fault_has_a_place() {
    let said = whole(&json!({"name": "a", "version": 1, "": 1, "steps": [{"step": "ping", "a.b": 1}]}));
    assert!(said.contains("[\"\"]: a saga has no field ``;"), "{said}");
    assert!(said.contains("steps[0][\"a.b\"]: a step has no field `a.b`;"), "{said}");
}

#[test]
fn a_saga_has_a_name_a_version_and_steps() {
    assert_eq!(whole(&json!({})), "`name` is missing\n`version` is missing\n`steps` is missing");
    assert_eq!(
        whole(&json!({"name": 7, "version": 0, "steps": {}, "step": []})),
        "name: expected a text, found a number\n\
         version: expected a whole number from 1, found 0\n\
         steps: expected a list, found an object\n\
         step: a saga has no field `step`; did you mean `steps`?"
    );
    assert_eq!(
        whole(&json!({"name": "a b", "version": 1.5, "steps": [], "on_failure": "stop", "deadline": "soon",
                      "input": 3})),
        "name: `a b` is not a name: use letters, digits, `_`, `-` and `.`, at most 64\n\
         version: expected a whole number from 1, found 1.5\n\
         on_failure: `stop` is none of `backward`, `park`\n\
         deadline: `soon` is not a length of time: write a whole number and a unit, like \"200ms\", \"10s\", \
         \"5m\", \"2h\" or \"1d\"\n\
         input: a JSON Schema is an object, not a number\n\
         steps: the list is empty: it needs at least one step"
    );
}

#[test]
fn an_unknown_step_is_answered_with_the_nearest_or_with_all() {
    assert_eq!(
        faults(&json!([{"step": "creat_customer"}])),
        "steps[0].step: there is no step `creat_customer`; did you mean `create_customer`?"
    );
    assert_eq!(
        faults(&json!([{"step": "reboot"}])),
        "steps[0].step: there is no step `reboot`; the steps are `allocate_ip`, `bill`, `create_customer`, \
         `onboard`, `ping`, `set_port`, `welcome`"
    );
    assert_eq!(
        faults(
            &json!([{"step": "onboard"}, {"saga": "ping", "input": 1}, {"saga": "onbord", "input": {"email": ""}},
                {"saga": "test", "input": 1}])
        ),
        "steps[0].step: `onboard` is a saga: write `\"saga\": \"onboard\"` and its `\"input\"`\n\
         steps[1].saga: `ping` is a step: write `\"step\": \"ping\"` and its `\"args\"`\n\
         steps[2].saga: there is no saga `onbord`; did you mean `onboard`?\n\
         steps[3].saga: `test` cannot call itself: its plan is complete before it runs"
    );
}

#[test]
fn arguments_are_those_of_the_step() {
    assert_eq!(
        faults(&json!([{"step": "allocate_ip", "args": {"custmer": 1}}, {"step": "allocate_ip"}])),
        "steps[0].args.custmer: `allocate_ip` has no parameter `custmer`; did you mean `customer`?\n\
         steps[0].args: `allocate_ip` needs `customer`, `site`: give a value or `null`\n\
         steps[1].args: `allocate_ip` needs `customer`, `site`: give a value or `null`"
    );
    assert_eq!(
        faults(&json!([{"step": "ping", "args": {"host": 1}}, {"step": "ping", "args": [1]}])),
        "steps[1].args: expected an object of arguments by name, found a list\n\
         steps[0].args.host: `ping` takes no arguments"
    );
}

#[test]
fn a_reference_reads_what_came_before() {
    let customer = |id: &str, of: &str| json!({"id": id, "step": "create_customer", "args": {"request": of}});
    assert_eq!(
        faults(&json!([
            customer("a", "$b"),
            customer("b", "$b.id"),
            customer("c", "$aa"),
            customer("d", "$zz")
        ])),
        "steps[0].args.request: `$b` comes later, at steps[1]: a step can read only what comes before it\n\
         steps[1].args.request: `$b` is what this step itself gives: it can read only what comes before it\n\
         steps[2].args.request: nothing is named `aa`; did you mean `a`?\n\
         steps[3].args.request: nothing is named `zz`; what can be read here is `a`, `b`, `c`, `input`"
    );
}

#[test]
fn a_branch_cannot_read_its_sibling() {
    let said = faults(&json!([
        {"step": "ping"}, {"step": "ping"}, {"step": "ping"},
        {"parallel": [
            [{"id": "customer", "step": "create_customer", "args": {"request": "$input"}}],
            [{"step": "ping"}, {"step": "welcome", "args": {"customer": "$customer"}}],
        ]},
    ]));
    assert_eq!(
        said,
        "steps[3].parallel[1][1].args.customer: `$customer` is in another branch, at steps[3].parallel[0][0]: \
         branches run side by side and cannot read each other"
    );
}

#[test]
fn what_is_in_an_arm_is_read_only_there() {
    let customer = json!({"id": "customer", "step": "create_customer", "args": {"request": "$input"}});
    let bill = json!({"step": "welcome", "args": {"customer": "$customer"}});
    assert_eq!(
        faults(&json!([{"if": "$input.new", "then": [customer], "else": [bill]}, bill])),
        "steps[0].else[0].args.customer: `$customer` is in another arm, at steps[0].then[0]: only one of the arms \
         runs\n\
         steps[1].args.customer: `$customer` is inside of an arm, at steps[0].then[0]: give the whole an id and \
         read that"
    );
    assert_eq!(
        faults(&json!([{"match": "$input.kind", "arms": {"a": [customer], "b": [bill]}, "else": [bill]}])),
        "steps[0].arms.b[0].args.customer: `$customer` is in another arm, at steps[0].arms.a[0]: only one of the \
         arms runs\n\
         steps[0].else[0].args.customer: `$customer` is in another arm, at steps[0].arms.a[0]: only one of the \
         arms runs"
    );
    assert_eq!(
        whole(&json!({"name": "a", "version": 1, "output": "$customer",
                      "steps": [{"if": "$input.new", "then": [customer]}]})),
        "output: `$customer` is inside of an arm, at steps[0].then[0]: give the whole an id and read that"
    );
}

#[test]
fn an_id_is_given_once() {
    assert_eq!(
        faults(&json!([
            {"id": "a", "step": "ping"},
            {"if": "$a", "then": [{"id": "a", "step": "ping"}]},
            {"id": "a", "step": "ping"},
            {"id": "input", "step": "ping"},
            {"id": "2nd", "step": "ping"},
        ])),
        "steps[3].id: `input` is the input of the saga: choose another id\n\
         steps[4].id: `2nd` is not an id: use letters, digits and `_`, at most 64, a letter first\n\
         steps[1].then[0].id: the id `a` is taken by steps[0]\n\
         steps[2].id: the id `a` is taken by steps[0]"
    );
}

#[test]
fn an_entry_does_one_thing() {
    assert_eq!(
        faults(&json!([{"id": "a"}, {"step": "ping", "sleep": "1s"}, "ping"])),
        "steps[0]: this says not what it does: it has one of `step`, `saga`, `parallel`, `if`, `match`, `sleep`, \
         `sleep_until`, `wait_for_event`, `value`\n\
         steps[1]: this does more than one thing: `step`, `sleep`\n\
         steps[2]: a step is an object, not a text"
    );
}

#[test]
fn unknown_fields_are_answered_with_the_known_ones() {
    assert_eq!(
        faults(&json!([
            {"step": "ping", "time_out": "1s"},
            {"sleep": "1s", "colour": "red"},
            {"parallel": [[{"step": "ping"}], [{"step": "ping"}]], "id": "p"},
            {"step": "ping", "retry": {"max_attempt": 3}},
            {"step": "ping", "max_parallel": 3},
        ])),
        "steps[0].time_out: a step has no field `time_out`; did you mean `timeout`?\n\
         steps[1].colour: a sleep has no field `colour`; the fields of a sleep are `id`, `sleep`, \
         `disclosed`\n\
         steps[2].id: a parallel has no field `id`; the fields of a parallel are `parallel`\n\
         steps[3].retry.max_attempt: a retry has no field `max_attempt`; did you mean `max_attempts`?\n\
         steps[4].max_parallel: `max_parallel` belongs to `each`, which is not there"
    );
}

#[test]
fn lists_are_not_empty() {
    assert_eq!(
        faults(&json!([
            {"parallel": []},
            {"parallel": [[], [{"step": "ping"}]]},
            {"parallel": [[{"step": "ping"}]]},
            {"if": "$input.a", "then": []},
            {"match": "$input.a", "arms": {}},
            {"match": "$input.a", "arms": {"x": []}},
            {"if": {"all": []}, "then": [{"step": "ping"}]},
        ])),
        "steps[0].parallel: the list is empty: it needs at least one branch\n\
         steps[1].parallel[0]: the list is empty: it needs at least one step\n\
         steps[2].parallel: one branch has nothing beside it: a parallel has at least two\n\
         steps[3].then: the list is empty: it needs at least one step\n\
         steps[4].arms: there are no arms: name the steps for each value\n\
         steps[5].arms.x: the list is empty: it needs at least one step\n\
         steps[6].if.all: the list is empty: it needs at least one condition"
    );
}

#[test]
fn lengths_and_times_are_read_at_once() {
    let length = "is not a length of time: write a whole number and a unit, like \"200ms\", \"10s\", \"5m\", \"2h\" \
                  or \"1d\"";
    assert_eq!(
        faults(&json!([
            {"step": "ping", "timeout": "10 sec"},
            {"sleep": "1w"},
            {"sleep": 30},
            {"sleep_until": "tomorrow"},
            {"step": "ping", "retry": {"backoff": {"fixed": "1"}, "max_attempts": 0, "jitter": "some"}},
            {"step": "ping", "retry": {"backoff": {"linear": ["2s", "1s"]}}},
            {"step": "ping", "retry": {"backoff": "1s"}},
            {"wait_for_event": "online", "key": "$input.id", "timeout": "99999999999999999999d"},
        ])),
        format!(
            "steps[0].timeout: `10 sec` {length}\n\
             steps[1].sleep: `1w` {length}\n\
             steps[2].sleep: expected a length of time like \"10s\", found 30\n\
             steps[3].sleep_until: `tomorrow` is not a time: write it like \"2026-01-31T12:00:00Z\"\n\
             steps[4].retry.max_attempts: expected a whole number from 1, found 0\n\
             steps[4].retry.backoff.fixed: `1` {length}\n\
             steps[4].retry.jitter: `some` is none of `full`, `none`\n\
             steps[5].retry.backoff.linear: the first pause is longer than the longest\n\
             steps[6].retry.backoff: a backoff is {{\"fixed\": \"1s\"}}, {{\"linear\": [\"1s\", \"10s\"]}} or \
             {{\"exponential\": [\"200ms\", \"30s\"]}}\n\
             steps[7].timeout: `99999999999999999999d` {length}"
        )
    );
}

#[test]
fn conditions_and_references_are_well_formed() {
    assert_eq!(
        faults(&json!([
            {"step": "ping", "when": "input.a"},
            {"step": "ping", "when": true},
            {"step": "ping", "when": {"is": "$input"}},
            {"step": "ping", "when": {"equals": ["$input.a"]}},
            {"step": "ping", "when": {"not": {"exists": 3}}},
            {"step": "welcome", "args": {"customer": {"a": ["$", "$a..b"]}}},
            {"wait_for_event": "$input.event", "key": "x"},
            {"step": "ping", "if_failed": "ignore"},
        ])),
        "steps[0].when: expected a reference like \"$input.field\", found \"input.a\"\n\
         steps[1].when: expected a reference like \"$input.field\", found a boolean\n\
         steps[2].when.is: there is no condition `is`: it is one of `exists`, `equals`, `not`, `all`, `any`\n\
         steps[3].when.equals: expected a list of the two values to compare, found another number of them\n\
         steps[4].when.not.exists: expected a reference like \"$input.field\", found a number\n\
         steps[5].args.customer.a[0]: `$` is not a reference: write `$input.field` or `$id.field`, and `$$` for a \
         text that begins with `$`\n\
         steps[5].args.customer.a[1]: `$a..b` is not a reference: write `$input.field` or `$id.field`, and `$$` for \
         a text that begins with `$`\n\
         steps[6].wait_for_event: the name of the event is part of the plan: only its key is a reference\n\
         steps[7].if_failed: `ignore` is none of `fail`, `go_on`, `decide`"
    );
}

#[test]
fn a_condition_computes_nothing() {
    let cure = "is not a condition: nothing is computed here, only compared: write {\"equals\": [a, b]}, {\"not\": a}, \
                {\"all\": [..]} or {\"any\": [..]}, or let a step answer the question";
    assert_eq!(
        faults(&json!([
            {"step": "ping", "when": "$input.ports > 3"},
            {"if": {"not": "$input.kind=='ftth'"}, "then": [{"step": "ping"}]},
        ])),
        format!("steps[0].when: `$input.ports > 3` {cure}\nsteps[1].if.not: `$input.kind=='ftth'` {cure}")
    );
    super::load(&json!([{"step": "ping", "when": "$input.wants a port"}])).unwrap();
}

#[test]
fn after_the_pivot_nothing_may_fail() {
    assert_eq!(
        faults(&json!([{"step": "bill", "args": {"customer": 1}}, {"step": "ping"}])),
        "steps[1]: step `ping` can fail after (or beside) the pivot `bill`: make it `retriable`, tolerate its \
         failure, or move it before the pivot"
    );
    assert_eq!(
        faults(&json!([{"id": "b", "step": "bill", "args": {"customer": "$item"}, "each": "$input"}])),
        "steps[0]: the pivot `bill.b` cannot be called for each of several items: there is one point of no return"
    );
}

#[test]
fn items_have_a_list_and_a_name_of_their_own() {
    assert_eq!(
        faults(&json!([
            {"id": "up", "step": "ping"},
            {"step": "welcome", "each": 3, "args": {"customer": "$item"}},
            {"step": "welcome", "each": "$input.a", "as": "up", "args": {"customer": "$up"}},
            {"step": "welcome", "each": "$input.a", "as": "x", "max_parallel": 0, "args": {"customer": "$item"}},
            {"step": "welcome", "each": "$input.a", "args": {"customer": "$item"}, "when": "$item.b"},
        ])),
        "steps[1].each: expected a list or a reference to one, found a number\n\
         steps[3].max_parallel: expected a whole number from 1, found 0\n\
         steps[1].each: does not fit: this is no list\n\
         steps[2].each: `up` is the name of something else here: choose another with `as`\n\
         steps[3].args.customer: nothing is named `item`; what can be read here is `input`, `up`, `x`\n\
         steps[4].when: nothing is named `item`; what can be read here is `input`, `up`"
    );
}

#[test]
fn a_lock_is_a_part_of_the_input() {
    assert_eq!(
        whole(&json!({"name": "a", "version": 1, "locks": {"onu": "$a.serial", "x": 3},
                      "steps": [{"id": "a", "step": "ping"}]})),
        "locks.onu: a lock is taken before the first step: it can read `$input` only\n\
         locks.x: expected a reference like \"$input.field\", found a number"
    );
}

#[test]
fn a_name_is_registered_once() {
    let twice =
        registry().with::<super::ping>().load(r#"{"name":"a","version":1,"steps":[{"step":"ping"}]}"#);
    assert_eq!(twice.unwrap_err().to_string(), "two registered steps are named `ping`");
}
