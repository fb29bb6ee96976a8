//! Steps that work in the engine's own transaction: what they write and their result are one, or nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use saga::engine::{BuildError, EngineBuilder};
use saga::saga;
use saga::store::{MemoryTx, Status, StoreError, TouchedEffect};
use saga::{Json, StepContext, Tx, step};

use crate::life::{Life, Lives, id, pass, row, status};
use crate::tap::Kill;
use crate::world::{Act, Way, World, a, b, c, name};

macro_rules! bookings {
    ($($step:ident)*) => { $(
        #[step(
            compensate = unbook(tx, world, cx), transactional, system = "database",
            retry(max_attempts = 3, backoff = fixed("100ms"), jitter = none),
            undo_retry(max_attempts = 3, backoff = fixed("100ms"), jitter = none)
        )]
        async fn $step(tx: &mut Tx<'_>, #[inject] world: &World, cx: &StepContext) -> saga::Result<u32> {
            let booked = count(tx, stringify!($step), 1)?;
            world.attempt(stringify!($step), Way::Do, cx).await?;
            Ok(booked)
        }
    )* };
}
bookings!(first second);

async fn unbook(tx: &mut Tx<'_>, world: &World, cx: &StepContext) -> saga::Result<()> {
    count(tx, &name(cx), -1)?;
    world.attempt(&name(cx), Way::Undo, cx).await
}

/// Not idempotent at all: it has to happen once.
fn count(tx: &mut Tx<'_>, name: &str, by: i32) -> saga::Result<u32> {
    let data = MemoryTx::of(tx)?;
    let before: i32 = data.get(name).map(|json| json.decode()).transpose()?.unwrap_or(0);
    data.put(name, Json::encode(&(before + by))?);
    u32::try_from(before + by).map_err(saga::StepError::permanent)
}

#[saga(version = 1)]
async fn booked(word: String) -> saga::Result<u32> {
    a(&word).await?;
    first().await?;
    b(&word).await?;
    let last = second().await?;
    c(&word).await?;
    Ok(last)
}
#[saga(version = 1)]
async fn beside(word: String) -> saga::Result<u32> {
    let (one, _, two) = try_join!(first(), a(&word), second())?;
    Ok(one + two)
}

fn sagas(builder: EngineBuilder<World>) -> EngineBuilder<World> {
    builder.saga(booked::definition()).saga(beside::definition())
}

fn data(lives: &Lives) -> BTreeMap<&'static str, i32> {
    let one = |name: &'static str| Some((name, lives.store.data(name)?.decode().unwrap()));
    ["first", "second"].into_iter().filter_map(one).filter(|(_, n)| *n != 0).collect()
}

#[test]
fn a_transactional_step_is_one_transaction_and_no_commit_beside() {
    let mut lives = Lives::new();
    lives.live(sagas, async |life| {
        let before = life.store.calls();
        life.client.start(booked("x".into())).id("w").await.unwrap();
        assert_eq!(status(&life.ended("w").await), Status::Completed);
        let after = life.store.calls();
        assert_eq!((after.transactions - before.transactions, after.commits - before.commits), (2, 4));
        life.client.start(beside("x".into())).id("v").await.unwrap();
        assert_eq!(status(&life.ended("v").await), Status::Completed);
    });
    assert_eq!(data(&lives), [("first", 2), ("second", 2)].into());
}

#[test]
fn what_a_failed_body_wrote_is_gone_and_nothing_is_unknown() {
    for act in
        [Act::Transient, Act::DoneAndLost, Act::Panic, Act::Hang, Act::Slow(Duration::from_millis(400))]
    {
        let mut lives = Lives::new();
        lives.world.script("first", Way::Do, [act.clone()]).script("first", Way::Undo, [act.clone()]);
        lives.world.script("c", Way::Do, [Act::Refuse]);
        lives.live(sagas, async |life| {
            life.client.start(booked("x".into())).id("w").await.unwrap();
            let loaded = life.ended("w").await;
            assert_eq!(status(&loaded), Status::RolledBack, "{act:?}");
            assert_eq!((life.world.called("do first"), life.world.called("undo first")), (2, 2), "{act:?}");
            assert_eq!(row(&loaded, "first").effect, TouchedEffect::None);
        });
        assert_eq!(data(&lives), [].into(), "{act:?}");
    }
    // For good: nothing to undo.
    let mut lives = Lives::new();
    lives.world.always("second", Way::Do, Act::DoneAndLost);
    lives.live(sagas, async |life| {
        life.client.start(booked("x".into())).id("w").await.unwrap();
        assert_eq!(status(&life.ended("w").await), Status::RolledBack);
        assert_eq!(life.world.called("undo second"), 0);
        let error = life.load("w").await.header.state.error_message.unwrap();
        assert!(error.starts_with("Step 4 (second) failed"), "{error}");
    });
    assert_eq!(data(&lives), [].into());
}

