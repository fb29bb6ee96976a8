//! What sweeps do while a saga sleeps or waits, and what they hold against it that left out a step.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use saga::testing::{World, sweep};
use saga::{StepContext, saga, step};
use tokio::time::Instant;

use super::sweep::wrong;

const HOUR: Duration = Duration::from_secs(60 * 60);

#[derive(Clone, Default)]
struct Shop {
    world: World,
    /// Since when the goods are put aside.
    since: Arc<Mutex<Option<Instant>>>,
}

impl Shop {
    fn there(&self) -> Vec<String> {
        self.world.there()
    }
}

#[step(compensate = put_back(shop, cx))]
async fn put_aside(#[inject] shop: &Shop, cx: &StepContext) -> saga::Result<()> {
    shop.since.lock().unwrap().get_or_insert_with(Instant::now);
    shop.world.create(cx, "goods", "a chair").await
}
/// Forgets what is being packed: not at once, and not when it is packed after an hour.
async fn put_back(shop: &Shop, cx: &StepContext) -> saga::Result<()> {
    let since = shop.since.lock().unwrap().map(|since| since.elapsed()).unwrap_or_default();
    if since > HOUR / 4 && since < HOUR {
        return Ok(());
    }
    shop.world.remove(cx, "goods").await
}
#[step(compensate = call_back(shop, cx))]
async fn send(#[inject] shop: &Shop, cx: &StepContext) -> saga::Result<()> {
    shop.world.create(cx, "parcel", "a chair").await
}
async fn call_back(shop: &Shop, cx: &StepContext) -> saga::Result<()> {
    shop.world.remove(cx, "parcel").await
}

#[saga(version = 1)]
async fn ship(to: String) -> saga::Result<()> {
    put_aside().await?;
    sleep(HOUR).await;
    wait_for_event::<String>("paid", &to).timeout("2d").await?;
    send().await?;
    Ok(())
}

#[tokio::test]
async fn a_cancellation_in_the_middle_of_a_sleep_is_swept() {
    let shipped = || {
        let sweep = sweep(ship("Lisbon".to_owned())).resources(Shop::default).observe(Shop::there);
        sweep.event_after(24 * HOUR, "paid", "Lisbon", "yes").most(50)
    };
    let words = wrong(shipped().run()).await;
    let left = "what is there is not what was there before\n  before: []\n  now:    [\"goods a chair\"]";
    assert!(words.contains(left), "{words}");
    let script = words.lines().nth(2).expect("the script").trim();
    assert!(script.starts_with("is cancelled ") && script.ends_with(" ms after its start"), "{words}");
    let again = wrong(shipped().replay(script).run()).await;
    assert!(again.contains("1 of 2 histories went wrong") && again.contains(left), "{again}");
}

#[step(compensate = forgets())]
async fn remind(#[inject] world: &World, cx: &StepContext) -> saga::Result<()> {
    world.create(cx, "reminder", "r").await
}
async fn forgets() -> saga::Result<()> {
    Ok(())
}
#[step(compensate = clear(world, cx))]
async fn book(#[inject] world: &World, cx: &StepContext) -> saga::Result<()> {
    world.create(cx, "booking", "b").await
}
async fn clear(world: &World, cx: &StepContext) -> saga::Result<()> {
    world.remove(cx, "booking").await
}

/// Goes another way when nobody pays.
#[saga(version = 1)]
async fn dun(who: String) -> saga::Result<()> {
    let paid = wait_for_event::<String>("paid", &who).timeout("2d").await;
    when(paid.is_err(), remind()).await?;
    book().await?;
    Ok(())
}

#[tokio::test]
async fn the_way_that_a_saga_goes_when_nothing_comes_is_swept() {
    let dunned = || {
        let sweep = sweep(dun("Ann".to_owned())).resources(World::new).observe(World::there);
        sweep.event_after(HOUR, "paid", "Ann", "yes").most(50)
    };
    let words = wrong(dunned().run()).await;
    assert!(words.contains("before: []\n  now:    [\"reminder r\"]"), "{words}");
    let script = words.lines().nth(2).expect("the script").trim();
    assert!(script.starts_with("event 1 does not come; step "), "{words}");
    let again = wrong(dunned().replay(script).run()).await;
    assert!(again.contains("1 of 3 histories went wrong") || again.contains("1 of 2"), "{again}");
}

/// Waits for as long as it takes.
#[saga(version = 1)]
async fn patient(who: String) -> saga::Result<()> {
    book().await?;
    wait_for_event::<String>("paid", &who).await?;
    Ok(())
}

#[tokio::test]
async fn what_is_waited_for_without_an_end_comes_when_everything_is_mended() {
    let sweep = sweep(patient("Ann".to_owned())).resources(World::new).observe(World::there);
    let swept = sweep.event_after(HOUR, "paid", "Ann", "yes").most(50).run().await;
    assert!(swept.completed > 20 && swept.rolled_back > 20, "{swept}");
}

#[step(compensate = uninsure(world, cx), if_unknown = never_there(), timeout = "5s")]
async fn insure(#[inject] world: &World, cx: &StepContext) -> saga::Result<()> {
    world.create(cx, "insurance", "i").await
}
async fn uninsure(world: &World, cx: &StepContext) -> saga::Result<()> {
    world.remove(cx, "insurance").await
}
/// It may well be there.
async fn never_there() -> saga::Result<Option<()>> {
    Ok(None)
}
#[saga(version = 1)]
async fn maybe_insured(who: String) -> saga::Result<String> {
    insure().await.ok();
    book().await?;
    Ok(who)
}

#[tokio::test]
async fn a_tolerated_step_that_left_something_is_found_by_its_own_script() {
    let insured = || {
        let sweep = sweep(maybe_insured("Ann".to_owned())).resources(World::new);
        sweep.observe(World::there).most(50)
    };
    let words = wrong(insured().run()).await;
    assert!(words.contains("if step insure refuses\n  then: [\"booking b\"]"), "{words}");
    let script = "step insure loses its answer";
    assert!(words.contains(&format!(".replay(\"{script}\")")), "{words}");
    let again = wrong(insured().replay(script).run()).await;
    assert!(again.contains("1 of 2 histories went wrong"), "{again}");
}
