//! The same store behind PgBouncer in transaction mode, which lends three sessions to all of these tests at once.
//!
//! Needs one: `scripts/test postgres-pooler` starts it, and says where it is in `POOLER_URL`.

use std::time::Duration;

use saga::store::{CommitOutcome, Status, Store, StoreError, TrailPart};
use saga::{Config, Engine, StepError, Tx, saga, step};
use saga_sqlx::{PgOptions, PgStore, postgres};
use sqlx::Connection;
use sqlx::postgres::PgPoolOptions;

use crate::bouncer::Bouncer;
use crate::conformance::Postgres;
use crate::fence::{id, line, own};
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

fn patient(home: &Home) -> PgOptions {
    PgOptions { statement_timeout: Duration::from_secs(25), ..home.options() }
}

/// Finding 62: the pooler dies while the server is at the COMMIT. The commit is there, its answer is not.
#[tokio::test]
async fn a_commit_whose_answer_died_with_the_pooler_is_recognised() {
    let (home, mut bouncer) = (Home::behind_a_pooler(), Bouncer::start().await);
    let store = PgStore::connect(&bouncer.url(), patient(&home)).await.unwrap();
    let worker = own(&home, &store).await;
    let mut foreign = home.foreign().await;
    // What a COMMIT waits for, and nothing before it.
    let slow = "CREATE TABLE door (n INT); INSERT INTO door VALUES (1);
      CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN PERFORM n FROM door FOR UPDATE; RETURN NULL; END';
      CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON orchestration_events
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait()";
    sqlx::raw_sql(slow).execute(&mut foreign).await.unwrap();
    let mut door = foreign.begin().await.unwrap();
    sqlx::query("SELECT n FROM door FOR UPDATE").execute(&mut *door).await.unwrap();
    let writing = tokio::spawn({
        let store = store.clone();
        async move { store.commit(Some(worker), vec![line(1)]).await }
    });
    home.blocked_by(&mut door, "COMMIT").await;
    bouncer.kill();
    let answer = writing.await.unwrap();
    assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{answer:?}");
    door.rollback().await.unwrap();
    bouncer.comes_back().await;
    // The pool may have wires that died with the pooler: they are found out one by one.
    let again = async {
        loop {
            match store.commit(Some(worker), vec![line(1)]).await {
                Err(StoreError::Unavailable(_)) => tokio::time::sleep(Duration::from_millis(50)).await,
                answer => return answer,
            }
        }
    };
    let again = tokio::time::timeout(Duration::from_secs(60), again).await.unwrap();
    assert_eq!(again, Ok(vec![CommitOutcome::Applied { rev: 0 }]));
    assert_eq!(store.history(&id(), TrailPart::ALL).await.unwrap().total, 1, "not twice");
    home.remove().await;
}

/// Finding 63: sessions of a pool change under whoever does not know of the pooler.
#[tokio::test]
async fn a_pool_of_the_users_own_that_leads_to_a_pooler_is_refused_or_used_with_care() {
    let bouncer = Bouncer::start().await;
    let pool = PgPoolOptions::new().max_connections(4).connect_lazy_with(bouncer.address());
    let words = match PgStore::with_pool(pool.clone()).await.map(drop) {
        Err(StoreError::Configuration(words)) => words,
        other => panic!("a refusal was expected, not {other:?}"),
    };
    assert!(words.contains("with_pool_through_pooler"), "{words}");
    // A role's search path is all that outlasts a transaction here.
    let home = Home::behind_a_pooler();
    home.open().await.close().await;
    let schema = home.options().schema.unwrap();
    let role = format!(
        "CREATE ROLE {schema} SUPERUSER LOGIN PASSWORD 'pgpass'; ALTER ROLE {schema} SET search_path TO {schema}"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(role)).execute(&mut home.foreign().await).await.unwrap();
    bouncer.admit(&schema).await;
    let pool = PgPoolOptions::new().max_connections(4).connect_lazy_with(bouncer.address().username(&schema));
    let store = PgStore::with_pool_through_pooler(&pool).await.unwrap();
    let worker = own(&home, &store).await;
    for number in 1..20 {
        let (written, beat) =
            tokio::join!(store.commit(Some(worker), vec![line(number)]), store.beat(worker));
        assert_eq!(written, Ok(vec![CommitOutcome::Applied { rev: 0 }]));
        assert!(beat.is_ok(), "{beat:?}");
    }
    assert_eq!(store.history(&id(), TrailPart::ALL).await.unwrap().total, 19);
    store.close().await;
    assert!(!pool.is_closed(), "the user's is left alone");
    home.remove().await;
    let role = sqlx::AssertSqlSafe(format!("DROP ROLE {schema}"));
    sqlx::raw_sql(role).execute(&mut home.foreign().await).await.unwrap();
}
