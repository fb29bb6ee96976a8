//! The sagas that the workers run: steps on the world and in the database, side by side, with a pivot, a sleep, and an end
//! at which some are refused.

use std::time::Duration;

use saga::{StepContext, StepError, Tx, saga, step};
use saga_sqlx::postgres;
use serde::{Deserialize, Serialize};

use crate::system::World;

/// What the steps are given.
#[derive(saga::Resources)]
pub(crate) struct Things {
    pub(crate) world: World,
    pub(crate) mood: Mood,
}

/// How a process thinks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    Brisk,
    Lost,
}

/// What is to happen.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Order {
    /// Its last step is refused.
    pub(crate) refused: bool,
    /// It sleeps in the middle.
    pub(crate) sleeps: bool,
}

#[step(compensate = give_back(world, cx), timeout = "5s", settle_after = "5s", retry(max_attempts = 20, backoff = fixed("100ms")))]
async fn reserve(#[inject] world: &World, cx: &StepContext) -> saga::Result<String> {
    world.act("reserve", cx).await
}
async fn give_back(world: &World, cx: &StepContext) -> saga::Result<()> {
    world.undo("reserve", cx).await
}

/// In the engine's own database.
#[step(compensate = unbook(tx, cx), transactional, retry(max_attempts = 100, backoff = fixed("100ms")))]
async fn book(tx: &mut Tx<'_>, cx: &StepContext) -> saga::Result<String> {
    let insert = sqlx::query("INSERT INTO bookings (id) VALUES ($1)").bind(cx.idempotency_key());
    insert.execute(postgres(tx)?).await?;
    Ok(cx.idempotency_key().to_owned())
}
async fn unbook(tx: &mut Tx<'_>, cx: &StepContext) -> saga::Result<()> {
    let delete = sqlx::query("DELETE FROM bookings WHERE id = $1").bind(cx.forward_key());
    let deleted = delete.execute(postgres(tx)?).await?.rows_affected();
    if deleted == 1 { Ok(()) } else { Err(StepError::permanent(format!("{deleted} bookings were deleted"))) }
}

/// Undone by what it made.
#[step(
    compensate = unassign(world, cx, output), if_unknown = find_assigned(world, cx), timeout = "5s",
    settle_after = "5s", retry(max_attempts = 20, backoff = fixed("100ms"))
)]
async fn assign(#[inject] world: &World, cx: &StepContext) -> saga::Result<String> {
    world.act("assign", cx).await
}
async fn unassign(world: &World, cx: &StepContext, made: &str) -> saga::Result<()> {
    if made != cx.forward_key() {
        return Err(StepError::permanent(format!("`{made}` is not ours")));
    }
    world.undo("assign", cx).await
}
async fn find_assigned(world: &World, cx: &StepContext) -> saga::Result<Option<String>> {
    world.ask("find", "assign", cx.idempotency_key()).await
}

/// The last one that may be refused.
#[step(no_effect)]
async fn inspect(refused: bool) -> saga::Result<()> {
    if refused { Err(StepError::permanent("no")) } else { Ok(()) }
}

/// There is no way back behind it. The world tells whether it was done.
#[step(pivot, if_unknown = find_paid(world, cx), timeout = "5s", settle_after = "5s", retry(max_attempts = 20, backoff = fixed("100ms")))]
async fn pay(#[inject] world: &World, cx: &StepContext) -> saga::Result<String> {
    world.act("pay", cx).await
}
async fn find_paid(world: &World, cx: &StepContext) -> saga::Result<Option<String>> {
    world.ask("find", "pay", cx.idempotency_key()).await
}

#[step(retriable, timeout = "5s", retry(backoff = fixed("100ms")))]
async fn ship(#[inject] world: &World, cx: &StepContext) -> saga::Result<String> {
    world.act("ship", cx).await
}

/// What is done on the world, and in the database, when it is completed.
pub(crate) const EFFECTS: [&str; 4] = ["assign", "pay", "reserve", "ship"];

#[saga(version = 1)]
pub(crate) async fn order(order: Order) -> saga::Result<String> {
    let reserved = reserve().await?;
    let (booked, assigned) = try_join!(book(), assign())?;
    if order.sleeps {
        sleep(Duration::from_millis(500)).await;
    }
    inspect(order.refused).await?;
    pay().await?;
    ship().await?;
    Ok(format!("{reserved} {booked} {assigned}"))
}

/// Does not come back in a process of that mood.
#[step(no_effect, timeout = "10m")]
async fn think(#[inject] mood: &Mood) -> saga::Result<()> {
    if *mood == Mood::Lost {
        std::future::pending::<()>().await;
    }
    Ok(())
}

/// Takes some thought, and is shipped.
#[saga(version = 1)]
pub(crate) async fn slow(word: String) -> saga::Result<String> {
    think().await?;
    ship().await?;
    Ok(word)
}

/// Sleeps for four seconds.
#[saga(version = 1)]
pub(crate) async fn nap(word: String) -> saga::Result<String> {
    reserve().await?;
    sleep(Duration::from_secs(4)).await;
    ship().await?;
    Ok(word)
}

/// Takes its process down.
#[step(no_effect)]
async fn explode() -> saga::Result<()> {
    std::process::abort()
}

#[saga(version = 1)]
pub(crate) async fn poison(word: String) -> saga::Result<String> {
    reserve().await?;
    explode().await?;
    Ok(word)
}

/// Two halves that belong together, and are nothing alone.
#[step(no_effect, transactional)]
async fn halves(tx: &mut Tx<'_>, cx: &StepContext) -> saga::Result<()> {
    let id = cx.workflow_id().as_str();
    let first = sqlx::query("/* first half */ INSERT INTO halves (id, half) VALUES ($1, 1)").bind(id);
    first.execute(postgres(tx)?).await?;
    let second = sqlx::query("INSERT INTO halves (id, half) VALUES ($1, 2)").bind(id);
    second.execute(postgres(tx)?).await?;
    Ok(())
}

#[saga(version = 1)]
pub(crate) async fn whole(word: String) -> saga::Result<String> {
    halves().await?;
    Ok(word)
}
