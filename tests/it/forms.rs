//! A saga over everything the language has: items, sleeps, events, matches, sub-sagas; and the process dies
//! at every write of them.

use std::collections::BTreeMap;
use std::time::Duration;

use saga::engine::EngineBuilder;
use saga::store::{Status, Store};
use saga::{Json, saga};

use crate::life::{Lives, id, pass, status};
use crate::tap::Kill;
use crate::world::{Act, Way, World, a, b, c, d, e};

const SECOND: Duration = Duration::from_secs(1);

#[saga(version = 1)]
async fn detour(word: String) -> saga::Result<String> {
    c(&word).await?;
    let last = d(&word).await?;
    Ok(last)
}

#[saga(version = 1)]
pub async fn journey(word: String) -> saga::Result<Vec<String>> {
    a(&word).await?;
    let all = for_each(0..3, |n| b(&format!("{word}{n}"))).max_parallel(2).await?;
    sleep(Duration::from_secs(60)).await;
    let value = wait_for_event::<String>("online", &word).await?;
    match value.as_str() {
        "up" => {
            detour(word.clone()).await.ok();
        }
        _ => {
            detour(word.clone()).await?;
        }
    }
    e(&word).await?;
    Ok(all)
}

fn sagas(builder: EngineBuilder<World>) -> EngineBuilder<World> {
    builder.saga(journey::definition())
}

fn effects(of: &[(&str, i64)]) -> BTreeMap<String, i64> {
    of.iter().map(|(name, n)| ((*name).to_owned(), *n)).collect()
}

const ALL: [(&str, i64); 5] = [("a", 1), ("b", 3), ("c", 1), ("d", 1), ("e", 1)];

#[test]
fn it_waits_without_memory_and_goes_on_when_the_event_comes() {
    let mut lives = Lives::new();
    lives.live(sagas, async |life| {
        let handle = life.client.start(journey("x".into())).id("w").await.unwrap();
        pass(SECOND).await;
        assert_eq!(status(&life.load("w").await), Status::Waiting);
        assert_eq!(life.load("w").await.header.worker, None);
        pass(100 * SECOND).await;
        let waiting = life.load("w").await.header;
        assert_eq!(waiting.state.current_step.as_deref(), Some("online.value"));
        assert_eq!((waiting.state.status, waiting.state.wake_at), (Status::Waiting, None));
        let up = || Json::encode("up").unwrap();
        life.client.publish("somebody else", "online", "x", up(), None).await.unwrap();
        life.client.publish("default", "online", "y", up(), None).await.unwrap();
        pass(100 * SECOND).await;
        assert_eq!(status(&life.load("w").await), Status::Waiting);
        life.client.publish("default", "online", "x", up(), None).await.unwrap();
        let outcome = handle.handle.outcome().await.unwrap();
        assert!(matches!(outcome, saga::Outcome::Completed(all) if all.len() == 3));
        assert_eq!(life.world.effects(), effects(&ALL));
        assert_eq!(life.world.keys("b", Way::Do).len(), 3);
    });
}

#[test]
fn an_event_from_a_process_without_a_worker_wakes_it_within_a_poll() {
    let mut lives = Lives::new();
    lives.live(sagas, async |life| {
        life.client.start(journey("x".into())).id("w").await.unwrap();
        pass(100 * SECOND).await;
        let api = life.api([]);
        api.publish("default", "online", "x", Json::encode("up").unwrap(), None).await.unwrap();
        pass(2 * SECOND).await;
        assert_eq!(status(&life.load("w").await), Status::Completed);
    });
}

#[test]
fn a_cancellation_reaches_what_waits() {
    let mut lives = Lives::new();
    lives.live(sagas, async |life| {
        life.client.start(journey("x".into())).id("w").await.unwrap();
        pass(100 * SECOND).await;
        life.client.cancel("default", &id("w"), "ada").await.unwrap();
        assert_eq!(status(&life.ended("w").await), Status::RolledBack);
        assert_eq!(life.world.effects(), effects(&[]));
    });
}

