//! The process dies before or after every single write, forwards and backwards, once and twice.

use std::collections::BTreeMap;
use std::time::Duration;

use saga::engine::EngineBuilder;
use saga::saga;
use saga::store::{Status, Store};

use crate::life::{Lives, id, pass, row, status};
use crate::tap::Kill;
use crate::world::{Act, Way, World, a, asked, b, c, d, e, found, once, recorded, rerun};

#[saga(version = 1)]
pub async fn journey(word: String) -> saga::Result<String> {
    let first = a(&word).await?;
    let (_, _) = try_join!(b(&word), async {
        c(&first).await?;
        let last = d(&word).await?;
        Ok(last)
    })?;
    when(word.is_empty(), look_away()).await?;
    found().await?;
    rerun().await?;
    asked().await?;
    recorded().await?;
    once().await?;
    let last = e(&first).await?;
    Ok(last)
}

#[saga::step(no_effect)]
async fn look_away() -> saga::Result<()> {
    Ok(())
}

const ALL: [&str; 10] = ["a", "b", "c", "d", "found", "rerun", "asked", "recorded", "once", "e"];

fn sagas(builder: EngineBuilder<World>) -> EngineBuilder<World> {
    builder.saga(journey::definition())
}

/// Runs it without an accident and counts the writes.
fn writes(script: &dyn Fn(&World)) -> u64 {
    let mut lives = Lives::new();
    script(&lives.world);
    lives.live(sagas, async |life| {
        life.client.start(journey("x".into())).id("w").await.unwrap();
        life.ended("w").await;
        life.tap.writes()
    })
}

fn kills(writes: u64) -> impl Iterator<Item = Kill> {
    (1..=writes).flat_map(|n| [Kill::Before(n), Kill::After(n)])
}

/// Lives through the kills, then to the end, and looks.
fn survive(kills: &[Kill], script: &dyn Fn(&World), expected: (Status, &[&str])) {
    let mut lives = Lives::new();
    script(&lives.world);
    let mut exists = false;
    for (n, kill) in kills.iter().enumerate() {
        let lived = lives.live_until(Some(*kill), sagas, async |life| {
            if n == 0 {
                life.client.start(journey("x".into())).id("w").await.unwrap();
            }
            life.ended("w").await;
        });
        exists =
            futures_util::FutureExt::now_or_never(lives.store.load(&id("w"))).unwrap().unwrap().is_some();
        if lived.is_some() || !exists {
            break;
        }
    }
    if !exists {
        assert_eq!(lives.world.calls(), [""; 0], "{kills:?}: nothing happens before it is durable");
        return;
    }
    let loaded = lives.live(sagas, async |life| life.ended("w").await);
    let context = format!("{kills:?}: {:?}\n{:#?}", lives.world.calls(), loaded.steps);
    assert_eq!(status(&loaded), expected.0, "{context}");
    let effects: BTreeMap<String, i64> = expected.1.iter().map(|s| ((*s).to_owned(), 1)).collect();
    assert_eq!(lives.world.effects(), effects, "{context}");
    assert!(lives.world.doubled().is_empty(), "{context}");
}

#[test]
fn guarantee_02_a_crash_at_any_write_forwards_loses_and_doubles_nothing() {
    let script = |_: &World| {};
    let n = writes(&script);
    assert!(n >= 12, "{n}");
    kills(n).for_each(survive_forwards);
}

/// Forwards a crash may hit a step that may not simply be tried again: `asked` then parks, `once` rolls back.
fn survive_forwards(kill: Kill) {
    let mut lives = Lives::new();
    let started = lives.live_until(Some(kill), sagas, async |life| {
        life.client.start(journey("x".into())).id("w").await.unwrap();
        life.ended("w").await;
    });
    assert!(started.is_none());
    if futures_util::FutureExt::now_or_never(lives.store.load(&id("w"))).unwrap().unwrap().is_none() {
        assert_eq!((kill, lives.world.calls().len()), (Kill::Before(1), 0));
        return;
    }
    let loaded = lives.live(sagas, async |life| life.ended("w").await);
    let context = format!("{kill:?}: {:?}\n{:#?}", lives.world.calls(), loaded.steps);
    let (expected, step) = match status(&loaded) {
        Status::Completed => (ALL.to_vec(), ""),
        Status::RolledBack => (vec![], "once"),
        Status::Failed => (ALL[..6].to_vec(), "asked"),
        other => panic!("{other}: {context}"),
    };
    if !step.is_empty() {
        // Only because nobody knows whether that step ran: its intent stood open.
        let next = ALL[ALL.iter().position(|s| *s == step).unwrap() + 1];
        assert!(lives.world.called(&format!("do {step}")) <= 1, "{context}");
        assert_eq!(lives.world.called(&format!("do {next}")), 0, "{context}");
    }
    let mut there = lives.world.effects();
    if step == "asked" {
        there.remove("asked");
    }
    let effects: BTreeMap<String, i64> = expected.iter().map(|s| ((*s).to_owned(), 1)).collect();
    assert_eq!(there, effects, "{context}");
    assert!(lives.world.doubled().is_empty(), "{context}");
}

#[test]
fn guarantee_04_a_crash_at_any_write_backwards_undoes_everything_once() {
    let script = |world: &World| {
        world.always("e", Way::Do, Act::Refuse);
    };
    // `asked` and `once` are past their own attempts when the rollback begins.
    let forward = writes(&|_| {});
    let n = writes(&script);
    assert!(n > forward + 5, "{n}");
    for kill in kills(n).skip(usize::try_from(forward).unwrap() * 2 - 3) {
        survive(&[kill], &script, (Status::RolledBack, &[]));
    }
}

