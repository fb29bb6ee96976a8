//! What no two live workflows of a tenant share.

use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::json::part;
use super::plan::Plan;
use super::shape::Shape;
use crate::json::{Json, JsonError};

type Made = Arc<dyn Fn(&Json) -> Result<Option<String>, JsonError> + Send + Sync>;

/// Something of the input that no two live workflows of a tenant share. Part of the plan, so it holds however a
/// workflow is started: by its type, by its name, by a schedule, by an event.
#[derive(Clone)]
pub struct Lock {
    name: Arc<str>,
    of: Of,
}

#[derive(Clone)]
enum Of {
    /// The field to which these lead.
    Part(Arc<[String]>),
    /// What is made of the whole.
    Made(Made),
}

impl Lock {
    pub(super) fn of_part(name: &str, part: &[&str]) -> Self {
        Self { name: name.into(), of: Of::Part(part.iter().map(|field| (*field).to_owned()).collect()) }
    }

    pub(super) fn of<I: DeserializeOwned>(
        name: &str,
        value: impl Fn(I) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        Self { name: name.into(), of: Of::Made(Arc::new(move |input| Ok(value(input.decode()?)))) }
    }

    /// What is locked: `onu_serial`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key that a workflow with this input takes: `onu_serial=ALCL12345678`. `None`: it takes none.
    ///
    /// # Errors
    /// The input is none of this saga.
    pub fn key(&self, input: &Json) -> Result<Option<String>, JsonError> {
        let value = match &self.of {
            Of::Made(value) => value(input)?,
            Of::Part(fields) => match part(input.decode()?, fields) {
                Value::Null => None,
                Value::String(text) => Some(text),
                other => Some(other.to_string()),
            },
        };
        Ok(value.map(|value| format!("{}={value}", self.name)))
    }

    /// The field that it is on, if the input does not have it and nobody has said that it may: a lock on a name that
    /// is misspelt would exclude nobody.
    fn amiss(&self, input: &Value, said: &Shape) -> Option<String> {
        let Of::Part(fields) = &self.of else { return None };
        let (mut value, mut shape) = (input, said.clone());
        let mut path = "$input".to_owned();
        for field in fields.iter() {
            path = format!("{path}.{field}");
            shape = shape.field(field).unwrap_or(Shape::Any);
            let inner = match value {
                Value::Null => return None,
                Value::Array(items) => field.parse::<usize>().ok().and_then(|place| items.get(place)),
                value => value.get(field),
            };
            match inner {
                Some(inner) => value = inner,
                None => return matches!(shape, Shape::Any).then_some(path),
            }
        }
        None
    }
}

impl Plan {
    /// The first lock on a field that the input does not have: where, and what to do.
    pub(crate) fn lock_misfit(&self, input: &Value) -> Option<(String, String)> {
        let said = Shape::of(self.input_schema());
        self.locks().iter().find_map(|lock| {
            let message = format!(
                "the lock `{}` is on this, and the input has none: send it, or `null` to take no lock",
                lock.name
            );
            Some((lock.amiss(input, &said)?, message))
        })
    }
}

impl fmt::Debug for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lock({})", self.name)
    }
}
