//! A password that no store, log or page ever sees. The saga's input is secret, so it is sealed in the journal, and so
//! is whatever is computed from it. The steps get it in plain.

use std::sync::Arc;

use saga::seal::Keys;
use saga::store::{MemoryStore, Store};
use saga::{Engine, Json, Outcome, saga, step};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Registration {
    name: String,
    password: String,
}

/// One of its arguments is secret.
#[step(compensate = remove_login(name))]
async fn create_login(name: &str, #[secret] password: &str) -> saga::Result<String> {
    println!("  a login for {name} with a password of {} letters", password.len());
    Ok(format!("login of {name}"))
}

async fn remove_login(name: &str) -> saga::Result<()> {
    println!("  no login for {name}");
    Ok(())
}

/// The whole input is secret.
#[saga(version = 1)]
async fn register(#[secret] registration: Registration) -> saga::Result<String> {
    let login = create_login(&registration.name, &registration.password).await?;
    Ok(login)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // 32 random bytes, from wherever the program keeps what is not for its database.
    let key = [42; 32];
    let store = MemoryStore::new();

    let without = Engine::builder(()).store(store.clone()).saga(register::definition()).build().await;
    println!("{}", without.err().map(|error| error.to_string()).unwrap_or_default());

    let keys = Keys::new("2026", &key)?.and_older("2025", &[41; 32])?;
    let engine =
        Engine::builder(()).store(store.clone()).secrets(keys).saga(register::definition()).build().await?;
    let client = engine.client();
    let registration = Registration { name: "bob".to_owned(), password: "correct horse".to_owned() };
    let started = client.start(register(registration)).await?;
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
