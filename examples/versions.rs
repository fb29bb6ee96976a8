//! Two versions side by side: a workflow ends under the one that it was started with. What was changed without a
//! new version is stopped before it runs, with the difference.

use std::time::Duration;

use saga::store::{MemoryStore, Status};
use saga::{Definition, Engine, Outcome, WorkflowHandle, WorkflowId};

mod steps {
    #[saga::step(no_effect)]
    pub(super) async fn weigh(parcel: &str) -> saga::Result<usize> {
        println!("  weigh {parcel}");
        Ok(parcel.len())
    }
    #[saga::step(compensate = recall(parcel))]
    pub(super) async fn send(parcel: &str) -> saga::Result<String> {
        println!("  send {parcel}");
        Ok(format!("{parcel} is on its way"))
    }
    async fn recall(parcel: &str) -> saga::Result<()> {
        println!("  recall {parcel}");
        Ok(())
    }
    /// In the first life nobody answers.
    #[saga::step(no_effect)]
    pub(super) async fn wait_for_van(#[inject] van: &super::Van) -> saga::Result<()> {
        if van.0 { Ok(()) } else { std::future::pending().await }
    }
}

/// The saga as it was.
mod v1 {
    use super::steps::{send, wait_for_van};
    #[saga::saga(name = "ship", version = 1)]
    pub(super) async fn ship(parcel: String) -> saga::Result<String> {
        wait_for_van().await?;
        let sent = send(&parcel).await?;
        Ok(sent)
    }
}

/// As it is now: parcels are weighed first.
mod v2 {
    use super::steps::{send, wait_for_van, weigh};
    #[saga::saga(name = "ship", version = 2)]
    pub(super) async fn ship(parcel: String) -> saga::Result<String> {
        weigh(&parcel).await?;
        wait_for_van().await?;
        let sent = send(&parcel).await?;
        Ok(sent)
    }
}

/// The same change by somebody who forgot the version.
mod forgotten {
    use super::steps::{send, wait_for_van, weigh};
    #[saga::saga(name = "ship", version = 1)]
    pub(super) async fn ship(parcel: String) -> saga::Result<String> {
        weigh(&parcel).await?;
        wait_for_van().await?;
        let sent = send(&parcel).await?;
        Ok(sent)
    }
}

/// Is it there?
#[derive(Clone, Copy)]
struct Van(bool);

async fn engine(
    store: &MemoryStore,
    van: Van,
    sagas: Vec<Definition<Van>>,
) -> Result<Engine<Van>, Box<dyn std::error::Error>> {
    let builder = Engine::builder(van).store(store.clone());
    Ok(sagas.into_iter().fold(builder, |builder, saga| builder.saga(saga)).build().await?)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let store = MemoryStore::new();
    let first = engine(&store, Van(false), vec![v1::ship::definition()]).await?;
    first.client().start(v1::ship("a book".to_owned())).id("a-book").await?;
    first.shutdown(Duration::ZERO).await?;

    println!("the version was forgotten");
    let wrong = engine(&store, Van(true), vec![forgotten::ship::definition()]).await?;
    let parked = wrong.client().ended(&WorkflowId::new("a-book")?).await?;
    println!("{}", parked.header.state.error_message.unwrap_or_default());
    assert_eq!(parked.header.state.status, Status::Failed);
    wrong.shutdown(Duration::from_secs(1)).await?;

    println!("both versions");
    let both = engine(&store, Van(true), vec![v1::ship::definition(), v2::ship::definition()]).await?;
    let client = both.client();
    client.retry("default", &WorkflowId::new("a-book")?, "ada", false).await?;
    let book: WorkflowHandle<v1::ship> = client.handle(WorkflowId::new("a-book")?);
    let Outcome::Completed(said) = book.outcome().await? else { return Err("the book is lost".into()) };
    println!("version 1: {said}");
    let vase = client.start(v2::ship("a vase".to_owned())).await?;
    let Outcome::Completed(said) = vase.handle.outcome().await? else {
        return Err("the vase is lost".into());
    };
    println!("version 2: {said}");
    both.shutdown(Duration::from_secs(1)).await?;
    Ok(())
}
