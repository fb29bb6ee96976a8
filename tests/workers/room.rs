//! A bounded number in memory; the rest waits in the database, and every tenant gets its turn.

use std::time::Duration;

use saga::engine::EngineBuilder;
use saga::store::{Listing, Status};
use saga::{Config, saga};

use crate::home;
use crate::kit::{Cluster, ended, stop};
use crate::life::status;
use crate::world::{Act, Way, World, a};

#[saga(version = 1)]
async fn single(word: String) -> saga::Result<String> {
    let made = a(&word).await?;
    Ok(made)
}

fn sagas(builder: EngineBuilder<World>) -> EngineBuilder<World> {
    builder.saga(single::definition())
}

fn config(max_live: usize) -> Config {
    Config { max_live, ..home::config() }
}

async fn count(cluster: &Cluster, tenant: &str, wanted: Status) -> u64 {
    use saga::store::Store;
    let counted = cluster.store.statistics(tenant).await.unwrap();
    counted.workflows.iter().filter(|((_, status), _)| *status == wanted).map(|(_, n)| *n).sum()
}

#[tokio::test]
async fn engines_take_as_much_as_they_have_room_for_and_the_rest_stays_pending() {
    let cluster = Cluster::new().await;
    cluster.world.always("a", Way::Do, Act::Slow(Duration::from_millis(100)));
    let api = cluster.api([single::definition::<World>().plan().clone()]).await;
    let starts = (0..100).map(|n| api.start(single("x".into())).id(format!("w{n}")));
    assert!(api.start_many(starts).await.iter().all(Result::is_ok));
    assert_eq!(count(&cluster, "default", Status::Pending).await, 100);
    let (one, other) =
        (cluster.engine_with(config(3), sagas).await, cluster.engine_with(config(4), sagas).await);
    for n in 0..100 {
        assert_eq!(status(&ended(&one, &format!("w{n}")).await), Status::Completed);
        let most = cluster.store_running().await;
        assert!(most <= 7, "{most} are owned");
    }
    assert!(cluster.world.most_running() <= 7, "{}", cluster.world.most_running());
    assert!(cluster.world.doubled().is_empty());
    stop(&one).await;
    stop(&other).await;
}

/// The promise of `Store::claim`, as users meet it.
#[tokio::test]
async fn a_tenant_with_very_many_does_not_keep_one_with_a_single_workflow_waiting() {
    let cluster = Cluster::new().await;
    cluster.world.always("a", Way::Do, Act::Slow(Duration::from_millis(20)));
    let api = cluster.api([single::definition::<World>().plan().clone()]).await;
    let of = |tenant: &'static str, n: usize| {
        (0..n).map(move |n| (tenant, n)).map(|(tenant, n)| {
            api.start(single("x".into())).id(format!("{tenant}{n}")).tenant(tenant).priority(9)
        })
    };
    let one = api.start(single("x".into())).id("alone").tenant("south");
    let all = of("north", 900).chain([one]).chain(of("west", 100));
    assert!(api.start_many(all).await.iter().all(Result::is_ok));
    let engines = [cluster.engine_with(config(2), sagas).await, cluster.engine_with(config(2), sagas).await];
    assert_eq!(status(&ended(&engines[0], "alone").await), Status::Completed);
    let done = count(&cluster, "north", Status::Completed).await;
    assert!(done < 300, "{done} of the others came first");
    for engine in engines {
        engine.shutdown(Duration::from_secs(10)).await.unwrap();
    }
    let listing = Listing { tenant: "north".into(), limit: 1, ..Listing::default() };
    assert_eq!(api.list(listing).await.unwrap().headers.len(), 1);
}

#[tokio::test]
async fn ten_thousand_starts_are_one_call_and_the_same_call_again_starts_none() {
    let cluster = Cluster::new().await;
    let api = cluster.api([single::definition::<World>().plan().clone()]).await;
    for again in [false, true] {
        let starts = (0..10_000).map(|n| api.start(single("x".into())).idempotency_key(format!("k{n}")));
        let started = api.start_many(starts).await;
        assert_eq!(started.len(), 10_000);
        assert!(started.into_iter().all(|one| one.unwrap().replayed == again));
        assert_eq!(count(&cluster, "default", Status::Pending).await, 10_000);
    }
}
