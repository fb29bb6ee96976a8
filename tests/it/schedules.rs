//! What starts again and again: each tick once, whoever dies, and as often as was said when nobody was there.

use std::time::Duration;

use saga::engine::{ScheduleError, StartError};
use saga::store::{Header, Listing, Overlap, Status};
use saga::{Client, Engine, Policy, RetryPolicy, saga};
use saga_sqlx::{SqliteOptions, SqliteStore};

use crate::life::{Clock, Life, Lives, pass};
use crate::tap::Kill;
use crate::world::{Act, Way, World, a};

#[saga(version = 1)]
async fn report(word: String) -> saga::Result<String> {
    let made = a(&word).await?;
    Ok(made)
}

fn sagas(builder: saga::engine::EngineBuilder<World>) -> saga::engine::EngineBuilder<World> {
    builder.saga(report::definition())
}

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

fn plain() -> saga::definition::Start<report> {
    report("x".into())
}

/// The workflows so far, the oldest first.
async fn started(client: &Client) -> Vec<Header> {
    let all = Listing { tenant: "default".into(), limit: 1000, ..Listing::default() };
    let mut headers = client.list(all).await.unwrap().headers;
    headers.sort_by_key(|header| header.idempotency_key.clone());
    headers
}

/// Their ticks: hour and minute in UTC.
async fn ticks(client: &Client) -> Vec<String> {
    let tick = |header: &Header| {
        let key = header.idempotency_key.clone().unwrap();
        let time = key.strip_prefix("schedule/s/").unwrap_or_else(|| panic!("{key}"));
        time.split_once('T').unwrap().1[..5].to_owned()
    };
    started(client).await.iter().map(tick).collect()
}

async fn hourly(life: &Life) {
    life.client.schedule("s", "0 * * * *", plain()).await.unwrap();
}

// The world begins at 08:53:20.

#[test]
fn each_tick_starts_a_workflow_of_the_schedules_input_and_tenant() {
    Lives::new().live(sagas, async |life| {
        let request = life.client.schedule("s", "*/20 * * * *", plain()).tenant("t").priority(4);
        let schedule = request.await.unwrap();
        assert_eq!(schedule.next_at.unwrap().to_string(), "2025-10-09T09:00:00Z");
        pass(HOUR).await;
        assert!(started(&life.client).await.is_empty(), "they belong to another tenant");
        let of_t = Listing { tenant: "t".into(), limit: 9, ..Listing::default() };
        let headers = life.client.list(of_t).await.unwrap().headers;
        assert_eq!(headers.len(), 3);
        assert!(headers.iter().all(|h| h.input.as_str() == "\"x\"" && h.priority == 4));
        assert_eq!(headers[0].initiator_id.as_deref(), Some("schedule/s"));
        assert_eq!(headers[0].idempotency_key.as_deref(), Some("schedule/s/2025-10-09T09:40:00Z"));
        let listed = life.client.schedules("t").list().await.unwrap();
        assert_eq!(listed[0].last_workflow.as_ref(), Some(&headers[0].workflow_id));
    });
}

#[test]
fn a_tick_fires_once_wherever_the_process_dies() {
    for n in 1..16 {
        for kill in [Kill::Before(n), Kill::After(n)] {
            let mut lives = Lives::new();
            let declare = async |life: &Life| {
                let request = life.client.schedule("s", "* * * * *", plain()).overlap(Overlap::Allow);
                request.catch_up(100).await.unwrap();
            };
            let killed = lives.live_until(Some(kill), sagas, async |life| {
                declare(life).await;
                pass(3 * MINUTE).await;
            });
            lives.live(sagas, async |life| {
                declare(life).await;
                pass(3 * MINUTE).await;
                let ticks = ticks(&life.client).await;
                let mut once = ticks.clone();
                once.dedup();
                assert_eq!(ticks, once, "{kill:?}");
                let whole: Vec<_> = (54..=60).map(|m| format!("{:02}:{:02}", 8 + m / 60, m % 60)).collect();
                assert!(
                    ticks.len() >= 3 && whole.windows(ticks.len()).any(|w| w == ticks),
                    "{kill:?} {ticks:?}"
                );
                assert!(killed.is_some() || ticks.last().unwrap() > &"08:55".to_owned());
                for header in started(&life.client).await {
                    let ended = life.client.ended(&header.workflow_id).await.unwrap();
                    assert_eq!(ended.header.state.status, Status::Completed);
                }
                assert!(life.world.doubled().is_empty());
            });
        }
    }
}

