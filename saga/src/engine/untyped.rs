//! Starting a saga by its name, with an input that is JSON.

use serde_json::Value;

use super::client::Client;
use super::start::StartRequest;
use crate::definition::{Plan, part};
use crate::json::Json;
use crate::step::{Class, Meta, Signature};

/// The saga of a workflow whose types nobody knows when the program is compiled. Its output is a JSON value:
/// `client.handle::<Untyped>(id)`.
pub enum Untyped {}

impl Signature for Untyped {
    type Output = Value;
    const META: &'static Meta = &Meta::new("untyped", Class::Compensatable);
}

impl Client {
    /// Prepares the start of the saga of that name, the newest of its versions; awaiting it starts the workflow.
    /// Keys, hashes and options are those of any other [`start`](Self::start).
    pub fn start_json(&self, saga: &str, input: &Value) -> StartRequest<Untyped> {
        StartRequest::by_name(self.clone(), saga.into(), Json::encode(input))
    }
}

/// The keys that the plan's locks make of this input.
pub(super) fn locks(plan: &Plan, input: &Json) -> Vec<String> {
    if plan.locks().is_empty() {
        return vec![];
    }
    let input: Value = input.decode().unwrap_or_default();
    let key = |lock: &crate::definition::Lock| {
        let fields: Vec<String> = lock.part.iter().map(ToString::to_string).collect();
        match part(input.clone(), &fields) {
            Value::Null => None,
            Value::String(text) => Some(format!("{}={text}", lock.name)),
            other => Some(format!("{}={other}", lock.name)),
        }
    };
    plan.locks().iter().filter_map(key).collect()
}
