//! Processes of several versions side by side: each runs what it knows.

use std::time::Duration;

use saga::engine::EngineBuilder;
use saga::saga;
use saga::store::Status;

use crate::kit::{Cluster, ended, stop};
use crate::life::{status, until};
use crate::world::{Act, Way, World, a, b, c};

mod older {
    use super::*;
    #[saga(version = 1)]
    pub(super) async fn trip(word: String) -> saga::Result<String> {
        let done = a(&word).await?;
        Ok(done)
    }
}
mod newer {
    use super::*;
    #[saga(version = 2)]
    pub(super) async fn trip(word: String) -> saga::Result<String> {
        b(&word).await?;
        let done = c(&word).await?;
        Ok(done)
    }
}

fn old(builder: EngineBuilder<World>) -> EngineBuilder<World> {
    builder.saga(older::trip::definition())
}
/// As it is deployed while workflows of the old one run: it knows both.
fn both(builder: EngineBuilder<World>) -> EngineBuilder<World> {
    old(builder).saga(newer::trip::definition())
}
fn new(builder: EngineBuilder<World>) -> EngineBuilder<World> {
    builder.saga(newer::trip::definition())
}

/// Finding 14 and guarantee 13, over processes.
#[tokio::test]
async fn guarantee_13_each_process_runs_only_the_versions_that_it_knows() {
    let cluster = Cluster::new().await;
    let first = cluster.engine(old).await;
    // Somebody who knows the new one already, and runs nothing.
    let api = cluster.api([newer::trip::definition::<World>().plan().clone()]).await;
    api.start(newer::trip("x".into())).id("new").await.unwrap();
    cluster.world.script("a", Way::Do, [Act::Slow(Duration::from_millis(900))]);
    first.client().start(older::trip("x".into())).id("old").await.unwrap();
    // More than a few polls later.
    assert_eq!(status(&ended(&first, "old").await), Status::Completed);
    until(async || !first.client().stranded().await.unwrap().is_empty()).await;
    tokio::time::sleep(crate::home::POLL * 3).await;
    assert_eq!(status(&cluster.load("new").await), Status::Pending);
    assert_eq!(cluster.world.calls(), ["do a"]);

    let second = cluster.engine(both).await;
    assert_eq!(status(&ended(&second, "new").await), Status::Completed);
    assert_eq!(cluster.world.calls(), ["do a", "do b", "do c"]);
    assert_eq!(first.client().stranded().await.unwrap(), []);
    stop(&first).await;
    stop(&second).await;
}

#[tokio::test]
async fn a_leaving_process_hands_over_only_to_those_who_know_its_version() {
    let cluster = Cluster::new().await;
    let (leaving, newest) = (cluster.engine(old).await, cluster.engine(new).await);
    cluster.world.script("a", Way::Do, [Act::RetryAfter(Duration::from_secs(1))]);
    leaving.client().start(older::trip("x".into())).id("w").await.unwrap();
    until(async || cluster.world.called("do a") == 1).await;
    stop(&leaving).await;
    // Long enough for the one that does not know it to take it by mistake.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let header = cluster.header("w").await;
    assert_eq!((header.state.status, header.worker, header.unclean), (Status::Running, None, false));
    let knowing = cluster.engine(both).await;
    assert_eq!(status(&ended(&newest, "w").await), Status::Completed);
    assert_eq!(cluster.world.called("do a"), 2);
    stop(&newest).await;
    stop(&knowing).await;
}
