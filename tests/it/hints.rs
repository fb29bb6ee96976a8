//! A store's hints: what they bring at once, and that nothing rests on them.

use std::time::Duration;

use saga::engine::EngineBuilder;
use saga::store::{SignalKind, Status, Store};
use saga::{Config, saga};

use crate::life::{Lives, id, pass, status};
use crate::world::{Act, Way, World, a, b};

#[saga(version = 1)]
async fn two(word: String) -> saga::Result<String> {
    a(&word).await?;
    let last = b(&word).await?;
    Ok(last)
}

fn sagas(builder: EngineBuilder<World>) -> EngineBuilder<World> {
    builder.saga(two::definition())
}

const HOUR: Duration = Duration::from_secs(3600);
const MOMENT: Duration = Duration::from_millis(500);

fn hourly() -> Lives {
    Lives::with(Config { poll_interval: HOUR, lease: 8 * HOUR, ..Config::default() })
}

#[test]
fn what_others_start_begins_at_a_hint_and_without_one_at_the_next_look() {
    hourly().live(sagas, async |life| {
        let api = life.api([two::definition::<World>().plan().clone()]);
        pass(MOMENT).await;
        api.start(two("x".into())).id("hinted").await.unwrap();
        pass(MOMENT).await;
        assert_eq!(status(&life.load("hinted").await), Status::Pending);
        life.tap.hint();
        pass(MOMENT).await;
        assert_eq!(status(&life.load("hinted").await), Status::Completed);
        api.start(two("x".into())).id("found").await.unwrap();
        pass(HOUR).await;
        assert_eq!(status(&life.load("found").await), Status::Completed);
    });
}

/// By this worker's idea of the store's time it is not due yet: whoever let go of it was a moment ahead.
#[test]
fn what_a_hint_announces_a_moment_too_soon_begins_a_moment_later() {
    hourly().live(sagas, async |life| {
        let api = life.api([two::definition::<World>().plan().clone()]);
        pass(MOMENT).await;
        let soon = life.runtime().now().plus(Duration::from_millis(900));
        api.start(two("x".into())).id("ahead").at(soon).await.unwrap();
        life.tap.hint();
        pass(MOMENT).await;
        assert_eq!(status(&life.load("ahead").await), Status::Pending);
        pass(3 * MOMENT).await;
        assert_eq!(status(&life.load("ahead").await), Status::Completed);
    });
}

#[test]
fn after_work_more_is_looked_for_sooner_and_then_less_often_again() {
    hourly().live(sagas, async |life| {
        let api = life.api([two::definition::<World>().plan().clone()]);
        pass(MOMENT).await;
        api.start(two("x".into())).id("one").await.unwrap();
        life.tap.hint();
        pass(MOMENT).await;
        assert_eq!(status(&life.load("one").await), Status::Completed);
        api.start(two("x".into())).id("two").await.unwrap();
        pass(HOUR / 16).await;
        assert_eq!(status(&life.load("two").await), Status::Completed);
        pass(3 * HOUR).await;
        api.start(two("x".into())).id("three").await.unwrap();
        pass(HOUR / 16).await;
        assert_eq!(status(&life.load("three").await), Status::Pending);
    });
}

#[test]
fn mail_is_read_at_a_hint() {
    hourly().live(sagas, async |life| {
        life.world.script("a", Way::Do, [Act::UntilCancelled]);
        life.client.start(two("x".into())).id("w").await.unwrap();
        pass(MOMENT).await;
        // As another process would: nobody tells this one's worker.
        life.store.send("default", &id("w"), SignalKind::Cancel, "alice").await.unwrap();
        pass(MOMENT).await;
        assert_eq!(status(&life.load("w").await), Status::Running);
        life.tap.hint();
        pass(MOMENT).await;
        assert_eq!(status(&life.load("w").await), Status::RollingBack);
    });
}
