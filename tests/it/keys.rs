//! Idempotency keys: under which name an effect is known to other systems.

use saga::engine::EngineBuilder;
use saga::saga;
use saga::store::{FailureReason, Status};

use crate::life::{Lives, id, status, until};
use crate::world::{Act, Way, World, a, b, once};

#[saga(version = 1)]
async fn twice(word: String) -> saga::Result<String> {
    let first = a(&word).await?;
    let second = a(&first).await?;
    let last = b(&second).await?;
    Ok(last)
}
#[saga(version = 1, on_failure = park)]
async fn parking(word: String) -> saga::Result<String> {
    a(&word).await?;
    let last = once().await?;
    Ok(last)
}

fn sagas(builder: EngineBuilder<World>) -> EngineBuilder<World> {
    builder.saga(twice::definition()).saga(parking::definition())
}

#[test]
fn guarantee_11_a_key_is_the_same_for_all_attempts_and_after_restarts_and_differs_otherwise() {
    let mut lives = Lives::new();
    lives.world.script("b", Way::Do, [Act::Transient, Act::DoneAndHang, Act::DoneAndHang]);
    lives.live(sagas, async |life| {
        life.client.start(twice("x".into())).id("w").await.unwrap();
        life.client.start(twice("x".into())).id("v").await.unwrap();
        until(async || life.world.called("do b") == 3).await;
    });
    lives.world.always("b", Way::Do, Act::Refuse);
    lives.live(sagas, async |life| {
        life.ended("w").await;
        life.ended("v").await;
    });
    let mut all = vec![];
    for (step, way) in [("a", Way::Do), ("a", Way::Undo), ("b", Way::Do), ("b", Way::Undo)] {
        let mut keys = lives.world.keys(step, way);
        keys.sort();
        keys.dedup();
        all.append(&mut keys);
    }
    let expected = |w: &str| {
        [
            format!("{w}/a.first"),
            format!("{w}/a.second"),
            format!("{w}/a.first/undo"),
            format!("{w}/a.second/undo"),
            format!("{w}/b.last"),
            format!("{w}/b.last/undo"),
        ]
    };
    // (The pass that looks after late landings has one of its own. It is the only one where the worker was missed for longer
    // than anything can be late.)
    let mut all: Vec<_> = all.iter().map(|key| key.trim_end_matches("-late").to_owned()).collect();
    let mut wanted: Vec<_> = expected("w").into_iter().chain(expected("v")).collect();
    all.sort();
    all.dedup();
    wanted.sort();
    assert_eq!(all, wanted);
}

#[test]
fn guarantee_11_a_second_run_has_new_keys() {
    Lives::new().live(sagas, async |life| {
        life.world.script("b", Way::Do, [Act::Refuse]);
        life.client.start(twice("x".into())).id("w").await.unwrap();
        assert_eq!(status(&life.ended("w").await), Status::RolledBack);
        life.client.retry("default", &id("w"), "ada", false).await.unwrap();
        let loaded = life.ended("w").await;
        assert_eq!((status(&loaded), loaded.header.state.run), (Status::Completed, 2));
        let keys = life.world.keys("a", Way::Do);
        assert_eq!(keys.len(), 4);
        assert!(keys[2].starts_with("w/a.first/r2"), "{keys:?}");
        assert!(life.world.doubled().is_empty());
        // The first pass stays in the journal.
        assert_eq!(loaded.steps.iter().filter(|row| row.run == 1).count(), 3);
    });
}

#[test]
fn guarantee_11_a_retry_has_a_new_key_after_a_refusal_and_the_old_one_while_unknown() {
    for (act, keys) in [(Act::Refuse, 2), (Act::DoneAndLost, 1)] {
        Lives::new().live(sagas, async |life| {
            life.world.script("once", Way::Do, [act]);
            life.client.start(parking("x".into())).id("w").await.unwrap();
            assert_eq!(life.ended("w").await.header.state.failure_reason, Some(FailureReason::Parked));
            life.client.retry("default", &id("w"), "ada", false).await.unwrap();
            assert_eq!(status(&life.ended("w").await), Status::Completed);
            assert_eq!(life.world.keys("once", Way::Do).len(), keys);
            assert_eq!(life.world.effects()["once"], 1);
        });
    }
}
