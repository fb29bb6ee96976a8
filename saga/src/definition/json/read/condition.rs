//! Conditions: a reference to a boolean, and a few words to combine them.

use serde_json::Value;

use super::super::fault::{Faults, Path, list};
use super::super::fields::{self, kind};
use super::super::model::Condition;
use super::super::template::{self, Template};

const WORDS: &[&str] = &["exists", "equals", "not", "all", "any"];

const COMPARE: &str = "nothing is computed here, only compared: write {\"equals\": [a, b]}, {\"not\": a}, \
                       {\"all\": [..]} or {\"any\": [..]}, or let a step answer the question";

/// `"$input.flag"`, `{"exists": "$a"}`, `{"equals": ["$a", 1]}`, `{"not": ..}`, `{"all": [..]}`, `{"any": [..]}`.
pub(super) fn read(value: &Value, at: &Path, faults: &mut Faults) -> Option<Condition> {
    let Value::Object(fields) = value else {
        // It would be read as a field of that name, which is not there, and never hold.
        if let Some(text) = value.as_str().filter(|text| text.contains(['<', '>', '=', '!', '&', '|'])) {
            faults.add(at, format!("`{text}` is not a condition: {COMPARE}"));
            return None;
        }
        let reference = template::read_reference(value, at, faults)?;
        return Some(Condition::Is(Template::Reference(reference)));
    };
    let Some((word, inner)) = fields.iter().next().filter(|_| fields.len() == 1) else {
        faults.add(at, format!("a condition is a reference, or an object with one of {}", list(WORDS)));
        return None;
    };
    let at = at.key(word);
    match word.as_str() {
        "exists" => {
            let reference = template::read_reference(inner, &at, faults)?;
            Some(Condition::Exists(Template::Reference(reference)))
        }
        "equals" => match inner {
            Value::Array(two) if two.len() == 2 => {
                let mut read = two.iter().enumerate().map(|(i, v)| template::read(v, &at.index(i), faults));
                Some(Condition::Equals(read.next()?, read.next()?))
            }
            other => {
                let found = if other.is_array() { "another number of them" } else { kind(other) };
                faults.add(&at, format!("expected a list of the two values to compare, found {found}"));
                None
            }
        },
        "not" => Some(Condition::Not(Box::new(read(inner, &at, faults)?))),
        "all" => Some(Condition::All(several(inner, &at, faults))),
        "any" => Some(Condition::Any(several(inner, &at, faults))),
        _ => {
            faults.add(&at, format!("there is no condition `{word}`: it is one of {}", list(WORDS)));
            None
        }
    }
}

fn several(value: &Value, at: &Path, faults: &mut Faults) -> Vec<Condition> {
    let items = fields::list(value, at, "condition", faults);
    items.iter().enumerate().filter_map(|(i, v)| read(v, &at.index(i), faults)).collect()
}

/// In the place of one that cannot be read.
pub(super) fn unreadable() -> Condition {
    Condition::Is(Template::Literal(Value::Null))
}
