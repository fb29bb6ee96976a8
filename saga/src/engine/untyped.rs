//! Starting a saga by its name, with an input that is JSON.

use serde_json::Value;

use super::client::Client;
use super::start::StartRequest;
use super::start_error::StartError;
use crate::definition::Plan;
use crate::json::{Json, JsonError};
use crate::step::{Class, Meta, Signature};

/// The saga of a workflow whose types nobody knows when the program is compiled. Its output is a JSON value:
/// `client.handle::<Untyped>(id)`.
pub enum Untyped {}

#[diagnostic::do_not_recommend]
impl Signature for Untyped {
    type Output = Value;
    const META: &'static Meta = &Meta::new("untyped", Class::Compensatable);
}

impl Client {
    /// Prepares the start of the saga of that name, the newest of its versions; awaiting it starts the workflow.
    /// Keys, hashes and options are those of any other [`start`](Self::start). An input that certainly does not fit
    /// the JSON Schema of the saga's input is refused as [`StartError::Misfit`] before anything is written: a saga
    /// from JSON says it, one by macro has it with the feature `schema`.
    pub fn start_json(&self, saga: &str, input: &Value) -> StartRequest<Untyped> {
        StartRequest::by_name(self.clone(), saga.into(), Json::encode(input)).untyped()
    }
}

/// Does the input certainly not fit the saga?
pub(super) fn check(plan: &Plan, input: &Json) -> Result<(), StartError> {
    let found = input.decode().ok().and_then(|input: Value| plan.input_misfit(&input));
    found.map_or(Ok(()), |(at, message)| Err(misfit(plan, at, message)))
}

/// The keys that the plan's locks make of this input.
pub(super) fn locks(plan: &Plan, input: &Json) -> Result<Vec<String>, StartError> {
    if plan.locks().is_empty() {
        return Ok(vec![]);
    }
    let whole = || "$input".to_owned();
    let none_of_it = |error: JsonError| misfit(plan, whole(), error.to_string());
    if let Some((at, message)) = plan.lock_misfit(&input.decode().map_err(none_of_it)?) {
        return Err(StartError::Misfit { saga: plan.id().name.to_string(), at, message });
    }
    let keys: Result<Vec<_>, _> = plan.locks().iter().map(|lock| lock.key(input)).collect();
    Ok(keys.map_err(none_of_it)?.into_iter().flatten().collect())
}

/// No value of a secret input is told.
fn misfit(plan: &Plan, at: String, message: String) -> StartError {
    let message = if plan.is_input_secret() { "it does not fit".to_owned() } else { message };
    StartError::Misfit { saga: plan.id().name.to_string(), at, message }
}
