//! The smallest saga: two steps, and what happens when the second one is refused.

use saga::store::MemoryStore;
use saga::{Engine, Outcome, StepError, saga, step};

#[step(compensate = wipe(name))]
async fn greet(name: &str) -> saga::Result<String> {
    println!("hello, {name}");
    Ok(format!("hello, {name}"))
}
async fn wipe(name: &str) -> saga::Result<()> {
    println!("never mind, {name}");
    Ok(())
}

#[step(no_effect)]
async fn check(name: &str) -> saga::Result<()> {
    if name == "nobody" { Err(StepError::permanent("nobody is there")) } else { Ok(()) }
}

/// Greets somebody, if there is somebody.
#[saga(version = 1)]
async fn welcome(name: String) -> saga::Result<String> {
    let greeting = greet(&name).await?;
    check(&name).await?;
    Ok(greeting)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let engine = Engine::builder(()).store(MemoryStore::new()).saga(welcome::definition()).build().await?;
    for name in ["world", "nobody"] {
        let started = engine.client().start(welcome(name.to_owned())).await?;
        match started.handle.outcome().await? {
            Outcome::Completed(greeting) => println!("completed: {greeting}"),
            Outcome::RolledBack { message } => println!("rolled back: {message}"),
            Outcome::Failed { message, .. } => println!("a person is needed: {message}"),
        }
    }
    engine.shutdown(std::time::Duration::from_secs(1)).await?;
    Ok(())
}
