//! The same store behind PgBouncer in transaction mode, which lends three sessions to all of these tests at once.
//!
//! Needs one: `scripts/test postgres-pooler` starts it, and says where it is in `POOLER_URL`.

use std::time::Duration;

use saga::store::Status;
use saga::{Config, Engine, StepError, Tx, saga, step};
use saga_sqlx::{PgStore, postgres};

use crate::conformance::Postgres;
use crate::kit::Home;

mod suite {
    use super::*;

    // Nobody can listen here, so nobody is hinted at anything.
    saga::conformance!(
        Postgres::at(Home::behind_a_pooler),
        leases,
        transactions,
        schedules,
        triggers,
        retention,
        by_hand
    );
}

/// The lock is a transaction's: a session's would stay behind when the pooler lends that to somebody else.
#[tokio::test]
async fn of_several_openers_one_migrates_and_none_leaves_a_lock() {
    let home = Home::behind_a_pooler();
    let opened = futures_util::future::join_all((0..6).map(|_| home.open())).await;
    let mut foreign = home.foreign().await;
    let times = "SELECT count(DISTINCT applied_at) FROM orchestration_schema";
    assert_eq!(sqlx::query_scalar::<_, i64>(times).fetch_one(&mut foreign).await.unwrap(), 1);
    for store in opened {
        store.close().await;
    }
    let locks = "SELECT count(*) FROM pg_locks, hashtextextended('orchestration_schema', hashtext($1)) AS key
      WHERE locktype = 'advisory' AND (classid::bigint << 32) | objid::bigint = key";
    let schema = home.options().schema;
    assert_eq!(sqlx::query_scalar::<_, i64>(locks).bind(schema).fetch_one(&mut foreign).await.unwrap(), 0);
    home.remove().await;
}

#[step(no_effect)]
async fn look(word: &str) -> saga::Result<String> {
    Ok(word.to_owned())
}

/// In the user's own table, with statements that the driver prepares.
#[step(transactional, compensate = forget(word))]
async fn note(tx: &mut Tx<'_>, word: &str) -> saga::Result<()> {
    for n in 0..3 {
        sqlx::query("INSERT INTO notes VALUES ($1, $2)").bind(word).bind(n).execute(postgres(tx)?).await?;
    }
    Ok(())
}
async fn forget(word: &str) -> saga::Result<()> {
    let _ = word;
    Err(StepError::permanent("not in this test"))
}

#[saga(version = 1)]
async fn entry(word: String) -> saga::Result<String> {
    let seen = look(&word).await?;
    note(&word).await?;
    Ok(seen)
}

async fn engine(store: &PgStore) -> Engine<()> {
    let (poll_interval, lease) = (Duration::from_millis(100), Duration::from_secs(60));
    let config = Config { poll_interval, lease, ..Config::default() };
    Engine::builder(()).store(store.clone()).config(config).saga(entry::definition()).build().await.unwrap()
}

/// Two engines and their users' statements share the sessions, and find in each what the others have left there.
#[tokio::test]
async fn engines_and_their_transactional_steps_share_the_sessions() {
    let home = Home::behind_a_pooler();
    let (one, other) = (home.patient().await, home.patient().await);
    sqlx::query("CREATE TABLE notes (word TEXT, n INT)").execute(&mut home.foreign().await).await.unwrap();
    let engines = [engine(&one).await, engine(&other).await];
    let starts = (0..40).map(|n| engines[n % 2].client().start(entry(format!("word {n}"))));
    let started = futures_util::future::join_all(starts.map(|start| async { start.await.unwrap() })).await;
    for start in started {
        let ended = engines[0].client().ended(start.handle.id()).await.unwrap();
        assert_eq!(ended.header.state.status, Status::Completed, "{:?}", ended.header.state.error_message);
    }
    let notes = "SELECT count(*), count(DISTINCT (word, n)) FROM notes";
    let notes: (i64, i64) = sqlx::query_as(notes).fetch_one(&mut home.foreign().await).await.unwrap();
    assert_eq!(notes, (120, 120));
    for engine in engines {
        engine.shutdown(Duration::from_secs(10)).await.unwrap();
    }
    one.close().await;
    other.close().await;
    home.remove().await;
}