#[test]
fn a_body_that_takes_too_long_is_broken_off() {
    let mut lives = Lives::new();
    lives.world.always("first", Way::Do, Act::Hang);
    lives.live(sagas, async |life| {
        life.client.start(booked("x".into())).id("w").await.unwrap();
        // Others write all the same, after at most the limit.
        pass(Duration::from_millis(10)).await;
        life.client.start(beside("x".into())).id("v").await.unwrap();
        let loaded = life.ended("w").await;
        assert_eq!(status(&loaded), Status::RolledBack);
        assert!(loaded.header.state.error_message.unwrap().contains("longer than 250ms"));
        life.ended("v").await;
    });
    assert_eq!(data(&lives), [].into());
}

#[test]
fn guarantee_02_transactional_steps_happen_once_whatever_write_is_cut_off() {
    for refuse in [false, true] {
        for n in 1..=9 {
            for kill in [Kill::Before(n), Kill::After(n)] {
                let mut lives = Lives::new();
                if refuse {
                    lives.world.always("c", Way::Do, Act::Refuse);
                }
                lives.live_until(Some(kill), sagas, async |life| {
                    life.client.start(booked("x".into())).id("w").await.unwrap();
                    life.ended("w").await;
                });
                let loaded = lives.live(sagas, async |life| life.client.ended(&id("w")).await);
                let expected = if refuse { Status::RolledBack } else { Status::Completed };
                match loaded {
                    Ok(loaded) => assert_eq!(status(&loaded), expected, "{kill:?}"),
                    Err(_) => assert_eq!(kill, Kill::Before(1)),
                }
                let there = if refuse || kill == Kill::Before(1) {
                    [].into()
                } else {
                    [("first", 1), ("second", 1)].into()
                };
                assert_eq!(data(&lives), there, "{kill:?}");
                assert!(lives.world.doubled().is_empty());
            }
        }
    }
}

#[test]
fn a_transaction_whose_answer_is_lost_is_looked_up_in_the_journal() {
    for lost in [false, true] {
        for refuse in [false, true] {
            for at in 0..30 {
                let mut lives = Lives::new();
                lives.live(sagas, async |life: &Life| {
                    let slow = || Act::Slow(Duration::from_millis(3));
                    for step in ["a", "b", "first", "second"] {
                        life.world.script(step, Way::Do, [slow()]).script(step, Way::Undo, [slow()]);
                    }
                    if refuse {
                        life.world.script("c", Way::Do, [Act::Refuse]);
                    }
                    life.client.start(booked("x".into())).id("w").await.unwrap();
                    pass(Duration::from_millis(at)).await;
                    if lost {
                        life.store.lose_answers(2)
                    } else {
                        life.store.fail_commits(2)
                    }
                    let expected = if refuse { Status::RolledBack } else { Status::Completed };
                    assert_eq!(status(&life.ended("w").await), expected, "{lost} {refuse} {at}");
                });
                let there = if refuse { [].into() } else { [("first", 1), ("second", 1)].into() };
                assert_eq!(data(&lives), there, "{lost} {refuse} {at}");
                assert!(lives.world.doubled().is_empty());
            }
        }
    }
}

#[test]
fn a_cancel_or_a_shutdown_meets_an_open_transaction() {
    for at in 0..40 {
        for shutdown in [None, Some(Duration::ZERO), Some(Duration::from_secs(5))] {
            let mut lives = Lives::new();
            for step in ["a", "b", "first", "second", "c"] {
                lives.world.script(step, Way::Do, [Act::Slow(Duration::from_millis(8))]);
            }
            lives.live(sagas, async |life| {
                life.client.start(booked("x".into())).id("w").await.unwrap();
                pass(Duration::from_millis(at)).await;
                match shutdown {
                    Some(grace) => life.engine.shutdown(grace).await.unwrap(),
                    None => drop(life.client.cancel("default", &id("w"), "ada").await),
                }
            });
            let loaded = lives.live(sagas, async |life| life.ended("w").await);
            let there = match status(&loaded) {
                Status::Completed => [("first", 1), ("second", 1)].into(),
                other => {
                    assert_eq!(other, Status::RolledBack, "{at} {shutdown:?}");
                    [].into()
                }
            };
            assert_eq!(shutdown.is_some(), status(&loaded) == Status::Completed, "{at} {shutdown:?}");
            assert_eq!(data(&lives), there, "{at} {shutdown:?}");
            assert!(lives.world.doubled().is_empty());
        }
    }
}

