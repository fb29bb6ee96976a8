//! A step for each of several items, some of them side by side. When one fails, those that were done are undone.

use saga::store::MemoryStore;
use saga::{Engine, Outcome, StepError, saga, step};

#[step(compensate = close(port))]
async fn open(port: u32) -> saga::Result<String> {
    if port > 24 {
        return Err(StepError::permanent(format!("there is no port {port}")));
    }
    println!("  opened port {port}");
    Ok(format!("ge-{port}"))
}
async fn close(port: u32) -> saga::Result<()> {
    println!("  closed port {port}");
    Ok(())
}

/// How many there are is known when it runs; the plan has one place for all of them.
#[saga(version = 1)]
async fn open_all(ports: Vec<u32>) -> saga::Result<Vec<String>> {
    let names = for_each(&ports, |port| open(*port)).max_parallel(2).await?;
    Ok(names)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let engine = Engine::builder(()).store(MemoryStore::new()).saga(open_all::definition()).build().await?;
    for ports in [vec![1, 2, 3], vec![7, 8, 99]] {
        println!("ports {ports:?}");
        match engine.client().start(open_all(ports)).await?.handle.outcome().await? {
            Outcome::Completed(names) => println!("completed: {}", names.join(", ")),
            Outcome::RolledBack { message } => println!("rolled back: {message}"),
            Outcome::Failed { message, .. } => println!("a person is needed: {message}"),
        }
    }
    engine.shutdown(std::time::Duration::from_secs(1)).await?;
    Ok(())
}
