//! What is secret, as the macros say it.

use saga::{Adoptable, Signature, saga, step};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub struct Registration {
    name: String,
    password: Option<String>,
}

#[step(compensate = close(name, password), secret_output)]
pub async fn open(
    name: &str,
    #[secret] password: Option<&str>,
    #[secret]
    #[allow(unused_variables)]
    r#type: u32,
) -> saga::Result<Adoptable<String>> {
    Ok(Adoptable::Created(format!("token of {name} {password:?}")))
}

async fn close(_: &str, _: Option<&str>) -> saga::Result<()> {
    Ok(())
}

#[step(no_effect)]
pub async fn greet(name: &str) -> saga::Result<()> {
    let _ = name;
    Ok(())
}

#[saga(version = 1)]
pub async fn register(#[secret] registration: Registration) -> saga::Result<String> {
    let name = registration.name.to_uppercase();
    greet(&name).await?;
    Ok(open(&name, registration.password.as_deref(), 1).await?)
}

#[saga(version = 1)]
pub async fn open_one(name: String) -> saga::Result<String> {
    greet(&name).await?;
    Ok(open(&name, None, 1).await?)
}

#[saga(version = 1)]
pub async fn around(name: String) -> saga::Result<String> {
    let token = register(Registration { name, password: None }).await?;
    Ok(token)
}

#[test]
fn a_step_says_which_arguments_are_secret_and_whether_its_output_is() {
    assert_eq!(open::META.params, ["name", "password", "type"]);
    assert_eq!((open::META.secrets, open::META.secret_output), (&["password", "type"][..], true));
    assert_eq!((greet::META.secrets, greet::META.secret_output), (&[][..], false));
}

#[test]
fn what_a_secret_request_computes_is_secret() {
    let definition = register::definition::<()>();
    let plan = definition.plan();
    let secret = |name: &str| plan.nodes().iter().any(|node| &*node.name == name && node.secret);
    assert!(plan.is_input_secret() && plan.is_output_secret() && secret("name") && secret("open"));
    // What a step makes of secrets is none, unless it says so.
    assert!(!secret("greet"));
}

#[test]
fn without_the_mark_only_what_a_step_says_is_secret() {
    let definition = open_one::definition::<()>();
    assert!(!definition.plan().is_input_secret() && definition.plan().is_output_secret());
}

#[test]
fn a_secret_request_is_secret_in_the_saga_around_too() {
    let definition = around::definition::<()>();
    let inner: Vec<_> = definition.plan().nodes().iter().filter(|n| n.secret).map(|n| &*n.name).collect();
    assert!(!definition.plan().is_input_secret());
    assert!(inner.iter().any(|name| name.ends_with("input")), "{inner:?}");
}