#[test]
fn after_downtime_one_missed_tick_is_made_up_for_or_as_many_as_was_said() {
    for (catch_up, expected) in [
        (None, vec!["14:00"]),
        (Some(0), vec![]),
        (Some(3), vec!["12:00", "13:00", "14:00"]),
        (Some(99), vec!["09:00", "10:00", "11:00", "12:00", "13:00", "14:00"]),
    ] {
        let mut lives = Lives::new();
        lives.live(sagas, async |life| {
            let request = life.client.schedule("s", "0 * * * *", plain()).overlap(Overlap::Allow);
            match catch_up {
                Some(ticks) => request.catch_up(ticks).await.unwrap(),
                None => request.await.unwrap(),
            };
        });
        lives.nobody_for(5 * HOUR + 30 * MINUTE);
        lives.live(sagas, async |life| {
            // Said again at the start of the program: what was missed is not forgotten by it.
            let request = life.client.schedule("s", "0 * * * *", plain()).overlap(Overlap::Allow);
            request.catch_up(catch_up.unwrap_or(1)).await.unwrap();
            pass(2 * MINUTE).await;
            assert_eq!(ticks(&life.client).await, expected, "{catch_up:?}");
            pass(HOUR).await;
            assert_eq!(ticks(&life.client).await.last().unwrap(), "15:00");
        });
    }
}

#[test]
fn a_paused_schedule_rests_and_misses_nothing_that_was_wanted() {
    let mut lives = Lives::new();
    lives.live(sagas, async |life| {
        hourly(life).await;
        let all = life.client.schedules("default");
        all.pause("s").await.unwrap();
        pass(2 * HOUR).await;
        // Saying it again does not wake it.
        hourly(life).await;
        assert!(all.list().await.unwrap()[0].paused);
    });
    lives.live(sagas, async |life| {
        let all = life.client.schedules("default");
        pass(HOUR).await;
        all.resume("s").await.unwrap();
        pass(HOUR).await;
        assert_eq!(ticks(&life.client).await, ["12:00"]);
        all.remove("s").await.unwrap();
        assert_eq!(all.remove("s").await, Err(ScheduleError::NotFound("s".into())));
        assert_eq!(all.pause("s").await, Err(ScheduleError::NotFound("s".into())));
        pass(2 * HOUR).await;
        assert_eq!(ticks(&life.client).await.len(), 1);
        // One that is made again begins anew.
        hourly(life).await;
        pass(HOUR).await;
        assert_eq!(ticks(&life.client).await, ["12:00", "15:00"]);
    });
}

#[test]
fn a_schedule_with_another_time_goes_by_it_at_once() {
    Lives::new().live(sagas, async |life| {
        hourly(life).await;
        life.client.schedule("s", "30 * * * *", plain()).await.unwrap();
        pass(HOUR).await;
        assert_eq!(ticks(&life.client).await, ["09:30"]);
    });
}

/// A tick each minute, and workflows that run until they are cancelled.
async fn overlapping(life: &Life, overlap: Overlap) -> Vec<String> {
    life.world.always("a", Way::Do, Act::UntilCancelled);
    life.client.schedule("s", "* * * * *", plain()).overlap(overlap).await.unwrap();
    pass(3 * MINUTE).await;
    ticks(&life.client).await
}

