//! People with SQL: the statements that operators know, letter by letter, while an engine runs the workflows.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use saga::store::{FailureReason, Status, StepStatus, Store};
use saga::{Config, Engine, StepError, WorkflowId, saga, step};
use saga_sqlx::PgStore;
use tokio::sync::Semaphore;

use crate::kit::Home;

const LONG: &str = "SELECT workflow_id, started_at, EXTRACT(EPOCH FROM (NOW() - started_at)) as duration_seconds FROM orchestration_workflows WHERE status = 'running' AND started_at < NOW() - INTERVAL '10 minutes';";
const FAIL: &str = "UPDATE orchestration_workflows SET status = 'failed', failed_at = NOW() WHERE workflow_id = 'wf_abc123';";
const UNDONE: &str = "SELECT workflow_id, error_message, compensation_error FROM orchestration_workflows WHERE compensation_error IS NOT NULL;";
const OWED: &str = "SELECT step_name, status, error_message FROM orchestration_workflow_steps WHERE workflow_id = 'wf_abc123' AND status = 'compensation_failed';";
const FAILURES: &str = "SELECT target_system, step_name, COUNT(*) as failure_count, AVG(retry_count) as avg_retries FROM orchestration_workflow_steps
 WHERE status = 'failed' AND created_at > NOW() - INTERVAL '24 hours' GROUP BY target_system, step_name ORDER BY failure_count DESC;";

const LEASE: Duration = Duration::from_secs(60);

/// Where the first step says that it has begun, and waits to be let go.
#[derive(Clone)]
struct Gate {
    begun: Arc<Semaphore>,
    open: Arc<Semaphore>,
}

#[derive(Clone, saga::Resources)]
struct World {
    gate: Gate,
    starts: Starts,
}

#[step(
    compensate = give_back(word), system = "bank", timeout = "5m",
    undo_retry(max_attempts = 2, backoff = fixed("1ms"), jitter = none)
)]
async fn take(#[inject] gate: &Gate, word: &str) -> saga::Result<()> {
    gate.begun.add_permits(1);
    gate.open.acquire().await.map_err(StepError::transient)?.forget();
    let _ = word;
    Ok(())
}
async fn give_back(word: &str) -> saga::Result<()> {
    Err(StepError::permanent(format!("the bank keeps {word}")))
}

#[step(no_effect, system = "shop", retry(max_attempts = 3, backoff = fixed("1ms"), jitter = none))]
async fn buy(word: &str) -> saga::Result<()> {
    Err(StepError::transient(format!("no {word} today")))
}

#[saga(version = 1)]
async fn errand(word: String) -> saga::Result<()> {
    take(&word).await?;
    buy(&word).await?;
    Ok(())
}

/// When they began.
#[derive(Clone, Default)]
struct Starts(Arc<Mutex<Vec<Instant>>>);

#[step(no_effect)]
async fn knock(#[inject] starts: &Starts, door: u32) -> saga::Result<()> {
    starts.0.lock().unwrap().push(Instant::now());
    tokio::time::sleep(Duration::from_millis(20)).await;
    let _ = door;
    Ok(())
}

/// Nothing is decided until the last one is done.
#[saga(version = 1)]
async fn round(doors: Vec<u32>) -> saga::Result<()> {
    for_each(&doors, |door| knock(*door)).max_parallel(1).await?;
    Ok(())
}

async fn engine(store: &PgStore, world: &World) -> Engine<World> {
    looking_every(Duration::from_millis(400), store, world).await
}

/// It looks for its mail so often, unless somebody tells it.
async fn looking_every(often: Duration, store: &PgStore, world: &World) -> Engine<World> {
    let config = Config { poll_interval: often, lease: often.max(LEASE), ..Config::default() };
    let builder = Engine::builder(world.clone()).store(store.clone()).config(config);
    builder.saga(errand::definition()).saga(round::definition()).build().await.unwrap()
}

fn world() -> World {
    let gate = Gate { begun: Arc::new(Semaphore::new(0)), open: Arc::new(Semaphore::new(0)) };
    World { gate, starts: Starts::default() }
}

fn id() -> WorkflowId {
    WorkflowId::new("wf_abc123").unwrap()
}

/// Returns when somebody can be told.
async fn listens(home: &Home) {
    let mut person = home.foreign().await;
    let listening = "SELECT EXISTS (SELECT FROM pg_stat_activity, orchestration_store
      WHERE query = format('LISTEN \"orchestration_%s\"', identity) AND state = 'idle')";
    let listens = async {
        while !sqlx::query_scalar::<_, bool>(listening).fetch_one(&mut person).await.unwrap() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), listens).await.unwrap();
}

