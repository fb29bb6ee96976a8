//! Values with references in them: what stands for an argument, a condition, an output.

use serde_json::{Map, Value};

use super::fault::{Faults, Path};
use super::fields::kind;
use crate::definition::plan::NodeId;
use crate::definition::values::Values;
use crate::error::StepError;

/// A value in which `"$step.field"` stands for what a step gave.
#[derive(Clone, Debug)]
pub(super) enum Template<Of> {
    Literal(Value),
    Reference(Of),
    Array(Vec<Template<Of>>),
    Object(Vec<(String, Template<Of>)>),
}

/// `$root.field.0`, as it is written.
#[derive(Clone, Debug)]
pub(super) struct Reference {
    pub(super) root: String,
    pub(super) fields: Vec<String>,
    pub(super) at: Path,
}

/// What a reference reads.
#[derive(Clone, Debug)]
pub(super) struct Read {
    /// `None`: the item of a list.
    pub(super) node: Option<NodeId>,
    pub(super) fields: Vec<String>,
}

/// As it is written.
pub(super) type Written = Template<Reference>;
/// With nodes for names.
pub(super) type Resolved = Template<Read>;

/// Reads a value with references. A text that begins with `$` is one; `$$` stands for `$`.
pub(super) fn read(value: &Value, at: &Path, faults: &mut Faults) -> Written {
    match value {
        Value::String(text) => match text.strip_prefix('$') {
            None => Template::Literal(value.clone()),
            Some(rest) if rest.starts_with('$') => Template::Literal(rest.into()),
            Some(_) => match reference(text, at) {
                Some(reference) => Template::Reference(reference),
                None => {
                    faults.add(at, format!("`{text}` is not a reference: write `$input.field` or `$id.field`, and `$$` for a text that begins with `$`"));
                    Template::Literal(Value::Null)
                }
            },
        },
        Value::Array(items) => {
            Template::Array(items.iter().enumerate().map(|(i, v)| read(v, &at.index(i), faults)).collect())
        }
        Value::Object(fields) => Template::Object(
            fields.iter().map(|(name, v)| (name.clone(), read(v, &at.key(name), faults))).collect(),
        ),
        Value::Null | Value::Bool(_) | Value::Number(_) => Template::Literal(value.clone()),
    }
}

/// Reads what can be nothing but a reference.
pub(super) fn read_reference(value: &Value, at: &Path, faults: &mut Faults) -> Option<Reference> {
    match value {
        Value::String(text) if reference(text, at).is_some() => reference(text, at),
        Value::String(text) => {
            faults.add(at, format!("expected a reference like \"$input.field\", found \"{text}\""));
            None
        }
        other => {
            faults.add(at, format!("expected a reference like \"$input.field\", found {}", kind(other)));
            None
        }
    }
}

fn reference(text: &str, at: &Path) -> Option<Reference> {
    let mut parts = text.strip_prefix('$')?.split('.').map(str::to_owned);
    let root = parts.next().filter(|root| is_name(root))?;
    let fields: Vec<String> = parts.collect();
    let well = fields.iter().all(|field| !field.is_empty());
    well.then(|| Reference { root, fields, at: at.clone() })
}

/// Can it stand after a `$`, and be the name of a node?
pub(super) fn is_name(text: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    text.len() <= 64 && text.starts_with(letter) && text.chars().all(|c| letter(c) || c.is_ascii_digit())
}

/// The reference as people see it in a plan: `input.allocate_ip`.
pub(super) fn shown(reference: &Reference) -> String {
    std::iter::once(&reference.root).chain(&reference.fields).cloned().collect::<Vec<_>>().join(".")
}

impl Resolved {
    /// The nodes it reads.
    pub(super) fn nodes(&self, out: &mut Vec<NodeId>) {
        match self {
            Template::Literal(_) => {}
            Template::Reference(read) => out.extend(read.node),
            Template::Array(items) => items.iter().for_each(|item| item.nodes(out)),
            Template::Object(fields) => fields.iter().for_each(|(_, field)| field.nodes(out)),
        }
    }

    /// The value. What is not there reads as `null`.
    pub(super) fn value(&self, values: Values<'_>, item: Option<&Value>) -> Result<Value, StepError> {
        Ok(match self {
            Template::Literal(value) => value.clone(),
            Template::Reference(read) => {
                let whole = match (read.node, item) {
                    (Some(node), _) => match values.at(node) {
                        Some(json) => json.decode().map_err(StepError::permanent)?,
                        None => Value::Null,
                    },
                    (None, Some(item)) => item.clone(),
                    (None, None) => Value::Null,
                };
                part(whole, &read.fields)
            }
            Template::Array(items) => {
                Value::Array(items.iter().map(|t| t.value(values, item)).collect::<Result<_, _>>()?)
            }
            Template::Object(fields) => {
                let fields = fields.iter().map(|(name, t)| Ok((name.clone(), t.value(values, item)?)));
                Value::Object(fields.collect::<Result<Map<_, _>, StepError>>()?)
            }
        })
    }
}

/// The part of a value that a path names.
pub(crate) fn part(mut whole: Value, fields: &[String]) -> Value {
    for field in fields {
        let inner = match &mut whole {
            Value::Object(fields) => fields.get_mut(field),
            Value::Array(items) => field.parse::<usize>().ok().and_then(|i| items.get_mut(i)),
            _ => None,
        };
        whole = inner.map(Value::take).unwrap_or_default();
    }
    whole
}

/// As people see it, references without their `$`: `input.kind`, `"ftth"`, `{"a":b.c}`.
pub(super) fn text(written: &Written) -> String {
    match written {
        Template::Literal(value) => value.to_string(),
        Template::Reference(reference) => shown(reference),
        Template::Array(items) => format!("[{}]", items.iter().map(text).collect::<Vec<_>>().join(",")),
        Template::Object(fields) => {
            let fields = fields.iter().map(|(name, field)| format!("{name:?}:{}", text(field)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
        }
    }
}
