//! Several engines on one database, each with a store and a runtime of its own, whose end is its death.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use saga::engine::{EngineBuilder, TokioRuntime};
use saga::store::{Header, Listing, Overlap, PublishedEvent, Status};
use saga::{Client, Config, Engine, Json, StepContext, saga, step};

use saga_sqlx::{PgOptions, PgStore};

use crate::kit::{Home, url};

/// What was done, by idempotency key.
#[derive(Clone, Default)]
struct Done(Arc<Mutex<Vec<String>>>);

#[derive(Clone, Default, saga::Resources)]
struct World {
    done: Done,
}

#[step(no_effect)]
async fn note(#[inject] done: &Done, cx: &StepContext, word: &str) -> saga::Result<String> {
    done.0.lock().unwrap().push(cx.idempotency_key().to_string());
    Ok(word.to_owned())
}

#[saga(version = 1)]
async fn report(word: String) -> saga::Result<String> {
    let noted = note(&word).await?;
    Ok(noted)
}

fn sagas(builder: EngineBuilder<World>) -> EngineBuilder<World> {
    let builder = builder.saga(report::definition());
    builder.on_event("onu_online", |event: &PublishedEvent| Ok(Some(report(event.key.clone()))))
}

/// A process, as far as the database can tell.
struct Process {
    name: String,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Process {
    async fn start(home: &Home, world: &World, n: usize) -> Self {
        let name = format!("{}_{n}", home.options().schema.unwrap());
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.unwrap();
        // Long enough for a busy machine, and the lease is twice that.
        let statement_timeout = Duration::from_secs(5);
        let (options, world) = (PgOptions { statement_timeout, ..home.options() }, world.clone());
        let url = format!("{}?application_name={name}", url());
        let built = runtime.spawn(async move {
            let store = PgStore::connect(&url, options).await.unwrap();
            let poll_interval = Duration::from_millis(40);
            let config = Config { poll_interval, lease: Duration::from_secs(10), ..Config::default() };
            let engine = sagas(Engine::builder(world).store(store).config(config)).build().await.unwrap();
            let schedule = engine.client().schedule("s", "* * * * * *", report("tick".into()));
            schedule.overlap(Overlap::Allow).catch_up(10_000).await.unwrap();
            engine
        });
        let engine = built.await.unwrap();
        runtime.spawn(async move {
            let _lives_as_long_as_the_runtime = engine;
            std::future::pending::<()>().await;
        });
        Self { name, runtime: Some(runtime) }
    }

    /// No task of it goes on, and its sessions end, as a killed process's do.
    async fn kill(mut self, home: &Home) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1";
        sqlx::query(end).bind(&self.name).execute(&mut home.foreign().await).await.unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn all(client: &Client, tenant: &str) -> Vec<Header> {
    let all = Listing { tenant: tenant.into(), limit: 1_000, ..Listing::default() };
    let mut headers = client.list(all).await.unwrap().headers;
    headers.sort_by_key(|header| header.idempotency_key.clone());
    headers
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(120), wait).await;
    waited.unwrap_or_else(|_| panic!("{what} did not come to be"));
}

fn second_of(header: &Header) -> i64 {
    let key = header.idempotency_key.as_deref().unwrap();
    let time = key.strip_prefix("schedule/s/").unwrap_or_else(|| panic!("{key}"));
    saga::Timestamp::parse(time).unwrap().as_micros() / 1_000_000
}

async fn three(home: &Home, world: &World) -> (Client, PgStore, Vec<Process>) {
    let store = home.patient().await;
    let client =
        Client::without_worker(Arc::new(store.clone()), Arc::new(TokioRuntime::current().unwrap()), []);
    let mut processes = vec![];
    for n in 0..3 {
        processes.push(Process::start(home, world, n).await);
    }
    (client, store, processes)
}

/// Nothing is passed over and nothing comes twice, also when one of the three dies on the way.
#[tokio::test]
async fn a_tick_fires_once_with_three_engines_and_across_a_takeover() {
    let (home, world) = (Home::new(), World::default());
    let (client, store, mut processes) = three(&home, &world).await;
    for _ in 0..2 {
        let before = all(&client, "default").await.len();
        until("three ticks", async || all(&client, "default").await.len() >= before + 3).await;
        processes.remove(0).kill(&home).await;
    }
    let before = all(&client, "default").await.len();
    until("ticks of the last engine", async || all(&client, "default").await.len() >= before + 3).await;
    assert!(client.schedules("default").remove("s").await.is_ok());
    until("an end of everything", async || {
        all(&client, "default").await.iter().all(|h| h.state.status == Status::Completed)
    })
    .await;
    let seconds: Vec<_> = all(&client, "default").await.iter().map(second_of).collect();
    let whole: Vec<_> = (seconds[0]..).take(seconds.len()).collect();
    assert_eq!(seconds, whole);
    let mut done = world.done.0.lock().unwrap().clone();
    done.sort();
    done.dedup();
    assert_eq!(done.len(), seconds.len());
    for process in processes {
        process.kill(&home).await;
    }
    store.close().await;
    home.remove().await;
}

#[tokio::test]
async fn an_event_starts_a_workflow_once_with_three_engines() {
    let (home, world) = (Home::new(), World::default());
    let (client, store, processes) = three(&home, &world).await;
    for n in 0..20 {
        client.publish("t", "onu_online", &format!("onu {n}"), Json::null(), None).await.unwrap();
    }
    until("twenty ends", async || {
        let all = all(&client, "t").await;
        all.len() >= 20 && all.iter().all(|h| h.state.status == Status::Completed)
    })
    .await;
    // Whoever was late with one has looked again.
    let left = "SELECT count(*) FROM orchestration_triggered";
    until("nothing left over", async || {
        sqlx::query_scalar::<_, i64>(left).fetch_one(store.pool()).await.unwrap() == 0
    })
    .await;
    let mut inputs: Vec<_> = all(&client, "t").await.iter().map(|h| h.input.to_string()).collect();
    inputs.sort();
    let mut wanted: Vec<_> = (0..20).map(|n| format!("\"onu {n}\"")).collect();
    wanted.sort();
    assert_eq!(inputs, wanted);
    for process in processes {
        process.kill(&home).await;
    }
    store.close().await;
    home.remove().await;
}
