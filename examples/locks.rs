//! One workflow at a time for one thing: a second one is refused, by name of who is first.

use std::time::Duration;

use saga::engine::StartError;
use saga::store::MemoryStore;
use saga::{Engine, saga, step};
use serde::{Deserialize, Serialize};

#[derive(Clone, Serialize, Deserialize)]
struct Change {
    router: String,
    to: String,
}

#[step(compensate = restore(router))]
async fn configure(router: &str, to: &str) -> saga::Result<()> {
    tokio::time::sleep(Duration::from_millis(100)).await;
    println!("  {router} is set to {to}");
    Ok(())
}
async fn restore(router: &str) -> saga::Result<()> {
    println!("  {router} is as it was");
    Ok(())
}

/// Changes a router's settings.
#[saga(version = 1, locks(router = &change.router))]
async fn change_router(change: Change) -> saga::Result<()> {
    configure(&change.router, &change.to).await?;
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let engine =
        Engine::builder(()).store(MemoryStore::new()).saga(change_router::definition()).build().await?;
    let client = engine.client();
    let change = |router: &str, to: &str| change_router(Change { router: router.into(), to: to.into() });

    let bridge = client.start(change("R1", "bridge")).await?.handle;
    match client.start(change("R1", "mesh")).await {
        Err(StartError::Excluded { key, holder }) => {
            let who = if holder == *bridge.id() { "the first one" } else { "another one" };
            println!("refused: `{key}` is held by {who}");
        }
        other => println!("{other:?}"),
    }
    let other = client.start(change("R2", "mesh")).await?.handle;
    bridge.outcome().await?;
    other.outcome().await?;
    println!("the first one has ended, and R1 is free again");
    client.start(change("R1", "mesh")).await?.handle.outcome().await?;
    engine.shutdown(Duration::from_secs(1)).await?;
    Ok(())
}
