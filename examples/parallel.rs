//! Branches side by side. When one fails, what runs is waited for; then the last branch is undone first, each as
//! a whole.

use saga::store::MemoryStore;
use saga::{Engine, Outcome, StepError, saga, step};

#[step(compensate = take_down(what))]
async fn put_up(what: &str) -> saga::Result<String> {
    if what == "roof" {
        return Err(StepError::permanent("there is no roof"));
    }
    println!("  up   {what}");
    Ok(what.to_owned())
}
async fn take_down(what: &str) -> saga::Result<()> {
    println!("  down {what}");
    Ok(())
}

/// Two walls and a chimney side by side, and something on top.
#[saga(version = 1)]
async fn build(top: String) -> saga::Result<String> {
    let (walls, chimney) = try_join!(
        async {
            let left = put_up("left wall").await?;
            let right = put_up("right wall").await?;
            Ok(format!("{left} and {right}"))
        },
        put_up("chimney"),
    )?;
    let top = put_up(&top).await?;
    Ok(format!("{walls}, {chimney}, {top}"))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let definition = build::definition();
    println!("{}", definition.mermaid());
    let engine = Engine::builder(()).store(MemoryStore::new()).saga(definition).build().await?;
    for top in ["thatch", "roof"] {
        let started = engine.client().start(build(top.to_owned())).await?;
        match started.handle.outcome().await? {
            Outcome::Completed(house) => println!("completed: {house}"),
            Outcome::RolledBack { message } => println!("rolled back: {message}"),
            Outcome::Failed { message, .. } => println!("a person is needed: {message}"),
        }
    }
    engine.shutdown(std::time::Duration::from_secs(1)).await?;
    Ok(())
}
