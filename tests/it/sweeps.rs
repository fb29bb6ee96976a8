//! Sweeps over the sagas here that have every form and every kind of step.

use std::time::Duration;

use saga::testing::{Sweep, Swept, sweep};

use crate::life::Clock;
use crate::world::World;
use crate::{crash, forms};

async fn swept<S: saga::Signature + saga::Callable<World>>(sweep: Sweep<S, World>) -> Swept {
    sweep.observe(|world: &World| (world.effects(), world.doubled())).run().await
}

fn world() -> World {
    World::new(Clock::default())
}

#[tokio::test]
async fn items_waits_matches_and_sub_sagas_are_whole_whatever_goes_wrong() {
    for value in ["up", "down"] {
        let sweep = sweep(forms::journey("x".to_owned())).resources(world).most(60);
        let swept = swept(sweep.event_after(Duration::from_secs(5), "online", "x", value)).await;
        assert!(swept.completed > 30 && swept.rolled_back > 50 && swept.deaths > 100, "{swept}");
    }
}

#[tokio::test]
async fn every_kind_of_step_is_settled_whatever_goes_wrong() {
    let swept = swept(sweep(crash::journey("x".to_owned())).resources(world).most(150)).await;
    assert!(swept.completed > 30 && swept.rolled_back > 50 && swept.failed > 10, "{swept}");
}
