//! What can be written as JSON, and what is said of the rest.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests may panic")]

mod faults;
mod fit;
mod plans;
mod rules;

use serde_json::{Value, json};

use super::super::registry::StepRegistry;
use crate::definition::{Definition, SagaBuilder};
use crate::error::StepError;
use crate::step::{
    Arguments, Callable, Callee, Class, ErasedStep, Meta, Signature, Step, StepContext, StepSchema, Success,
};

macro_rules! steps {
    ($($name:ident($($param:ident: $schema:tt),*) -> $output:tt = $class:ident;)*) => {$(
        #[allow(non_camel_case_types)]
        pub(in crate::definition) enum $name {}
        impl Signature for $name {
            type Output = Value;
            const META: &'static Meta =
                &Meta { params: &[$(stringify!($param)),*], ..Meta::new(stringify!($name), Class::$class) };
            fn schema() -> StepSchema {
                let schema = StepSchema::default()$(.with(stringify!($param), Some(json!($schema))))*;
                schema.giving(Some(json!($output)))
            }
        }
        impl Step<()> for $name {
            async fn run(_: &(), _: &StepContext, _: &Arguments<'_>) -> Result<Success, StepError> {
                Ok(Success { output: crate::Json::null(), adopted: false })
            }
        }
        impl Callable<()> for $name {
            fn erased() -> Callee<()> {
                ErasedStep::plain::<Self>().into()
            }
        }
    )*};
}

steps! {
    create_customer(request: {}) -> {
        "type": "object",
        "properties": {
            "id": {"type": "integer", "format": "uint64", "minimum": 0},
            "email": {"type": "string"},
            "tags": {"type": "array", "items": {"type": "string"}},
            "nick": {"type": ["string", "null"]},
        },
        "required": ["id", "email", "tags"],
    } = Compensatable;
    allocate_ip(customer: {"type": "integer", "minimum": 0}, site: {"type": "string"}) -> {"$ref": "#/$defs/Ip", "$defs": {"Ip": {
        "type": "object", "properties": {"address": {"type": "string"}}, "required": ["address"],
    }}} = Compensatable;
    set_port(port: {"type": "object", "properties": {
        "name": {"type": "string"}, "speed": {"enum": ["slow", "fast"]}, "note": {"type": ["string", "null"]},
    }, "required": ["name", "speed"], "additionalProperties": false}) -> true = Compensatable;
    ping() -> {"type": "boolean"} = NoEffect;
    bill(customer: {}) -> {} = Pivot;
    welcome(customer: {}) -> {} = Retriable;
}

pub(super) fn registry() -> StepRegistry<()> {
    let inner = SagaBuilder::<(), Value>::new("onboard", 2);
    let input = inner.input();
    let mut inner = inner;
    inner.input_schema(
        json!({"type": "object", "properties": {"email": {"type": "string"}}, "required": ["email"]}),
    );
    let value = inner.call::<create_customer, _>((input,), |(input,)| {
        crate::Json::encode(&json!({ "request": input })).map(crate::Args::new).map_err(StepError::permanent)
    });
    let onboard = inner.finish((value,), |(value,)| Ok(value)).unwrap();
    StepRegistry::default()
        .with::<create_customer>()
        .with::<allocate_ip>()
        .with::<set_port>()
        .with::<ping>()
        .with::<bill>()
        .with::<welcome>()
        .with_saga(onboard)
}

/// A saga of these steps.
pub(super) fn load(steps: &Value) -> Result<Definition<()>, String> {
    load_whole(&json!({"name": "test", "version": 1, "steps": steps}))
}

pub(in crate::definition) fn load_whole(saga: &Value) -> Result<Definition<()>, String> {
    registry().load(&saga.to_string()).map_err(|error| error.to_string())
}

/// The faults of these steps, one a line.
pub(super) fn faults(steps: &Value) -> String {
    load(steps).err().unwrap_or_else(|| panic!("it was loaded: {steps}"))
}
