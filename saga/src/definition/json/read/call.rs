//! What can fail: calls of steps and sagas, and waits for events.

use serde_json::Value;

use super::super::fault::{Faults, Path};
use super::super::fields::{self, Fields, kind};
use super::super::model::{Call, Condition, Each, Patience, What};
use super::super::template::{self, Template, Written};
use super::{condition, id, retry};
use crate::definition::plan::IfFailed;

const STEP: &[&str] = &[
    "id",
    "step",
    "args",
    "when",
    "if_failed",
    "each",
    "as",
    "max_parallel",
    "timeout",
    "retry",
    "undo_timeout",
    "undo_retry",
    "settle_after",
    "disclosed",
];
const SUB_SAGA: &[&str] = &["id", "saga", "input", "when", "if_failed", "disclosed"];
const WAIT: &[&str] = &["id", "wait_for_event", "key", "timeout", "when", "if_failed", "disclosed"];

pub(super) fn step(value: &Value, at: &Path, faults: &mut Faults) -> Option<(Option<String>, What)> {
    let mut fields = Fields::of(value, at, "a step", STEP, faults)?;
    let id = id(&mut fields, faults);
    let step = fields.text("step", faults);
    let args = match fields.take("args") {
        None => vec![],
        Some((Value::Object(args), at)) => {
            args.iter().map(|(name, v)| (name.clone(), template::read(v, &at.key(name), faults))).collect()
        }
        Some((other, at)) => {
            faults.add(&at, format!("expected an object of arguments by name, found {}", kind(other)));
            vec![]
        }
    };
    let call = Call {
        step: step.unwrap_or_default().to_owned(),
        args,
        when: when(&mut fields, faults),
        if_failed: if_failed(&mut fields, faults),
        each: each(&mut fields, faults),
        patience: Box::new(Patience {
            timeout: fields.time_to_work("timeout", faults),
            retry: fields.take("retry").map(|(v, at)| retry::read(v, &at, faults)),
            undo_timeout: fields.time_to_work("undo_timeout", faults),
            undo_retry: fields.take("undo_retry").map(|(v, at)| retry::read(v, &at, faults)),
            settle_after: fields.length("settle_after", faults),
        }),
    };
    fields.flag("disclosed", faults);
    fields.end(faults);
    Some((id, What::Call(call)))
}

pub(super) fn saga(value: &Value, at: &Path, faults: &mut Faults) -> Option<(Option<String>, What)> {
    let mut fields = Fields::of(value, at, "a call of a saga", SUB_SAGA, faults)?;
    let id = id(&mut fields, faults);
    let name = fields.text("saga", faults).unwrap_or_default().to_owned();
    let input = written(fields.need("input", faults), faults);
    let (when, if_failed) = (when(&mut fields, faults), if_failed(&mut fields, faults));
    fields.flag("disclosed", faults);
    fields.end(faults);
    Some((id, What::Saga { name, input, when, if_failed }))
}

pub(super) fn wait(value: &Value, at: &Path, faults: &mut Faults) -> Option<(Option<String>, What)> {
    let mut fields = Fields::of(value, at, "a wait", WAIT, faults)?;
    let id = id(&mut fields, faults);
    let event = fields.text("wait_for_event", faults).unwrap_or_default().to_owned();
    if event.starts_with('$') {
        faults.add(
            &at.key("wait_for_event"),
            "the name of the event is part of the plan: only its key is a reference",
        );
    }
    fields.flag("disclosed", faults);
    let key = written(fields.need("key", faults), faults);
    let timeout = fields.length("timeout", faults);
    let (when, if_failed) = (when(&mut fields, faults), if_failed(&mut fields, faults));
    fields.end(faults);
    Some((id, What::Wait { event, key, timeout, when, if_failed }))
}

fn written(given: Option<(&Value, Path)>, faults: &mut Faults) -> Written {
    given.map_or(Template::Literal(Value::Null), |(value, at)| template::read(value, &at, faults))
}

fn when(fields: &mut Fields<'_>, faults: &mut Faults) -> Option<Condition> {
    fields.take("when").and_then(|(value, at)| condition::read(value, &at, faults))
}

fn if_failed(fields: &mut Fields<'_>, faults: &mut Faults) -> IfFailed {
    let words = [("fail", IfFailed::Fail), ("go_on", IfFailed::GoOn), ("decide", IfFailed::Decide)];
    fields.word("if_failed", &words, faults).unwrap_or_default()
}

fn each(fields: &mut Fields<'_>, faults: &mut Faults) -> Option<Each> {
    if !fields.has("each") {
        for name in ["as", "max_parallel"] {
            if let Some((_, at)) = fields.take(name) {
                faults.add(&at, format!("`{name}` belongs to `each`, which is not there"));
            }
        }
        return None;
    }
    let (items, at) = fields.take("each")?;
    let items = template::read(items, &at, faults);
    if let Template::Literal(other) = &items {
        faults.add(&at, format!("expected a list or a reference to one, found {}", kind(other)));
    }
    let name = match fields.take("as") {
        None => "item".to_owned(),
        Some((value, at)) => {
            let name = fields::text(value, &at, faults).unwrap_or("item");
            if !template::is_name(name) || name == "input" {
                faults.add(
                    &at,
                    format!("`{name}` cannot name an item: use letters, digits and `_`, a letter first"),
                );
            }
            name.to_owned()
        }
    };
    Some(Each { items, name, max_parallel: fields.number("max_parallel", faults) })
}
