//! Waiting for what happens outside: it may come before the saga gets there, long after, or not in time.

use std::time::Duration;

use saga::store::MemoryStore;
use saga::{Engine, Json, Outcome, saga, step};

#[step(compensate = power_off(serial))]
async fn power_on(serial: &str) -> saga::Result<()> {
    println!("  {serial} is powered on");
    Ok(())
}
async fn power_off(serial: &str) -> saga::Result<()> {
    println!("  {serial} is powered off");
    Ok(())
}

/// Powers a device on, and waits until it has been heard of.
#[saga(version = 1)]
async fn install(serial: String) -> saga::Result<String> {
    power_on(&serial).await?;
    let light = wait_for_event::<i32>("online", &serial).timeout("500ms").await?;
    Ok(format!("{serial} is online with {light} dBm"))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let engine = Engine::builder(()).store(MemoryStore::new()).saga(install::definition()).build().await?;
    let client = engine.client();
    let [first, second] = ["A1", "B2"].map(|serial| client.start(install(serial.to_owned())));
    let (first, second) = (first.await?.handle, second.await?.handle);
    // Whoever hears of it says so: a webhook, a message from a queue. Nobody hears of B2.
    tokio::time::sleep(Duration::from_millis(50)).await;
    client.publish("default", "online", "A1", Json::encode(&-18)?, Some("webhook")).await?;
    for install in [first, second] {
        match install.outcome().await? {
            Outcome::Completed(said) => println!("completed: {said}"),
            Outcome::RolledBack { message } => println!("rolled back: {message}"),
            Outcome::Failed { message, .. } => println!("a person is needed: {message}"),
        }
    }
    engine.shutdown(Duration::from_secs(1)).await?;
    Ok(())
}