/// Lives through the kills, one life each, then to the end; the event comes in the first life that gets there.
fn survive(kills: &[Kill], value: &str, script: &dyn Fn(&World), expected: (Status, &[(&str, i64)])) -> u64 {
    let mut lives = Lives::new();
    script(&lives.world);
    let mut writes = 0;
    let lived = |kill: Option<Kill>, lives: &mut Lives| {
        lives.live_until(kill, sagas, async |life| {
            // Started anew after a death before the start was durable; and a copy of it changes nothing.
            life.client.start(journey("x".into())).id("w").idempotency_key("w").await.unwrap();
            if life.store.published(wanted()).await.unwrap().is_none() {
                pass(5 * SECOND).await;
                life.client
                    .publish("default", "online", "x", Json::encode(value).unwrap(), None)
                    .await
                    .unwrap();
            }
            life.ended("w").await;
            life.tap.writes()
        })
    };
    for kill in kills {
        if let Some(n) = lived(Some(*kill), &mut lives) {
            writes = n;
            break;
        }
    }
    writes = lived(None, &mut lives).unwrap().max(writes);
    let loaded = futures_util::FutureExt::now_or_never(lives.store.load(&id("w"))).unwrap().unwrap().unwrap();
    let context = format!("{kills:?}: {:?}\n{:#?}", lives.world.calls(), loaded.steps);
    assert_eq!(status(&loaded), expected.0, "{context}");
    assert_eq!(lives.world.effects(), effects(expected.1), "{context}");
    assert!(lives.world.doubled().is_empty(), "{context}");
    writes
}

fn wanted() -> saga::store::Wanted {
    let since = saga::Timestamp::from_micros(0);
    saga::store::Wanted { tenant: "default".into(), name: "online".into(), key: "x".into(), since, after: 0 }
}

fn kills(writes: u64) -> impl Iterator<Item = Kill> {
    (1..=writes).flat_map(|n| [Kill::Before(n), Kill::After(n)])
}

#[test]
fn a_crash_at_any_write_loses_and_doubles_nothing() {
    let n = survive(&[], "up", &|_| {}, (Status::Completed, &ALL));
    assert!(n >= 10, "{n}");
    for kill in kills(n) {
        survive(&[kill], "up", &|_| {}, (Status::Completed, &ALL));
        survive(&[kill, Kill::After(3)], "up", &|_| {}, (Status::Completed, &ALL));
    }
}

#[test]
fn a_crash_at_any_write_of_a_rollback_leaves_nothing() {
    let script = |world: &World| {
        world.always("d", Way::Do, Act::Refuse);
    };
    let n = survive(&[], "down", &script, (Status::RolledBack, &[]));
    for kill in kills(n) {
        survive(&[kill], "down", &script, (Status::RolledBack, &[]));
        survive(&[kill, Kill::Before(4)], "down", &script, (Status::RolledBack, &[]));
    }
}

#[test]
fn a_crash_at_any_write_while_a_tolerated_sub_saga_is_undone_undoes_it_and_no_more() {
    let script = |world: &World| {
        world.always("d", Way::Do, Act::Refuse);
    };
    let rest = [("a", 1), ("b", 3), ("e", 1)];
    let n = survive(&[], "up", &script, (Status::Completed, &rest));
    for kill in kills(n) {
        survive(&[kill], "up", &script, (Status::Completed, &rest));
    }
}

#[test]
fn a_crash_and_then_refusals_leave_nothing() {
    let n = survive(&[], "down", &|_| {}, (Status::Completed, &ALL));
    for kill in kills(n) {
        let mut lives = Lives::new();
        let lived = lives.live_until(Some(kill), sagas, async |life| {
            life.client.start(journey("x".into())).id("w").await.unwrap();
            pass(5 * SECOND).await;
            life.client.publish("default", "online", "x", Json::encode("down").unwrap(), None).await.unwrap();
            life.ended("w").await;
        });
        let stored = futures_util::FutureExt::now_or_never(lives.store.load(&id("w"))).unwrap().unwrap();
        if lived.is_some() || stored.is_none() {
            continue;
        }
        for step in ["a", "b", "c", "d", "e"] {
            lives.world.always(step, Way::Do, Act::Refuse);
        }
        let loaded = lives.live(sagas, async |life| {
            pass(100 * SECOND).await;
            if !status(&life.load("w").await).is_ended() {
                life.client
                    .publish("default", "online", "x", Json::encode("down").unwrap(), None)
                    .await
                    .unwrap();
            }
            life.ended("w").await
        });
        let context = format!("{kill:?}: {:?}\n{:#?}", lives.world.calls(), loaded.steps);
        match status(&loaded) {
            Status::RolledBack => assert_eq!(lives.world.effects(), effects(&[]), "{context}"),
            Status::Completed => assert_eq!(lives.world.effects(), effects(&ALL), "{context}"),
            other => panic!("{other}: {context}"),
        }
    }
}
