//! The types of steps as JSON Schemas: for forms, and for what is refused when a definition is loaded.

use saga::{Signature, StepRegistry, saga, step};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

#[derive(Clone, Serialize, Deserialize, JsonSchema)]
struct Order {
    email: String,
    #[serde(default)]
    kind: Kind,
    vlan: Option<u16>,
}

#[derive(Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Kind {
    #[default]
    Home,
    Office,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Customer {
    id: u64,
    order: Order,
}

/// Has no schema.
#[derive(Serialize, Deserialize)]
struct Opaque {
    secret: String,
}

#[step(no_effect)]
async fn register(order: &Order, note: Option<&str>) -> saga::Result<Customer> {
    let _ = note;
    Ok(Customer { id: 1, order: order.clone() })
}

#[step(no_effect)]
async fn hide(opaque: &Opaque, customer: u64) -> saga::Result<Opaque> {
    Ok(Opaque { secret: format!("{}{customer}", opaque.secret) })
}

#[saga(version = 1)]
async fn sell(order: Order) -> saga::Result<Customer> {
    let customer = register(&order, None).await?;
    Ok(customer)
}

#[saga(version = 1)]
async fn conceal(opaque: Opaque) -> saga::Result<u64> {
    hide(&opaque, 1).await?;
    Ok(1)
}

fn load(steps: &serde_json::Value) -> Result<(), String> {
    let saga = json!({"name": "typed", "version": 1, "steps": steps});
    let registry = StepRegistry::<()>::default().with::<register>().with::<hide>();
    registry.load(&saga.to_string()).map(|_| ()).map_err(|error| error.to_string())
}

#[test]
fn a_step_says_what_it_takes_and_gives() {
    let schema = register::schema();
    assert_eq!(
        schema.param("note"),
        Some(&json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Nullable_string", "type": ["string", "null"],
        }))
    );
    let order = schema.param("order").unwrap();
    assert_eq!((&order["title"], &order["required"]), (&json!("Order"), &json!(["email"])));
    // What is written always has the fields that have a default when it is read.
    assert_eq!(schema.output.unwrap()["$defs"]["Order"]["required"], json!(["email", "kind", "vlan"]));
}

#[test]
fn a_type_without_a_schema_is_not_said_and_everything_fits_it() {
    let schema = hide::schema();
    assert_eq!((schema.param("opaque"), &schema.output), (None, &None));
    assert!(schema.params.iter().any(|(name, schema)| *name == "customer" && schema["type"] == "integer"));
    assert_eq!(
        load(&json!([
            {"id": "hidden", "step": "hide", "args": {"opaque": 7, "customer": 1}},
            {"step": "register", "args": {"order": "$hidden.secret", "note": "$hidden.what.ever"}},
        ])),
        Ok(())
    );
}

#[test]
fn a_saga_says_what_it_is_started_with_and_gives() {
    let definition = sell::definition::<()>();
    let schema = sell::schema();
    assert_eq!(definition.plan().input_schema(), schema.param("order"));
    assert_eq!(definition.plan().input_schema().unwrap()["required"], json!(["email"]));
    assert_eq!(schema.output.unwrap()["title"], "Customer");
    assert_eq!(conceal::definition::<()>().plan().input_schema(), None);
    assert_eq!(conceal::schema().output.unwrap()["type"], "integer");
}

#[test]
fn what_does_not_fit_by_its_rust_type_is_refused_when_it_is_loaded() {
    let steps = json!([
        {"id": "first", "step": "register", "args": {"order": {"email": "a@b", "kind": "office"}, "note": null}},
        {"id": "again", "step": "register", "args": {"order": "$first.order", "note": "$first.order.email"}},
        {"step": "hide", "args": {"opaque": "$first", "customer": "$again.id"}},
    ]);
    assert_eq!(load(&steps), Ok(()));
    let steps = json!([
        {"id": "first", "step": "register", "args": {"order": {"email": "a@b", "kind": "shop"}, "note": 3}},
        {"id": "again", "step": "register", "args": {"order": "$first", "note": "$first.order.vlan"}},
        {"step": "hide", "args": {"opaque": "$first", "customer": "$again.order.email"}},
        {"step": "hide", "args": {"opaque": "$first", "customer": "$again.nr"}},
    ]);
    assert_eq!(
        load(&steps).unwrap_err(),
        "steps[0].args.note: does not fit: 3 where null or a text belongs\n\
         steps[0].args.order.kind: does not fit: \"shop\" where \"home\" or \"office\" belongs\n\
         steps[1].args.note: does not fit: a whole number or null where null or a text belongs\n\
         steps[1].args.order: does not fit: the field `email` is missing\n\
         steps[2].args.customer: does not fit: a text where a whole number belongs\n\
         steps[3].args.customer: `$again` has no `nr`; it has `id`, `order`"
    );
}
