//! A system that is down for a moment: attempts, pauses, and the one thing that is never tried again.

use std::sync::atomic::{AtomicU32, Ordering};

use saga::store::MemoryStore;
use saga::{Engine, Outcome, StepContext, StepError, saga, step};

/// Answers from the third request on.
#[derive(Default)]
struct Shaky(AtomicU32);

#[derive(Default, saga::Resources)]
struct World {
    shaky: Shaky,
}

#[step(
    compensate = hang_up(number),
    retry(max_attempts = 5, backoff = exponential("10ms", "1s"), jitter = none),
    timeout = "2s"
)]
async fn call(#[inject] shaky: &Shaky, cx: &StepContext, number: &str) -> saga::Result<u32> {
    if number.is_empty() {
        // Refused for certain: trying again would be pointless.
        return Err(StepError::permanent("there is no number to call"));
    }
    if shaky.0.fetch_add(1, Ordering::Relaxed) < 2 {
        println!("attempt {}: the line is dead", cx.attempt());
        return Err(StepError::transient("the line is dead"));
    }
    println!("attempt {}: it rings", cx.attempt());
    Ok(cx.attempt())
}
async fn hang_up(number: &str) -> saga::Result<()> {
    println!("hung up {number}");
    Ok(())
}

/// Calls a number and says how many attempts it took.
#[saga(version = 1)]
async fn ring(number: String) -> saga::Result<u32> {
    Ok(call(&number).await?)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let engine =
        Engine::builder(World::default()).store(MemoryStore::new()).saga(ring::definition()).build().await?;
    for number in ["555 0100", ""] {
        let started = engine.client().start(ring(number.to_owned())).await?;
        match started.handle.outcome().await? {
            Outcome::Completed(attempts) => println!("completed after {attempts} attempts"),
            Outcome::RolledBack { message } => println!("rolled back: {message}"),
            Outcome::Failed { message, .. } => println!("a person is needed: {message}"),
        }
    }
    engine.shutdown(std::time::Duration::from_secs(1)).await?;
    Ok(())
}