/// Waits an hour for its only attempt.
fn patient(_: &str, policy: &mut Policy) {
    policy.timeout = Some(HOUR);
    policy.retry = RetryPolicy { max_attempts: 1, ..RetryPolicy::FORWARD };
}

#[test]
fn overlapping_ticks_are_passed_over_queued_allowed_or_cancel_the_one_that_runs() {
    let sagas = |builder: saga::engine::EngineBuilder<World>| {
        builder.saga(report::definition().with_policies(patient))
    };
    for (overlap, expected) in [
        (Overlap::Skip, vec!["08:54"]),
        (Overlap::QueueOne, vec!["08:54"]),
        (Overlap::Allow, vec!["08:54", "08:55", "08:56"]),
        (Overlap::CancelRunning, vec!["08:54", "08:55", "08:56"]),
    ] {
        let mut lives = Lives::new();
        lives.live(sagas, async |life| {
            assert_eq!(overlapping(life, overlap).await, expected, "{overlap}");
            let all = started(&life.client).await;
            let running = all.iter().filter(|header| !header.state.status.is_ended()).count();
            let schedule = life.client.schedules("default").list().await.unwrap().remove(0);
            assert_eq!(running, if overlap == Overlap::Allow { 3 } else { 1 }, "{overlap}");
            assert_eq!(schedule.queued_at.is_some(), overlap == Overlap::QueueOne);
            // The first one rests: what waits for it begins, for its own time.
            life.client.schedules("default").pause("s").await.unwrap();
            life.client.schedules("default").resume("s").await.unwrap();
            for header in all {
                let _ = life.client.cancel("default", &header.workflow_id, "test").await;
            }
            pass(Duration::from_secs(20)).await;
            let now = ticks(&life.client).await;
            match overlap {
                Overlap::QueueOne => assert_eq!(now, ["08:54", "08:55"]),
                _ => assert_eq!(now, expected, "{overlap}"),
            }
        });
    }
}

#[saga(version = 1, locks(word = &word))]
async fn guarded(word: String) -> saga::Result<String> {
    let made = a(&word).await?;
    Ok(made)
}

#[test]
fn a_tick_takes_the_locks_of_its_saga_and_does_not_break_those_of_others() {
    let sagas = |builder: saga::engine::EngineBuilder<World>| {
        builder.saga(guarded::definition().with_policies(patient))
    };
    for (overlap, expected) in [
        (Overlap::Skip, vec!["08:55"]),
        (Overlap::Allow, vec!["08:55"]),
        (Overlap::QueueOne, vec!["08:54", "08:55"]),
        (Overlap::CancelRunning, vec!["08:54", "08:55"]),
    ] {
        Lives::new().live(sagas, async |life| {
            life.world.script("a", Way::Do, [Act::Slow(Duration::from_secs(70))]);
            let by_hand = life.client.start(guarded("x".into())).idempotency_key("schedule/s/T0:00:");
            by_hand.await.unwrap();
            // For seventy seconds: the tick of 08:54 finds the lock taken, that of 08:55 does not.
            let every_minute = life.client.schedule("s", "* * * * *", guarded("x".into())).overlap(overlap);
            every_minute.await.unwrap();
            pass(2 * MINUTE).await;
            let mut began = ticks(&life.client).await;
            began.retain(|time| time != "0:00:");
            assert_eq!(began, expected, "{overlap}");
            // And it holds its own.
            life.world.script("a", Way::Do, [Act::Slow(Duration::from_secs(25))]);
            pass(MINUTE).await;
            let refused = life.client.start(guarded("x".into())).await.unwrap_err();
            assert!(matches!(refused, StartError::Excluded { ref key, .. } if key == "word=x"), "{refused}");
        });
    }
}

