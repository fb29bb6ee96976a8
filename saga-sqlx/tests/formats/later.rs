//! What came later: items, sub-sagas, sleeping, waiting for events, secrets.

use std::time::Duration;

use saga::{saga, step};
use serde::{Deserialize, Serialize};

use crate::basic::World;

macro_rules! steps {
    ($($step:ident, $undo:ident;)*) => { $(
        #[step(compensate = $undo(world, word), system = "world", timeout = "1000s", settle_after = "100ms")]
        async fn $step(#[inject] world: &World, word: &str) -> saga::Result<String> {
            world.call(concat!("do ", stringify!($step)), word).await
        }
        async fn $undo(world: &World, word: &str) -> saga::Result<()> {
            world.call(concat!("undo ", stringify!($step)), word).await.map(drop)
        }
    )* };
}
steps! { item, undo_item; inner, undo_inner; outer, undo_outer; }

#[saga(version = 1)]
async fn part(word: String) -> saga::Result<String> {
    let made = inner(&word).await?;
    Ok(made)
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Trip {
    pub(crate) word: String,
    pub(crate) seconds: u64,
}

#[saga(version = 1)]
pub(crate) async fn whole(trip: Trip) -> saga::Result<String> {
    let items = for_each(0..3, |n| item(if n == 1 { &trip.word } else { "some" })).await?;
    part(trip.word.clone()).await?;
    sleep(Duration::from_secs(trip.seconds)).await;
    let news = wait_for_event::<String>("news", &trip.word).await?;
    let last = outer(&trip.word).await?;
    Ok(format!("{} items, {news}, {last}", items.len()))
}

#[step(compensate = forget(world), timeout = "1000s", settle_after = "100ms")]
async fn keep(#[inject] world: &World, word: &str, #[secret] phrase: &str) -> saga::Result<String> {
    world.call("do keep", word).await?;
    Ok(format!("{} letters", phrase.len()))
}
async fn forget(world: &World) -> saga::Result<()> {
    world.call("undo keep", "it").await.map(drop)
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Hidden {
    pub(crate) word: String,
    pub(crate) phrase: String,
}

#[saga(version = 1)]
pub(crate) async fn sealed(#[secret] hidden: Hidden) -> saga::Result<String> {
    let kept = keep(&hidden.word, &hidden.phrase).await?;
    Ok(kept)
}
