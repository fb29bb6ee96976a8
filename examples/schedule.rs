//! A saga that starts by itself, and one that an event starts. Both stand in the store: a restart misses nothing,
//! and however many workers there are, each tick and each event starts one workflow.

use std::time::Duration;

use saga::store::{MemoryStore, Overlap};
use saga::{Engine, Json, saga, step};

#[step(no_effect)]
async fn count(what: &str) -> saga::Result<usize> {
    println!("  counting {what}");
    Ok(what.len())
}

/// Counts what is on the shelf.
#[saga(version = 1)]
async fn stocktaking(shelf: String) -> saga::Result<usize> {
    let counted = count(&shelf).await?;
    Ok(counted)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let engine = Engine::builder(())
        .store(MemoryStore::new())
        .saga(stocktaking::definition())
        .on_event("delivery", |event| Ok(Some(stocktaking(event.value.decode()?))))
        .build()
        .await?;
    let client = engine.client();

    // `30 2 * * *` would be every night. With six fields the first one is the second: every second here.
    let nightly = client
        .schedule("apples", "* * * * * *", stocktaking("the apples".to_owned()))
        .time_zone("Europe/Berlin")
        .overlap(Overlap::Skip)
        .await?;
    println!("first at {}", nightly.next_at.map(|at| at.to_string()).unwrap_or_default());
    tokio::time::sleep(Duration::from_millis(3500)).await;
    client.schedules("default").pause("apples").await?;

    println!("a delivery");
    client.publish("default", "delivery", "lorry 7", Json::encode("the pears")?, None).await?;
    tokio::time::sleep(Duration::from_millis(500)).await;
    for schedule in client.schedules("default").list().await? {
        let last = schedule.last_at.map(|at| at.to_string()).unwrap_or_default();
        println!("{} is {}, last at {last}", schedule.name, if schedule.paused { "paused" } else { "on" });
    }
    engine.shutdown(Duration::from_secs(1)).await?;
    Ok(())
}
