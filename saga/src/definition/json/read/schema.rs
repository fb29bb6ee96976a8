//! A JSON Schema that is none is told by its place: whoever relied on it would be told nothing.

use serde_json::Value;

use super::super::fault::{Faults, Path, list};
use super::super::fields::kind;

const TYPES: &[&str] = &["null", "boolean", "integer", "number", "string", "array", "object"];

/// What the words of a schema are followed by. Words that are not known here are for others, as JSON Schema has it.
const SCHEMA: &[&str] = &[
    "items",
    "additionalProperties",
    "propertyNames",
    "contains",
    "not",
    "if",
    "then",
    "else",
    "unevaluatedItems",
    "unevaluatedProperties",
];
const SCHEMAS: &[&str] = &["anyOf", "oneOf", "allOf", "prefixItems"];
const SCHEMAS_BY_NAME: &[&str] =
    &["properties", "patternProperties", "dependentSchemas", "$defs", "definitions"];
const NUMBER: &[&str] = &["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"];
const COUNT: &[&str] = &["minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"];
const TEXT: &[&str] = &["$ref", "pattern", "format", "title", "description"];

/// Tells what is wrong with a schema, or a part of one.
pub(in crate::definition::json) fn check(schema: &Value, whole: &Value, at: &Path, faults: &mut Faults) {
    let words = match schema {
        Value::Bool(_) => return,
        Value::Object(words) => words,
        other => return faults.add(at, format!("a JSON Schema is an object, not {}", kind(other))),
    };
    for (word, value) in words {
        let at = at.key(word);
        match word.as_str() {
            "type" => types(value, &at, faults),
            "required" => match value {
                Value::Array(names) if names.iter().all(Value::is_string) => {}
                _ => faults.add(&at, "expected a list of names of fields"),
            },
            "enum" => match value {
                Value::Array(values) if !values.is_empty() => {}
                _ => faults.add(&at, "expected a list of the values that there are"),
            },
            word if SCHEMA.contains(&word) => check(value, whole, &at, faults),
            word if SCHEMAS.contains(&word) => match value {
                Value::Array(parts) if !parts.is_empty() => {
                    for (i, part) in parts.iter().enumerate() {
                        check(part, whole, &at.index(i), faults);
                    }
                }
                _ => faults.add(&at, "expected a list of schemas"),
            },
            word if SCHEMAS_BY_NAME.contains(&word) => match value {
                Value::Object(parts) => {
                    for (name, part) in parts {
                        check(part, whole, &at.key(name), faults);
                    }
                }
                other => faults.add(&at, format!("expected schemas by their names, found {}", kind(other))),
            },
            word if NUMBER.contains(&word) && !value.is_number() => {
                faults.add(&at, format!("expected a number, found {}", kind(value)));
            }
            word if COUNT.contains(&word) && value.as_u64().is_none() => {
                faults.add(&at, format!("expected a whole number from 0, found {}", kind(value)));
            }
            word if TEXT.contains(&word) => match value {
                Value::String(text) if word == "$ref" => reference(text, whole, &at, faults),
                Value::String(_) => {}
                other => faults.add(&at, format!("expected a text, found {}", kind(other))),
            },
            _ => {}
        }
    }
}

fn types(value: &Value, at: &Path, faults: &mut Faults) {
    let one = |value: &Value, at: &Path, faults: &mut Faults| match value {
        Value::String(name) if TYPES.contains(&name.as_str()) => {}
        Value::String(name) => faults.add(at, format!("`{name}` is no type; the types are {}", list(TYPES))),
        other => faults.add(at, format!("expected the name of a type, found {}", kind(other))),
    };
    match value {
        Value::Array(names) if !names.is_empty() => {
            for (i, name) in names.iter().enumerate() {
                one(name, &at.index(i), faults);
            }
        }
        other => one(other, at, faults),
    }
}

/// Only parts of the schema itself can be looked up: nothing is fetched from elsewhere.
fn reference(text: &str, whole: &Value, at: &Path, faults: &mut Faults) {
    let found = text.strip_prefix('#').and_then(|pointer| whole.pointer(pointer));
    if found.is_none() {
        faults.add(at, format!("`{text}` leads to no part of this schema, like `#/$defs/name`"));
    }
}
