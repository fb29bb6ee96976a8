//! Several processes share the work through PostgreSQL; one is killed, and its work goes on.
//!
//! `cargo run --example many_workers -- postgres://user:password@host/database`, or with the address in `DATABASE_URL`.
//! The example starts itself three times as a worker, starts twelve ships, and kills one of the workers.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use saga::engine::TokioRuntime;
use saga::store::{AuditKind, TrailPart};
use saga::{Client, Config, Engine, Outcome, saga, step};
use saga_sqlx::{PgOptions, PgStore};
use sqlx::Executor;

type Failure = Box<dyn std::error::Error>;

/// How long a silent worker is waited for. Ten seconds without being told.
const LEASE: Duration = Duration::from_secs(3);

#[step(no_effect)]
async fn lay_the_keel(ship: &str) -> saga::Result<String> {
    tokio::time::sleep(Duration::from_secs(1)).await;
    Ok(format!("{ship}, with a keel"))
}
#[step(no_effect)]
async fn raise_the_mast(ship: &str) -> saga::Result<String> {
    tokio::time::sleep(Duration::from_secs(1)).await;
    Ok(format!("{ship} and a mast"))
}

/// Builds a ship.
#[saga(version = 1)]
async fn build_ship(name: String) -> saga::Result<String> {
    let hull = lay_the_keel(&name).await?;
    let done = raise_the_mast(&hull).await?;
    Ok(done)
}

async fn open(url: &str, schema: &str) -> Result<PgStore, Failure> {
    let schema = Some(schema.to_owned());
    let options = PgOptions { schema, connections: 4, statement_timeout: LEASE / 2, ..PgOptions::default() };
    Ok(PgStore::connect(url, options).await?)
}

/// One of the processes: works until its input ends.
async fn worker(url: &str, schema: &str) -> Result<(), Failure> {
    let config = Config { max_live: 4, lease: LEASE, ..Config::default() };
    let store = open(url, schema).await?;
    let engine =
        Engine::builder(()).store(store).saga(build_ship::definition()).config(config).build().await?;
    println!("ready");
    tokio::task::spawn_blocking(|| std::io::stdin().lines().next()).await?;
    // Whoever leaves hands over.
    Ok(engine.shutdown(Duration::from_secs(5)).await?)
}

/// A worker process; it is never left behind.
struct Worker(Child);

impl Worker {
    fn start(url: &str, schema: &str) -> Result<Self, Failure> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["worker", url, schema]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let said = child.stdout.take().map(BufReader::new).and_then(|mut said| {
            let mut line = String::new();
            said.read_line(&mut line).ok().map(|_| line)
        });
        let worker = Self(child);
        if said.as_deref() == Some("ready\n") { Ok(worker) } else { Err("a worker did not start".into()) }
    }
}
impl Drop for Worker {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// How many workflows this worker has at the moment: everything can be asked for in SQL.
async fn under_way(store: &PgStore, worker: &Worker) -> Result<i64, Failure> {
    let count = "SELECT count(*) FROM orchestration_workflows JOIN orchestration_workers USING (worker) WHERE name = $1";
    let count = sqlx::query_scalar(count).bind(format!("process {}", worker.0.id()));
    Ok(count.fetch_one(store.pool()).await?)
}

async fn harbour(url: &str, schema: &str) -> Result<(), Failure> {
    let mut workers = vec![];
    for _ in 0..3 {
        workers.push(Worker::start(url, schema)?);
    }
    println!("three workers are at work");
    // This process runs no workflows itself.
    let store = open(url, schema).await?;
    let runtime = Arc::new(TokioRuntime::current().ok_or("outside of a runtime")?);
    let plan = build_ship::definition::<()>().plan().clone();
    let client = Client::without_worker(Arc::new(store.clone()), runtime, [plan]);
    let starts = (1..=12).map(|n| client.start(build_ship(format!("ship {n}"))));
    let mut handles = vec![];
    for started in client.start_many(starts).await {
        handles.push(started?.handle);
    }
    println!("twelve ships are ordered");
    let first = workers.remove(0);
    while under_way(&store, &first).await? == 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    println!("the first worker is killed while it builds");
    drop(first);
    let mut done = 0;
    let mut taken_over = 0;
    for handle in &handles {
        if let Outcome::Completed(ship) = handle.outcome().await? {
            println!("  {ship}");
            done += 1;
        }
        let trail = client.history("default", handle.id(), TrailPart::ALL).await?;
        taken_over += usize::from(trail.events.iter().any(|line| line.kind == AuditKind::TakenOver));
    }
    println!("{done} of 12 ships are ready; {taken_over} were taken over");
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        Some("worker") => {
            let (url, schema) = arguments.next().zip(arguments.next()).ok_or("worker URL SCHEMA")?;
            worker(&url, &schema).await
        }
        url => {
            let url = url.map(str::to_owned).or_else(|| std::env::var("DATABASE_URL").ok());
            let url = url.ok_or("name a database: postgres://user:password@host/database")?;
            let schema = format!("ships_{}", std::process::id());
            let result = harbour(&url, &schema).await;
            let drop = format!("DROP SCHEMA IF EXISTS {schema} CASCADE");
            sqlx::PgPool::connect(&url).await?.execute(sqlx::AssertSqlSafe(drop)).await?;
            result
        }
    }
}
