//! Pauses between attempts are slept on, as long as they should be, and not by everybody equally long.

use std::collections::BTreeSet;
use std::time::Duration;

use saga::engine::EngineBuilder;
use saga::saga;
use saga::store::Status;

use crate::life::{Lives, row, status};
use crate::world::{Act, Way, World, a, spread};

#[saga(version = 1)]
async fn steady(word: String) -> saga::Result<String> {
    Ok(a(&word).await?)
}

#[saga(version = 1)]
async fn scattered(word: String) -> saga::Result<String> {
    Ok(spread(&word).await?)
}

fn sagas(builder: EngineBuilder<World>) -> EngineBuilder<World> {
    builder.saga(steady::definition()).saga(scattered::definition())
}

#[test]
fn every_pause_is_slept_on_the_declared_one_and_the_one_that_was_asked_for() {
    let asked = Duration::from_secs(7);
    for (act, pause) in [(Act::Transient, Duration::from_millis(100)), (Act::RetryAfter(asked), asked)] {
        Lives::new().live(sagas, async |life| {
            life.world.script("a", Way::Do, [act.clone(), act]);
            life.client.start(steady("x".into())).id("w").await.unwrap();
            let loaded = life.ended("w").await;
            assert_eq!((status(&loaded), row(&loaded, "a").attempts), (Status::Completed, 3));
            let row = row(&loaded, "a");
            assert_eq!(row.completed_at.unwrap().since(row.started_at.unwrap()), 2 * pause);
        });
    }
}

#[test]
fn who_failed_together_does_not_come_back_together() {
    const CROWD: usize = 40;
    Lives::new().live(sagas, async |life| {
        life.world.script("spread", Way::Do, std::iter::repeat_n(Act::Transient, CROWD));
        for n in 0..CROWD {
            life.client.start(scattered("x".into())).id(format!("w{n}")).await.unwrap();
        }
        let mut seconds = BTreeSet::new();
        for n in 0..CROWD {
            let loaded = life.ended(&format!("w{n}")).await;
            assert_eq!(row(&loaded, "spread").attempts, 2);
            let row = row(&loaded, "spread");
            let pause = row.completed_at.unwrap().since(row.started_at.unwrap());
            assert!(pause <= Duration::from_secs(10), "{pause:?}");
            seconds.insert(pause.as_secs());
        }
        assert!(seconds.len() >= 8, "of ten seconds these were used: {seconds:?}");
    });
}