#[test]
fn guarantee_05_lost_answers_and_crashes_together_leave_nothing_behind() {
    let script = |world: &World| {
        world
            .script("c", Way::Do, [Act::DoneAndLost, Act::LostOnTheWay])
            .script("found", Way::Do, [Act::DoneAndLost])
            .script("rerun", Way::Do, [Act::LostOnTheWay])
            .script("recorded", Way::Undo, [Act::DoneAndLost])
            .script("e", Way::Do, [Act::DoneAndLost, Act::DoneAndLost, Act::Refuse])
            .always("e", Way::Do, Act::Refuse);
        world.script(
            "e",
            Way::Do,
            std::iter::once(Act::DoneAndLost).chain(std::iter::repeat_n(Act::Refuse, 99)),
        );
    };
    let n = writes(&script);
    let intents = writes(&|_| {});
    for kill in kills(n).skip(usize::try_from(intents).unwrap() * 2) {
        survive(&[kill], &script, (Status::RolledBack, &[]));
    }
}

#[saga(version = 1)]
async fn three(word: String) -> saga::Result<String> {
    a(&word).await?;
    b(&word).await?;
    let last = c(&word).await?;
    Ok(last)
}

fn threes(builder: EngineBuilder<World>) -> EngineBuilder<World> {
    builder.saga(three::definition())
}

#[test]
fn guarantee_05_two_crashes_at_any_two_writes() {
    for (refuse, expected) in [(false, Status::Completed), (true, Status::RolledBack)] {
        for first in kills(8) {
            for second in kills(8) {
                let mut lives = Lives::new();
                if refuse {
                    lives.world.always("c", Way::Do, Act::Refuse);
                }
                for (n, kill) in [first, second].into_iter().enumerate() {
                    lives.live_until(Some(kill), threes, async |life| {
                        if n == 0 {
                            life.client.start(three("x".into())).id("w").await.unwrap();
                        }
                        let _ = life.client.ended(&id("w")).await;
                    });
                }
                let loaded = lives.live(threes, async |life| life.client.ended(&id("w")).await);
                let context = format!("{first:?} {second:?} {:?}", lives.world.calls());
                match loaded {
                    Ok(loaded) => assert_eq!(status(&loaded), expected, "{context}"),
                    Err(_) => assert!(lives.world.calls().is_empty(), "{context}"),
                }
                let there = lives.world.effects().values().sum::<i64>();
                assert!(there == 0 || !refuse && there == 3, "{context}");
                assert!(lives.world.doubled().is_empty(), "{context}");
            }
        }
    }
}

/// The stage: what was evaluated where, and how often.
#[saga(version = 1)]
async fn stamped(word: String) -> saga::Result<(u64, u64, String)> {
    let stamp = tick();
    a(&word).await?;
    let again = tick();
    let made = b(&format!("{word} {}", tick())).await?;
    let known = stamp + again;
    Ok((stamp, known, made))
}

static TICKS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);

/// A clock that never says the same twice.
fn tick() -> u64 {
    TICKS.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}

#[test]
fn guarantee_02_values_and_arguments_are_evaluated_once_also_over_crashes() {
    let sagas = |builder: EngineBuilder<World>| builder.saga(stamped::definition());
    for kill in kills(3) {
        let mut lives = Lives::new();
        lives.live_until(Some(kill), sagas, async |life| {
            life.client.start(stamped("x".into())).id("w").await.unwrap();
            life.ended("w").await;
        });
        let Some(before) =
            futures_util::FutureExt::now_or_never(lives.store.load(&id("w"))).unwrap().unwrap()
        else {
            continue;
        };
        let carried = |loaded: &saga::store::Loaded| {
            let rows = loaded.steps.iter().filter_map(|r| r.carry.as_ref().map(|c| c.as_str().to_owned()));
            (loaded.header.state.context.clone(), rows.collect::<Vec<_>>())
        };
        let loaded = lives.live(sagas, async |life| life.ended("w").await);
        assert_eq!(status(&loaded), Status::Completed);
        assert_eq!(carried(&before).0, carried(&loaded).0, "{kill:?}");
        let after = carried(&loaded).1;
        assert!(carried(&before).1.iter().all(|c| after.contains(c)), "{kill:?}");
        // The argument that `b` ran with is the one that is journaled.
        assert_eq!(row(&loaded, "b").status, saga::store::StepStatus::Completed);
    }
}

#[test]
fn guarantee_05_unknown_outlives_a_crash_and_a_clean_shutdown_after_it() {
    let mut lives = Lives::new();
    lives.world.script(
        "c",
        Way::Do,
        [Act::DoneAndHang, Act::RetryAfter(Duration::from_secs(60)), Act::Refuse],
    );
    lives.live(threes, async |life| {
        life.client.start(three("x".into())).id("w").await.unwrap();
        pass(Duration::from_millis(300)).await;
        assert_eq!(life.world.effects().len(), 3);
    });
    // The next worker does not get far, and shuts down cleanly.
    lives.live(threes, async |life| {
        pass(Duration::from_secs(2)).await;
        assert_eq!(life.world.called("do c"), 2);
        life.engine.shutdown(Duration::from_secs(5)).await.unwrap();
    });
    let loaded = lives.live(threes, async |life| life.ended("w").await);
    assert_eq!(status(&loaded), Status::RolledBack);
    assert!(lives.world.calls().contains(&"undo c".to_owned()));
    assert!(lives.world.effects().is_empty());
}
