//! A saga that calls another one: it is undone as a whole, also when it had finished.

use saga::store::MemoryStore;
use saga::{Engine, Outcome, StepError, saga, step};

#[step(compensate = unbook(what))]
async fn book(what: &str) -> saga::Result<String> {
    if what == "hotel in Atlantis" {
        return Err(StepError::permanent(format!("there is no {what}")));
    }
    println!("  booked   {what}");
    Ok(what.to_owned())
}
async fn unbook(what: &str) -> saga::Result<()> {
    println!("  canceled {what}");
    Ok(())
}

/// One leg of a journey; a saga of its own, which can be started by itself too.
#[saga(version = 1)]
async fn travel(to: String) -> saga::Result<String> {
    let flight = book(&format!("flight to {to}")).await?;
    let hotel = book(&format!("hotel in {to}")).await?;
    Ok(format!("{flight}, {hotel}"))
}

/// Two legs, and a detour that may fail.
#[saga(version = 1)]
async fn tour(stops: (String, String, String)) -> saga::Result<String> {
    let first = travel(stops.0).await?;
    let detour = travel(stops.1).await.ok();
    let last = travel(stops.2).await?;
    Ok(format!("{first}; {}; {last}", detour.unwrap_or_else(|| "no detour".to_owned())))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let engine = Engine::builder(()).store(MemoryStore::new()).saga(tour::definition()).build().await?;
    for (detour, last) in [("Atlantis", "Rome"), ("Naples", "Atlantis")] {
        println!("to Lisbon, {detour} and {last}");
        let stops = ("Lisbon".to_owned(), detour.to_owned(), last.to_owned());
        match engine.client().start(tour(stops)).await?.handle.outcome().await? {
            Outcome::Completed(booked) => println!("completed: {booked}"),
            Outcome::RolledBack { message } => println!("rolled back: {message}"),
            Outcome::Failed { message, .. } => println!("a person is needed: {message}"),
        }
    }
    engine.shutdown(std::time::Duration::from_secs(1)).await?;
    Ok(())
}