#[test]
fn a_lost_answer_during_a_shutdown_is_looked_up_and_the_workflow_handed_over_cleanly() {
    for at in 0..40 {
        let mut lives = Lives::new();
        for step in ["a", "b", "first", "second", "c"] {
            lives.world.script(step, Way::Do, [Act::Slow(Duration::from_millis(8))]);
        }
        lives.live(sagas, async |life| {
            life.client.start(booked("x".into())).id("w").await.unwrap();
            pass(Duration::from_millis(at)).await;
            life.store.lose_answers(1);
            let began = tokio::time::Instant::now();
            life.engine.shutdown(Duration::from_secs(60)).await.unwrap();
            assert!(began.elapsed() < Duration::from_secs(5), "{at}");
            assert!(!life.load("w").await.header.unclean, "{at}");
            assert!(at > 30 || life.world.called("do c") == 0, "{at}: nothing more is started");
        });
        let loaded = lives.live(sagas, async |life| life.ended("w").await);
        assert_eq!(status(&loaded), Status::Completed, "{at}");
        assert_eq!(data(&lives), [("first", 1), ("second", 1)].into(), "{at}");
    }
}

#[test]
fn a_drain_is_not_forgotten_when_the_journal_has_to_be_read_again() {
    let mut lives = Lives::new();
    lives.world.script("first", Way::Do, [Act::Slow(Duration::from_millis(8))]);
    lives.world.script("a", Way::Do, [Act::Slow(Duration::from_millis(50))]);
    lives.live(sagas, async |life| {
        life.client.start(beside("x".into())).id("w").await.unwrap();
        pass(Duration::from_millis(4)).await;
        life.store.lose_answers(1);
        life.engine.shutdown(Duration::from_secs(60)).await.unwrap();
        assert_eq!(life.world.called("do second"), 0);
    });
    let loaded = lives.live(sagas, async |life| life.ended("w").await);
    assert_eq!(status(&loaded), Status::Completed);
    assert_eq!(data(&lives), [("first", 1), ("second", 1)].into());
}

/// Starts another workflow in its own transaction.
#[step(compensate = nothing(), transactional, retry(max_attempts = 2, backoff = fixed("100ms"), jitter = none))]
async fn spawning(tx: &mut Tx<'_>, #[inject] world: &World, cx: &StepContext) -> saga::Result<()> {
    let start = world.client().start(beside("x".into())).id(format!("{}-child", cx.workflow_id()));
    start.start_in(tx).await.map_err(saga::StepError::permanent)?;
    world.attempt("spawning", Way::Do, cx).await
}
async fn nothing() -> saga::Result<()> {
    Ok(())
}
#[saga(version = 1)]
async fn parent(word: String) -> saga::Result<()> {
    a(&word).await?;
    spawning().await?;
    Ok(())
}

#[test]
fn a_start_inside_a_transaction_lives_and_dies_with_it() {
    let sagas = |builder: EngineBuilder<World>| sagas(builder).saga(parent::definition());
    let mut lives = Lives::new();
    lives.world.script("spawning", Way::Do, [Act::Refuse, Act::Transient]);
    lives.live(sagas, async |life| {
        life.world.give_client(life.client.clone());
        life.client.start(parent("x".into())).id("w").await.unwrap();
        assert_eq!(status(&life.ended("w").await), Status::RolledBack);
        pass(Duration::from_secs(5)).await;
        assert!(life.client.ended(&id("w-child")).await.is_err(), "it was rolled back with its step");
        // The second one succeeds at its second attempt.
        life.client.start(parent("x".into())).id("v").await.unwrap();
        assert_eq!(status(&life.ended("v").await), Status::Completed);
        assert_eq!(status(&life.ended("v-child").await), Status::Completed);
    });
    assert_eq!(data(&lives), [("first", 1), ("second", 1)].into());
}

#[test]
fn a_store_without_transactions_is_refused_when_the_engine_is_built() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = crate::tap::Tap::without_transactions();
        let world = World::new(crate::life::Clock::default());
        let built = saga::Engine::builder(world).store(store).saga(booked::definition()).build().await;
        let Err(BuildError::NoTransactions { saga, step }) = built else { panic!() };
        assert_eq!((saga.as_str(), step.as_str()), ("booked", "first"));
    });
    let none = BuildError::Store(StoreError::Fenced);
    assert!(none.to_string().contains("dead"));
}