#[tokio::test]
async fn the_five_statements_run_as_they_are_written_and_mean_what_they_say() {
    let (home, world) = (Home::new(), world());
    let store = home.patient().await;
    let engine = engine(&store, &world).await;
    engine.client().start(errand("bread".into())).id("wf_abc123").await.unwrap();
    world.gate.begun.acquire().await.unwrap().forget();
    let mut person = home.foreign().await;
    let long = async |person: &mut sqlx::PgConnection| {
        let long: Vec<(String, f64)> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
            "SELECT workflow_id, duration_seconds::float8 FROM ({}) AS long",
            LONG.trim_end_matches(';')
        )))
        .fetch_all(person)
        .await
        .unwrap();
        long
    };
    assert_eq!(sqlx::raw_sql(LONG).fetch_all(&mut person).await.unwrap().len(), 0);
    let earlier = "UPDATE orchestration_workflows SET started_at = NOW() - INTERVAL '11 minutes'";
    sqlx::query(earlier).execute(&mut person).await.unwrap();
    assert_eq!(sqlx::raw_sql(LONG).fetch_all(&mut person).await.unwrap().len(), 1);
    let found = long(&mut person).await;
    assert!(found[0].0 == "wf_abc123" && found[0].1 >= 660.0, "{found:?}");

    world.gate.open.add_permits(1);
    let ended = engine.client().ended(&id()).await.unwrap();
    assert_eq!(ended.header.state.status, Status::Failed);
    let undone: Vec<(String, String, String)> = sqlx::query_as(UNDONE).fetch_all(&mut person).await.unwrap();
    assert!(undone.len() == 1 && undone[0].0 == "wf_abc123", "{undone:?}");
    assert!(undone[0].1.contains("no bread today") && undone[0].2.contains("keeps bread"), "{undone:?}");
    let owed: Vec<(String, String, String)> = sqlx::query_as(OWED).fetch_all(&mut person).await.unwrap();
    assert!(owed.len() == 1 && owed[0].0 == "take" && owed[0].1 == "compensation_failed", "{owed:?}");
    assert!(owed[0].2.contains("the bank keeps bread"), "{owed:?}");
    let failures = format!(
        "SELECT target_system, step_name, failure_count, avg_retries::float8 FROM ({}) AS f",
        FAILURES.trim_end_matches(';')
    );
    assert_eq!(sqlx::raw_sql(FAILURES).fetch_all(&mut person).await.unwrap().len(), 1);
    let failures: Vec<(String, String, i64, f64)> =
        sqlx::query_as(sqlx::AssertSqlSafe(failures)).fetch_all(&mut person).await.unwrap();
    assert_eq!(failures, [("shop".to_owned(), "buy".to_owned(), 1, 2.0)]);
    engine.shutdown(Duration::from_secs(5)).await.unwrap();
    store.close().await;
    home.remove().await;
}

/// Finding 21: what is under way is written down, nothing is undone, and nobody writes over the status.
#[tokio::test]
async fn a_failure_by_hand_sticks_while_an_engine_runs_the_workflow() {
    let (home, world) = (Home::new(), world());
    let store = home.patient().await;
    let engine = engine(&store, &world).await;
    engine.client().start(errand("bread".into())).id("wf_abc123").await.unwrap();
    world.gate.begun.acquire().await.unwrap().forget();
    let mut person = home.foreign().await;
    let failed = sqlx::raw_sql(FAIL).execute(&mut person).await.unwrap();
    assert_eq!(failed.rows_affected(), 1);
    world.gate.open.add_permits(1);
    let load = async || store.load(&id()).await.unwrap().unwrap();
    let let_go = async {
        while load().await.header.worker.is_some() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), let_go).await.unwrap();
    // Its owner has let go of it, and nobody takes it: what it says now stays.
    let rests = load().await;
    assert_eq!(rests.header.state.status, Status::Failed);
    assert_eq!(rests.header.state.failure_reason, Some(FailureReason::Operator));
    assert!(rests.header.state.failed_at.is_some());
    // The step after it may have begun before anybody knew; undone is nothing.
    let undone = |status| matches!(status, StepStatus::Compensating | StepStatus::Compensated);
    assert!(!rests.steps.iter().any(|row| undone(row.status)), "{:?}", rests.steps);
    assert!(rests.steps.iter().any(|row| &*row.step_name == "take" && row.status == StepStatus::Completed));
    let statistics = store.statistics("default").await.unwrap();
    assert_eq!((statistics.total(), statistics.by_status(Status::Failed)), (1, 1));
    engine.shutdown(Duration::from_secs(5)).await.unwrap();
    assert_eq!(load().await.header.state.status, Status::Failed);
    store.close().await;
    home.remove().await;
}

/// Also when the workflow has nothing to decide for a long time, and its engine looks for nothing by itself.
#[tokio::test]
async fn within_a_second_of_a_failure_by_hand_no_further_step_starts() {
    let (home, world) = (Home::new(), world());
    let store = home.patient().await;
    let engine = looking_every(Duration::from_secs(3_600), &store, &world).await;
    listens(&home).await;
    let all = 2_000;
    engine.client().start(round((0..all).collect())).id("wf_abc123").await.unwrap();
    let started = || world.starts.0.lock().unwrap().len();
    let begun = async {
        while started() < 3 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), begun).await.unwrap();
    let mut person = home.foreign().await;
    assert_eq!(sqlx::raw_sql(FAIL).execute(&mut person).await.unwrap().rows_affected(), 1);
    let failed = Instant::now();
    let let_go = async {
        while store.load(&id()).await.unwrap().unwrap().header.worker.is_some() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), let_go).await.unwrap();
    let last = *world.starts.0.lock().unwrap().last().unwrap();
    assert!(last.saturating_duration_since(failed) < Duration::from_secs(1), "{:?}", last - failed);
    assert!(started() < all as usize);
    engine.shutdown(Duration::from_secs(5)).await.unwrap();
    assert_eq!(store.load(&id()).await.unwrap().unwrap().header.state.status, Status::Failed);
    store.close().await;
    home.remove().await;
}
