//! The way back, when its worker dies at any write of it.

use std::time::Duration;

use saga::engine::EngineBuilder;
use saga::saga;
use saga::store::Status;

use crate::life::{Lives, status};
use crate::tap::Kill;
use crate::world::{Act, Way, World, a, b, c, d, e};

#[saga(version = 1)]
async fn joined(word: String) -> saga::Result<String> {
    a(&word).await?;
    let (_, _) = try_join!(b(&word), async {
        c(&word).await?;
        let inner = d(&word).await?;
        Ok(inner)
    })?;
    let last = e(&word).await?;
    Ok(last)
}

fn sagas(builder: EngineBuilder<World>) -> EngineBuilder<World> {
    builder.saga(joined::definition())
}

#[test]
fn guarantee_04_undo_goes_on_at_any_crash_with_slow_and_failing_compensations() {
    for n in 6..20 {
        for kill in [Kill::Before(n), Kill::After(n)] {
            let mut lives = Lives::new();
            lives.world.always("e", Way::Do, Act::Refuse);
            lives.world.script("d", Way::Undo, [Act::Slow(Duration::from_millis(300)), Act::Transient]);
            lives.world.script("b", Way::Undo, [Act::DoneAndLost, Act::Transient]);
            let lived = lives.live_until(Some(kill), sagas, async |life| {
                life.client.start(joined("x".into())).id("w").await.unwrap();
                life.ended("w").await;
            });
            let loaded = lives.live(sagas, async |life| life.ended("w").await);
            assert_eq!(status(&loaded), Status::RolledBack, "{kill:?} {lived:?}");
            assert!(lives.world.effects().is_empty() && lives.world.doubled().is_empty(), "{kill:?}");
        }
    }
}
