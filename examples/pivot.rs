//! The point of no return: before it a failure undoes everything, after it there is only forward.

use std::sync::atomic::{AtomicU32, Ordering};

use saga::store::MemoryStore;
use saga::{Engine, Outcome, StepError, saga, step};

/// Is out of paper twice.
#[derive(Default)]
struct Printer(AtomicU32);

#[derive(Default, saga::Resources)]
struct Shop {
    printer: Printer,
}

#[step(compensate = put_back(what))]
async fn reserve(what: &str) -> saga::Result<()> {
    println!("  reserved {what}");
    Ok(())
}
async fn put_back(what: &str) -> saga::Result<()> {
    println!("  put back {what}");
    Ok(())
}

/// Cannot be undone. What may fail has to stand before it: the compiler says so.
#[step(pivot)]
async fn charge(sum: u32) -> saga::Result<()> {
    if sum > 100 {
        return Err(StepError::permanent("the card is refused"));
    }
    println!("  charged {sum}");
    Ok(())
}

/// Is tried until it succeeds.
#[step(retriable, retry(backoff = fixed("10ms")))]
async fn print_receipt(#[inject] printer: &Printer, sum: u32) -> saga::Result<()> {
    if printer.0.fetch_add(1, Ordering::Relaxed) < 2 {
        println!("  no paper");
        return Err(StepError::transient("there is no paper"));
    }
    println!("  printed a receipt for {sum}");
    Ok(())
}

/// Sells a thing at a price.
#[saga(version = 1)]
async fn sell(order: (String, u32)) -> saga::Result<()> {
    reserve(&order.0).await?;
    charge(order.1).await?;
    print_receipt(order.1).await?;
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let engine =
        Engine::builder(Shop::default()).store(MemoryStore::new()).saga(sell::definition()).build().await?;
    for (what, price) in [("a boat", 5000), ("a book", 20)] {
        match engine.client().start(sell((what.to_owned(), price))).await?.handle.outcome().await? {
            Outcome::Completed(()) => println!("completed: {what} is sold"),
            Outcome::RolledBack { message } => println!("rolled back: {message}"),
            Outcome::Failed { message, .. } => println!("a person is needed: {message}"),
        }
    }
    engine.shutdown(std::time::Duration::from_secs(1)).await?;
    Ok(())
}