#[test]
fn a_job_at_half_past_two_in_berlin_runs_once_on_each_of_both_days() {
    let config = saga::Config { poll_interval: 10 * MINUTE, ..saga::Config::default() };
    let mut lives = Lives::with(config);
    let declare = async |life: &Life| {
        let request = life.client.schedule("s", "30 2 * * *", plain()).time_zone("Europe/Berlin");
        request.catch_up(0).await.unwrap();
    };
    let days = |n: u32| n * 24 * HOUR;
    // To 25 October, 21:53 UTC: the hour from two to three comes twice, at 0:00 and at 1:00 UTC.
    lives.nobody_for(days(16) + 13 * HOUR);
    lives.live(sagas, async |life| {
        declare(life).await;
        pass(20 * HOUR).await;
        assert_eq!(ticks(&life.client).await, ["00:30"]);
        life.client.schedules("default").remove("s").await.unwrap();
    });
    // To 28 March: on the next day it does not come at all.
    lives.nobody_for(days(153) + 4 * HOUR);
    lives.live(sagas, async |life| {
        declare(life).await;
        pass(20 * HOUR).await;
        let keys: Vec<_> =
            started(&life.client).await.into_iter().filter_map(|h| h.idempotency_key).collect();
        assert_eq!(keys.last().unwrap().as_ref(), "schedule/s/2026-03-29T01:00:00Z", "{keys:?}");
        assert_eq!(keys.len(), 2);
    });
}

#[test]
fn what_cannot_be_scheduled_is_refused_in_words() {
    Lives::new().live(sagas, async |life| {
        let words = async |name: &str, cron: &str, zone: &str| {
            let request = life.client.schedule(name, cron, plain()).time_zone(zone);
            request.await.unwrap_err().to_string()
        };
        assert!(words("s", "at noon", "UTC").await.contains("no cron expression"));
        assert!(words("s", "0 12 * * *", "Mars/Olympus").await.contains("no time zone"));
        assert!(words("s", "0 0 30 2 *", "UTC").await.contains("never happens"));
        assert!(words("", "0 12 * * *", "UTC").await.contains("its name is empty"));
        assert!(words(&"s".repeat(999), "0 12 * * *", "UTC").await.contains("256 bytes"));
        assert!(life.client.schedules("default").list().await.unwrap().is_empty());
    });
    Lives::new().live(
        |builder| builder,
        async |life| {
            let refused = life.client.schedule("s", "0 12 * * *", plain()).await.unwrap_err();
            assert!(refused.to_string().contains(".saga(report::definition())"));
        },
    );
}

#[tokio::test]
async fn sqlite_keeps_schedules_and_a_restart_fires_no_tick_twice() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("saga.db");
    let world = World::new(Clock::default());
    let config = saga::Config { poll_interval: Duration::from_millis(40), ..saga::Config::default() };
    for _ in 0..3 {
        let store = SqliteStore::open(&path, SqliteOptions::default()).await.unwrap();
        let builder = Engine::builder(world.clone()).store(store.clone()).config(config.clone());
        let engine = sagas(builder).build().await.unwrap();
        engine.client().schedule("s", "* * * * * *", plain()).catch_up(100).await.unwrap();
        let before = started(engine.client()).await.len();
        while started(engine.client()).await.len() < before + 2 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        engine.shutdown(Duration::from_secs(2)).await.unwrap();
        store.close().await;
    }
    let store = SqliteStore::open(&path, SqliteOptions::default()).await.unwrap();
    let engine = sagas(Engine::builder(world.clone()).store(store)).build().await.unwrap();
    let all = started(engine.client()).await;
    let mut keys: Vec<_> = all.iter().filter_map(|header| header.idempotency_key.clone()).collect();
    keys.dedup();
    assert!(keys.len() >= 6 && keys.len() == all.len());
    for header in &all {
        let ended = engine.client().ended(&header.workflow_id).await.unwrap();
        assert_eq!(ended.header.state.status, Status::Completed);
    }
    assert!(world.doubled().is_empty());
    engine.shutdown(Duration::from_secs(2)).await.unwrap();
}
