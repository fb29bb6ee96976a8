//! A rolling deploy: whoever leaves hands over at once, and nothing stands still.

use std::time::Duration;

use saga::engine::{EngineBuilder, StartError};
use saga::store::{Status, StepStatus};
use saga::{Config, saga};
use tokio::time::Instant;

use crate::home;
use crate::kit::{Cluster, ended, stop};
use crate::life::{row, status, until};
use crate::world::{Act, Way, World, a, b, c, lasting};

#[saga(version = 1)]
async fn three(word: String) -> saga::Result<String> {
    a(&word).await?;
    b(&word).await?;
    let last = c(&word).await?;
    Ok(last)
}

#[saga(version = 1)]
async fn long(word: String) -> saga::Result<String> {
    lasting().await?;
    let last = c(&word).await?;
    Ok(last)
}

fn sagas(builder: EngineBuilder<World>) -> EngineBuilder<World> {
    builder.saga(three::definition()).saga(long::definition())
}

/// Nobody waits for its lease in here, of five minutes: if somebody does, it shows.
fn config() -> Config {
    home::config()
}

#[tokio::test]
async fn whoever_leaves_hands_over_what_it_ran_due_at_once_and_clean() {
    let cluster = Cluster::new().await;
    let (leaving, staying) =
        (cluster.engine_with(config(), sagas).await, cluster.engine_with(config(), sagas).await);
    let slow = std::iter::repeat_n(Act::Slow(Duration::from_millis(400)), 40);
    cluster.world.script("b", Way::Do, slow);
    for n in 0..20 {
        leaving.client().start(three("x".into())).id(format!("w{n}")).await.unwrap();
    }
    until(async || cluster.world.called("do b") >= 5).await;
    stop(&leaving).await;
    let left = Instant::now();
    for n in 0..20 {
        let loaded = ended(&staying, &format!("w{n}")).await;
        assert_eq!((status(&loaded), loaded.header.takeovers), (Status::Completed, 0), "w{n}");
        assert!(loaded.steps.iter().all(|row| row.attempts == 1), "nothing was interrupted");
    }
    // A poll of half a second at most, and the steps; much less than a lease.
    assert!(left.elapsed() < Duration::from_secs(100), "{:?}", left.elapsed());
    assert!(cluster.world.doubled().is_empty());
    assert_eq!(cluster.world.called("do b"), 20);
    stop(&staying).await;
}

/// The others are told: they would look by themselves only when this test has given up long ago.
#[tokio::test]
async fn whoever_leaves_tells_the_others() {
    let cluster = Cluster::new().await;
    let seldom = Config { poll_interval: Duration::from_secs(600), ..config() };
    let (leaving, staying) =
        (cluster.engine_with(config(), sagas).await, cluster.engine_with(seldom, sagas).await);
    cluster.world.script("b", Way::Do, [Act::Slow(Duration::from_millis(400))]);
    leaving.client().start(three("x".into())).id("w").await.unwrap();
    until(async || cluster.world.called("do b") == 1).await;
    stop(&leaving).await;
    let loaded = ended(&staying, "w").await;
    assert_eq!((status(&loaded), loaded.header.takeovers), (Status::Completed, 0));
    stop(&staying).await;
}

#[tokio::test]
async fn what_only_waits_is_handed_over_while_the_leaving_one_still_lets_attempts_end() {
    let cluster = Cluster::new().await;
    let (leaving, staying) =
        (cluster.engine_with(config(), sagas).await, cluster.engine_with(config(), sagas).await);
    // `slow` runs until the test says that it may end; `pausing` tries again in a moment.
    cluster.world.script("lasting", Way::Do, [Act::UntilCancelled]);
    leaving.client().start(long("x".into())).id("slow").await.unwrap();
    until(async || cluster.world.called("do lasting") == 1).await;
    cluster.world.script("b", Way::Do, [Act::RetryAfter(Duration::from_secs(4))]);
    leaving.client().start(three("x".into())).id("pausing").await.unwrap();
    until(async || cluster.world.called("do b") == 1).await;
    let leave = leaving.shutdown(Duration::from_secs(60));
    let meanwhile = async {
        let loaded = ended(&staying, "pausing").await;
        assert_eq!((status(&loaded), row(&loaded, "b").attempts), (Status::Completed, 2));
        assert_eq!(status(&cluster.load("slow").await), Status::Running, "its attempt still runs");
        // New starts are not lost either: refused, or left to whoever stays.
        let refused = leaving.client().start(three("x".into())).await.unwrap_err();
        assert_eq!(refused, StartError::Busy);
        leaving.client().start(three("x".into())).id("queued").queued().await.unwrap();
        let many = (0..3).map(|n| leaving.client().start(three("x".into())).id(format!("many{n}")));
        assert!(leaving.client().start_many(many).await.iter().all(Result::is_ok));
        for name in ["queued", "many0", "many1", "many2"] {
            assert_eq!(status(&ended(&staying, name).await), Status::Completed, "{name}");
        }
        staying.client().cancel("default", &crate::life::id("slow"), "ada").await.unwrap();
    };
    let (left, ()) = tokio::join!(leave, meanwhile);
    left.unwrap();
    assert_eq!(status(&ended(&staying, "slow").await), Status::RolledBack);
    assert!(cluster.world.doubled().is_empty());
    stop(&staying).await;
}

#[tokio::test]
async fn what_does_not_end_in_time_is_handed_over_as_unknown() {
    let cluster = Cluster::new().await;
    let (leaving, staying) =
        (cluster.engine_with(config(), sagas).await, cluster.engine_with(config(), sagas).await);
    cluster.world.script("b", Way::Do, [Act::DoneAndHang, Act::Refuse]);
    leaving.client().start(three("x".into())).id("w").await.unwrap();
    until(async || cluster.world.called("do b") == 1).await;
    leaving.shutdown(Duration::from_millis(100)).await.unwrap();
    let loaded = ended(&staying, "w").await;
    assert_eq!((status(&loaded), row(&loaded, "b").status), (Status::RolledBack, StepStatus::Compensated));
    assert_eq!((loaded.header.takeovers, cluster.world.called("do b")), (0, 2));
    assert!(cluster.world.effects().is_empty());
    stop(&staying).await;
}

/// One after the other is replaced while work goes on, as a rolling deploy does it.
#[tokio::test]
async fn a_rolling_deploy_interrupts_nothing() {
    let cluster = Cluster::new().await;
    let mut engines =
        vec![cluster.engine_with(config(), sagas).await, cluster.engine_with(config(), sagas).await];
    cluster.world.always("a", Way::Do, Act::Slow(Duration::from_millis(30)));
    cluster.world.always("b", Way::Do, Act::Slow(Duration::from_millis(30)));
    let mut names = vec![];
    for round in 0..4 {
        for n in 0..15 {
            let name = format!("w{round}-{n}");
            let client = engines[n % 2].client();
            client.start(three("x".into())).id(name.clone()).await.unwrap();
            names.push(name);
        }
        let next = cluster.engine_with(config(), sagas).await;
        let old = std::mem::replace(&mut engines[round % 2], next);
        stop(&old).await;
    }
    for name in names {
        let loaded = ended(&engines[0], &name).await;
        assert_eq!((status(&loaded), loaded.header.takeovers), (Status::Completed, 0), "{name}");
        assert!(loaded.steps.iter().all(|row| row.attempts == 1), "{name} was interrupted");
    }
    assert!(cluster.world.doubled().is_empty());
    for engine in engines {
        stop(&engine).await;
    }
}
