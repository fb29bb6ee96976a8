//! What no two live workflows of a tenant share.

use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::json::part;
use crate::json::{Json, JsonError};

type Of = Arc<dyn Fn(&Json) -> Result<Option<String>, JsonError> + Send + Sync>;

/// Something of the input that no two live workflows of a tenant share. Part of the plan, so it holds however a
/// workflow is started: by its type, by its name, by a schedule, by an event.
#[derive(Clone)]
pub struct Lock {
    name: Arc<str>,
    of: Of,
}

impl Lock {
    /// Of the field to which these lead.
    pub(super) fn of_part(name: &str, part: &[&str]) -> Self {
        let fields: Vec<String> = part.iter().map(|field| (*field).to_owned()).collect();
        Self::of(name, move |input| match self::part(input, &fields) {
            Value::Null => None,
            Value::String(text) => Some(text),
            other => Some(other.to_string()),
        })
    }

    /// Of what is made of it.
    pub(super) fn of<I: DeserializeOwned>(
        name: &str,
        value: impl Fn(I) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        Self { name: name.into(), of: Arc::new(move |input| Ok(value(input.decode()?))) }
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
        Ok((self.of)(input)?.map(|value| format!("{}={value}", self.name)))
    }
}

impl fmt::Debug for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lock({})", self.name)
    }
}
