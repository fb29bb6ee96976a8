//! A password that no store, log or page ever sees. The saga's input is secret, so it is sealed in the journal, and so
//! is whatever is computed from it. The steps get it in plain.

use std::collections::BTreeMap;
use std::sync::Arc;

use saga::definition::Start;
use saga::seal::Keys;
use saga::step::{Arguments, Callee, ErasedStep, Success};
use saga::store::{MemoryStore, Store};
use saga::{
    Args, Callable, Class, Definition, Engine, Json, Meta, Outcome, PlanError, SagaBuilder, Signature, Step,
    StepContext,
};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Registration {
    name: String,
    password: String,
}

/// A step with a secret parameter.
enum CreateLogin {}

impl Signature for CreateLogin {
    type Output = String;
    const META: &'static Meta = &Meta {
        params: &["name", "password"],
        secrets: &["password"],
        ..Meta::new("create_login", Class::Compensatable)
    };
}

impl<R: Sync> Step<R> for CreateLogin {
    async fn run(_: &R, _: &StepContext, args: &Arguments<'_>) -> saga::Result<Success> {
        let (name, password): (String, String) = (args.get("name")?, args.get("password")?);
        println!("  a login for {name} with a password of {} letters", password.len());
        Ok(Success { output: Json::encode(&format!("login of {name}"))?, adopted: false })
    }
}

impl<R: Sync + 'static> Callable<R> for CreateLogin {
    fn erased() -> Callee<R> {
        ErasedStep::plain::<Self>().into()
    }
}

/// A saga with a secret input.
enum Register {}

impl Signature for Register {
    type Output = String;
    const META: &'static Meta = &Meta { saga: true, ..Meta::new("register", Class::Compensatable) };
}

fn register() -> Result<Definition<()>, PlanError> {
    let mut saga = SagaBuilder::<(), Registration>::new("register", 1);
    saga.secret_input();
    let registration = saga.input();
    let login = saga.named("login").call((registration,), |(registration,)| {
        let Registration { name, password } = registration;
        Ok(Args::<CreateLogin>::new(Json::encode(&BTreeMap::from([("name", name), ("password", password)]))?))
    });
    saga.finish((login,), |(login,)| Ok(login))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // 32 random bytes, from wherever the program keeps what is not for its database.
    let key = [42; 32];
    let store = MemoryStore::new();

    let without = Engine::builder(()).store(store.clone()).saga(register()?).build().await;
    println!("{}", without.err().map(|error| error.to_string()).unwrap_or_default());

    let keys = Keys::new("2026", &key)?.and_older("2025", &[41; 32])?;
    let engine = Engine::builder(()).store(store.clone()).secrets(keys).saga(register()?).build().await?;
    let client = engine.client();
    let registration = Registration { name: "bob".to_owned(), password: "correct horse".to_owned() };
    let started = client.start(Start::<Register>::new(&registration)).await?;
    if let Outcome::Completed(login) = started.handle.outcome().await? {
        println!("completed: {login}");
    }

    let shown = client.workflow("default", started.handle.id()).await?;
    let kept = Arc::new(store).load(started.handle.id()).await?.map(|kept| kept.header.input);
    println!("people see  {}", shown.header.input);
    println!("stores keep {}", kept.unwrap_or_else(Json::null).as_str().get(..30).unwrap_or_default());
    engine.shutdown(std::time::Duration::from_secs(1)).await?;
    Ok(())
}
