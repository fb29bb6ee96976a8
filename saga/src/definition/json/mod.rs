//! Sagas as JSON: the same plan, the same fingerprint and the same engine as by macro or builder.
//!
//! ```json
//! { "name": "provision", "version": 1,
//!   "steps": [
//!     { "id": "customer", "step": "create_customer", "args": { "request": "$input" } },
//!     { "parallel": [
//!       [ { "id": "ip", "step": "allocate_ip", "when": "$input.allocate_ip", "args": { "customer": "$customer" } } ],
//!       [ { "id": "onu", "step": "activate_onu", "args": { "serial": "$input.onu_serial" } } ] ] } ],
//!   "output": { "customer_id": "$customer.id", "ip": "$ip.address" } }
//! ```
//!
//! # The saga
//!
//! `name`, `version` and `steps` must be there. `output` is what the saga gives (default: `null`); `on_failure`
//! is `"backward"` or `"park"`; `deadline` is a length of time; `locks` names parts of the input that no two
//! live workflows share: `{"onu": "$input.onu_serial"}`; `input` is the JSON Schema of the input; `"secret_input": true`
//! seals it in the journal, with all that is computed from it, and `"disclosed_output": true` says that `output` may be
//! seen all the same.
//!
//! # Steps
//!
//! | an entry with | does |
//! |---|---|
//! | `step`, `args` | calls a step; all of its parameters are given, by name |
//! | … and `each`, `as`, `max_parallel` | calls it for each item of a list, which is `"$item"` in `args` unless `as` names it |
//! | … and `timeout`, `retry` | tries it more or less patiently than the step says: `{"max_attempts": 5, "backoff": {"exponential": ["200ms", "30s"]}, "jitter": "none", "deadline": "10m"}` |
//! | … and `undo_timeout`, `undo_retry`, `settle_after` | the same of its compensation, and how long a request that was given up may land |
//! | `saga`, `input` | calls a registered saga |
//! | `wait_for_event`, `key`, `timeout` | waits for an event; gives its value |
//! | `sleep` | lets time pass: `"30s"`, or a reference to such a text |
//! | `sleep_until` | waits for a time in RFC 3339 |
//! | `value` | gives a value; the last entry of an arm, for example |
//! | `parallel` | a list of branches, each a list of entries, which run side by side |
//! | `if`, `then`, `else` | runs one of two lists of entries |
//! | `match`, `arms`, `else` | runs the list of entries that is named by a value |
//!
//! `step`, `saga` and `wait_for_event` can have `when`, a condition without which they are skipped and give
//! `null`, and `if_failed`: `"fail"` (the default: the saga fails too), `"go_on"` (it is undone, and gives
//! `null`) or `"decide"` (it is undone, and gives `{"Ok": value}` or `{"Err": {"at": .., "message": ..}}`).
//!
//! `step`, `saga`, `value`, `wait_for_event` and the sleeps can say `"disclosed": true`: what they make of secrets may be
//! seen. Without that nothing is waited for that is made of a secret.
//!
//! An entry with an `id` can be read by what comes after it, and its node in the plan is named so. Branches
//! cannot read each other, and what is in an arm can be read only there. An `if` or `match` with an `id` gives
//! what the last entry of the arm that ran gives.
//!
//! # Values
//!
//! A text that begins with `$` is a reference: `"$input.address.street"`, `"$customer.id"`, `"$ports.0"`. It can
//! stand anywhere in a value. What is not there reads as `null`. `"$$5"` is the text `$5`.
//!
//! A condition is a reference to a boolean (`null` does not hold), `{"exists": "$ip"}` (it is not `null`),
//! `{"equals": ["$input.kind", "ftth"]}`, `{"not": ..}`, `{"all": [..]}` or `{"any": [..]}`.
//!
//! A length of time is `"200ms"`, `"10s"`, `"5m"`, `"2h"` or `"1d"`.

mod fault;
mod fields;
mod text;
mod template;
mod model;
mod read;
mod scope;
mod lower;

pub use fault::{Fault, LoadError};
pub(super) use read::is_saga_name;
pub(super) use template::part;

use fault::{Faults, Path};

use super::code::Definition;
use super::registry::StepRegistry;

pub(super) fn load<R: Sync + 'static>(
    registry: &StepRegistry<R>,
    text: &str,
) -> Result<Definition<R>, LoadError> {
    let mut faults = Faults::default();
    for name in registry.twice() {
        faults.add(&Path::default(), format!("two registered steps are named `{name}`"));
    }
    let value = match text::parse(text) {
        Ok(value) => value,
        Err(error) => {
            faults.add(&Path::default(), format!("this is not JSON: {error}"));
            return Err(faults.into_error());
        }
    };
    match read::saga(&value, &mut faults) {
        Some(saga) => {
            let definition = lower::saga(registry, &saga, &mut faults);
            if faults.is_empty() { Ok(definition) } else { Err(faults.into_error()) }
        }
        None => Err(faults.into_error()),
    }
}

/// What is wrong with a JSON Schema, one line for each fault.
pub(super) fn schema_faults(schema: &serde_json::Value) -> Option<LoadError> {
    let mut faults = Faults::default();
    read::check_schema(schema, schema, &Path::default().key("input_schema"), &mut faults);
    (!faults.is_empty()).then(|| faults.into_error())
}

#[cfg(test)]
pub(super) mod tests;
