//! The fields of a small body: every fault is named, with what would be allowed.

use serde_json::{Map, Value};

use super::problem::Problem;
use crate::domain::FieldError;
use crate::domain::validate::fault_of;

/// A body, being read.
pub(super) struct Fields {
    given: Map<String, Value>,
    faults: Vec<FieldError>,
}

impl Fields {
    /// Takes the body. Names that are not in `known` are faults; a field that is null is as if it were not there.
    pub(super) fn new(body: Value, known: &[&str]) -> Self {
        let Value::Object(mut given) = body else {
            return Self {
                given: Map::new(),
                faults: vec![FieldError::new("", "the body has to be a JSON object")],
            };
        };
        given.retain(|_, value| !value.is_null());
        let shown = |name: &str| name.chars().filter(|c| !c.is_control()).take(80).collect::<String>();
        let faults = given
            .keys()
            .filter(|name| !known.contains(&name.as_str()))
            .map(|name| {
                FieldError::new(shown(name), format!("is not a field: use one of {}", known.join(", ")))
            })
            .collect();
        Self { given, faults }
    }

    /// Whatever the field holds; null if it is not there.
    pub(super) fn value(&mut self, name: &str) -> Value {
        self.given.remove(name).unwrap_or_default()
    }

    /// A text that says something, if the field is there.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        let fault = match self.given.get(name)? {
            Value::String(text) => match text.trim() {
                "" => "must not be blank: leave it out, or say something".to_owned(),
                text => match fault_of(text) {
                    None => return Some(text.to_owned()),
                    Some(fault) => fault,
                },
            },
            _ => "has to be a text".to_owned(),
        };
        self.fault(name, fault);
        None
    }

    /// A text that has to be there. `missing` says what for.
    pub(super) fn required(&mut self, name: &str, missing: &str) -> Option<String> {
        if !self.given.contains_key(name) {
            self.fault(name, missing);
        }
        self.text(name)
    }

    pub(super) fn fault(&mut self, name: &str, message: impl Into<String>) {
        self.faults.push(FieldError::new(name, message));
    }

    /// All faults at once, or what was read.
    pub(super) fn finish<T>(self, read: Option<T>) -> Result<T, Problem> {
        match read {
            Some(read) if self.faults.is_empty() => Ok(read),
            _ => Err(Problem::fields(self.faults)),
        }
    }
}
