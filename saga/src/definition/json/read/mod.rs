//! From JSON to the model: shapes and types, and every fault in them.

mod call;
mod condition;
mod retry;
mod schema;

pub(super) use schema::check as check_schema;

use std::time::Duration;

use serde_json::Value;

use super::fault::{Faults, Path, list};
use super::fields::{self, Fields, kind};
use super::model::{Entry, Saga, What};
use super::template::{self, Template};
use crate::definition::plan::OnFailure;

const SAGA: &[&str] = &[
    "name",
    "version",
    "on_failure",
    "deadline",
    "locks",
    "input",
    "secret_input",
    "steps",
    "output",
    "disclosed_output",
];

/// How each entry is recognised: by the field that says what it does.
const VERBS: &[&str] =
    &["step", "saga", "parallel", "if", "match", "sleep", "sleep_until", "wait_for_event", "value"];

pub(super) fn saga(value: &Value, faults: &mut Faults) -> Option<Saga> {
    let at = Path::default();
    let mut fields = Fields::of(value, &at, "a saga", SAGA, faults)?;
    let name = fields.need("name", faults).and_then(|(value, at)| {
        let name = fields::text(value, &at, faults)?;
        if !is_saga_name(name) {
            faults.add(
                &at,
                format!("`{name}` is not a name: use letters, digits, `_`, `-` and `.`, at most 64"),
            );
        }
        Some(name.to_owned())
    });
    let version = fields.need("version", faults).and_then(|(v, at)| fields::number(v, &at, faults));
    let words = [("backward", OnFailure::Backward), ("park", OnFailure::Park)];
    let on_failure = fields.word("on_failure", &words, faults).unwrap_or_default();
    let deadline: Option<Duration> = fields.time_to_work("deadline", faults);
    let locks = fields.take("locks").map(|(value, at)| locks(value, &at, faults)).unwrap_or_default();
    let input = fields.take("input").map(|(schema, at)| {
        schema::check(schema, schema, &at, faults);
        schema.clone()
    });
    let secret_input = fields.flag("secret_input", faults);
    let steps = fields.need("steps", faults).map(|(value, at)| entries(value, &at, faults));
    let output = match fields.take("output") {
        Some((value, at)) => template::read(value, &at, faults),
        None => Template::Literal(Value::Null),
    };
    let disclosed_output = fields.flag("disclosed_output", faults);
    fields.end(faults);
    Some(Saga {
        name: name.unwrap_or_default(),
        version: version.unwrap_or(1),
        on_failure,
        deadline,
        locks,
        input,
        secret_input,
        steps: steps.unwrap_or_default(),
        output,
        disclosed_output,
    })
}

pub(in crate::definition) fn is_saga_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    !name.is_empty() && name.len() <= 64 && name.chars().all(plain)
}

/// `{"onu": "$input.onu_serial"}`
fn locks(value: &Value, at: &Path, faults: &mut Faults) -> Vec<(String, super::template::Reference)> {
    let Value::Object(locks) = value else {
        faults.add(at, format!("expected an object of references into the input, found {}", kind(value)));
        return vec![];
    };
    let mut read = vec![];
    for (name, value) in locks {
        let at = at.key(name);
        let Some(reference) = template::read_reference(value, &at, faults) else { continue };
        if reference.root == "input" {
            read.push((name.clone(), reference));
        } else {
            faults.add(&at, "a lock is taken before the first step: it can read `$input` only");
        }
    }
    read
}

/// A list of entries.
fn entries(value: &Value, at: &Path, faults: &mut Faults) -> Vec<Entry> {
    let items = fields::list(value, at, "step", faults);
    items.iter().enumerate().map(|(i, value)| entry(value, &at.index(i), faults)).collect()
}

fn entry(value: &Value, at: &Path, faults: &mut Faults) -> Entry {
    let nothing = Entry { at: at.clone(), id: None, disclosed: false, what: What::Nothing };
    let Value::Object(given) = value else {
        faults.add(at, format!("a step is an object, not {}", kind(value)));
        return nothing;
    };
    let verbs: Vec<&str> = VERBS.iter().copied().filter(|verb| given.contains_key(*verb)).collect();
    let [verb] = *verbs else {
        let said = match verbs.as_slice() {
            [] => format!("this says not what it does: it has one of {}", list(VERBS)),
            several => format!("this does more than one thing: {}", list(several)),
        };
        faults.add(at, said);
        return Entry { id: given.get("id").and_then(Value::as_str).map(str::to_owned), ..nothing };
    };
    let read: Option<(Option<String>, What)> = match verb {
        "step" => call::step(value, at, faults),
        "saga" => call::saga(value, at, faults),
        "wait_for_event" => call::wait(value, at, faults),
        "parallel" => parallel(value, at, faults),
        "if" => choice(value, at, faults),
        "match" => matching(value, at, faults),
        _ => simple(verb, value, at, faults),
    };
    match read {
        Some((id, what)) => {
            // That it is a boolean, and may stand here, has been looked at with the other fields.
            let disclosed = given.get("disclosed").and_then(Value::as_bool).unwrap_or(false);
            Entry { at: at.clone(), id, disclosed, what }
        }
        None => nothing,
    }
}

/// The name by which later steps refer to this one.
fn id(fields: &mut Fields<'_>, faults: &mut Faults) -> Option<String> {
    let (value, at) = fields.take("id")?;
    let id = fields::text(value, &at, faults)?;
    if id == "input" {
        faults.add(&at, "`input` is the input of the saga: choose another id");
        return None;
    }
    if !template::is_name(id) {
        faults.add(
            &at,
            format!("`{id}` is not an id: use letters, digits and `_`, at most 64, a letter first"),
        );
        return None;
    }
    Some(id.to_owned())
}

fn parallel(value: &Value, at: &Path, faults: &mut Faults) -> Option<(Option<String>, What)> {
    let mut fields = Fields::of(value, at, "a parallel", &["parallel"], faults)?;
    let (branches, at) = fields.take("parallel")?;
    let branches = fields::list(branches, &at, "branch", faults);
    if branches.len() == 1 {
        faults.add(&at, "one branch has nothing beside it: a parallel has at least two");
    }
    let branches = branches.iter().enumerate().map(|(i, b)| entries(b, &at.index(i), faults)).collect();
    fields.end(faults);
    Some((None, What::Parallel(branches)))
}

fn choice(value: &Value, at: &Path, faults: &mut Faults) -> Option<(Option<String>, What)> {
    let mut fields = Fields::of(value, at, "an if", &["id", "if", "then", "else"], faults)?;
    let id = id(&mut fields, faults);
    let condition = fields.take("if").and_then(|(value, at)| condition::read(value, &at, faults));
    let then = fields.need("then", faults).map(|(v, at)| entries(v, &at, faults)).unwrap_or_default();
    let otherwise = fields.take("else").map(|(v, at)| entries(v, &at, faults)).unwrap_or_default();
    fields.end(faults);
    let condition = condition.unwrap_or_else(condition::unreadable);
    Some((id, What::If { condition, then, otherwise }))
}

fn matching(value: &Value, at: &Path, faults: &mut Faults) -> Option<(Option<String>, What)> {
    let mut fields = Fields::of(value, at, "a match", &["id", "match", "arms", "else"], faults)?;
    let id = id(&mut fields, faults);
    let (on, on_at) = fields.take("match")?;
    let on = template::read(on, &on_at, faults);
    let mut arms = vec![];
    match fields.need("arms", faults) {
        Some((Value::Object(given), at)) if !given.is_empty() => {
            arms.extend(given.iter().map(|(value, v)| (value.clone(), entries(v, &at.key(value), faults))));
        }
        Some((Value::Object(_), at)) => faults.add(&at, "there are no arms: name the steps for each value"),
        Some((other, at)) => {
            faults.add(&at, format!("expected an object of arms by value, found {}", kind(other)));
        }
        None => {}
    }
    let otherwise = fields.take("else").map(|(v, at)| entries(v, &at, faults));
    fields.end(faults);
    Some((id, What::Match { on, arms, otherwise }))
}

fn simple(verb: &str, value: &Value, at: &Path, faults: &mut Faults) -> Option<(Option<String>, What)> {
    let (of, known): (_, &'static [&'static str]) = match verb {
        "value" => ("a value", &["id", "value", "disclosed"]),
        "sleep" => ("a sleep", &["id", "sleep", "disclosed"]),
        _ => ("a sleep", &["id", "sleep_until", "disclosed"]),
    };
    let mut fields = Fields::of(value, at, of, known, faults)?;
    let id = id(&mut fields, faults);
    fields.flag("disclosed", faults);
    let (given, at) = fields.take(verb)?;
    let template = template::read(given, &at, faults);
    if let (Template::Literal(given), "sleep") = (&template, verb) {
        fields::length(given, &at, faults);
    }
    if let (Template::Literal(given), "sleep_until") = (&template, verb)
        && let Some(text) = fields::text(given, &at, faults)
        && crate::Timestamp::parse(text).is_none()
    {
        faults.add(&at, format!("`{text}` is not a time: write it like \"2026-01-31T12:00:00Z\""));
    }
    fields.end(faults);
    let what = match verb {
        "value" => What::Value(template),
        "sleep" => What::Sleep(template),
        _ => What::SleepUntil(template),
    };
    Some((id, what))
}
