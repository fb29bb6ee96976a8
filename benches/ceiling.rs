//! The engine beside what it could reach at best, in one run, because only ratios of one run mean anything: *bare* (a
//! group commit of small keys and bytes), *own* (our own tables, statements and rows, without an engine), and the
//! engine, forward and back. `DATABASE_URL` names the PostgreSQL database; without it only SQLite is measured.
//! `SECONDS` is how long each measurement takes.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a bench that cannot run says so by failing"
)]

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use benches::{Request, seven};
use saga::store::{Commit, Decision, Interrupted, Join, Loaded, MemoryStore, NewWorkflow, Status, Store};
use saga::{Client, CommitId, Engine, Outcome, WorkerId, WorkflowId};
use saga_sqlx::{PgOptions, PgStore, SqliteOptions, SqliteStore};
use sqlx::{Connection, PgConnection};
use tokio::sync::{mpsc, oneshot};

static NUMBER: AtomicU64 = AtomicU64::new(0);

/// How many runs of `one` a second there are with `flight` of them at a time.
async fn rate<F: Future<Output = ()> + Send + 'static>(
    flight: u64,
    one: impl Fn(u64) -> F + Clone + Send + 'static,
) -> f64 {
    let seconds = std::env::var("SECONDS").map_or(4.0, |text| text.parse().expect("a number of seconds"));
    let warm = Instant::now() + Duration::from_secs_f64(seconds / 4.0);
    let (begin, end) = (warm, warm + Duration::from_secs_f64(seconds));
    let lanes = (0..flight).map(|_| {
        let one = one.clone();
        tokio::spawn(async move {
            let mut n = 0_u32;
            while Instant::now() < end {
                one(NUMBER.fetch_add(1, Ordering::Relaxed)).await;
                n += u32::from(Instant::now() >= begin && Instant::now() < end);
            }
            n
        })
    });
    let mut all = 0;
    for lane in lanes.collect::<Vec<_>>() {
        all += lane.await.expect("a lane");
    }
    f64::from(all) / seconds
}

/// A record on its way to the disk.
type Waiting<T> = (T, oneshot::Sender<()>);

/// Hands everything that waits to `write` at once, again and again.
fn group<T: Send + 'static, F: Future<Output = ()> + Send>(
    mut write: impl FnMut(Vec<T>) -> F + Send + 'static,
) -> mpsc::UnboundedSender<Waiting<T>> {
    let (door, mut waiting) = mpsc::unbounded_channel::<Waiting<T>>();
    tokio::spawn(async move {
        let mut buffer = Vec::with_capacity(1_000);
        while waiting.recv_many(&mut buffer, 1_000).await > 0 {
            let (records, answers): (Vec<_>, Vec<_>) = buffer.drain(..).unzip();
            write(records).await;
            for answer in answers {
                let _ = answer.send(());
            }
        }
    });
    door
}

async fn through<T>(door: &mpsc::UnboundedSender<Waiting<T>>, record: T) {
    let (answer, durable) = oneshot::channel();
    assert!(door.send((record, answer)).is_ok());
    durable.await.expect("an answer");
}

const BARE_TABLES: &str = "DROP SCHEMA IF EXISTS bench_bare CASCADE; CREATE SCHEMA bench_bare;
  CREATE TABLE bench_bare.saga (id BIGINT PRIMARY KEY, state SMALLINT NOT NULL, body BYTEA);
  CREATE TABLE bench_bare.step (saga BIGINT, seq SMALLINT, body BYTEA, PRIMARY KEY (saga, seq))";
const BARE: &str = "WITH new AS (INSERT INTO bench_bare.saga SELECT i, 1, b FROM unnest($1::bigint[], $2::bytea[]) AS x(i, b)),
  ended AS (UPDATE bench_bare.saga SET state = 2 WHERE id = ANY($6::bigint[]))
  INSERT INTO bench_bare.step SELECT * FROM unnest($3::bigint[], $4::smallint[], $5::bytea[])";

/// Eight commits: a start, and seven steps of which the last one ends it.
async fn bare(url: &str, flight: u64) -> f64 {
    let mut connection = PgConnection::connect(url).await.expect("a server");
    sqlx::raw_sql(BARE_TABLES).execute(&mut connection).await.expect("tables");
    let connection = Arc::new(tokio::sync::Mutex::new(connection));
    let door = group(move |records: Vec<(i64, i16)>| {
        let connection = Arc::clone(&connection);
        async move {
            let of = |wanted: fn(i16) -> bool| records.iter().filter(move |(_, seq)| wanted(*seq));
            let bytes = |n: usize| (0..n).map(|_| vec![b'x'; 100]).collect::<Vec<_>>();
            let new = of(|seq| seq == 0).map(|(id, _)| *id).collect::<Vec<_>>();
            let (steps, seqs): (Vec<i64>, Vec<i16>) = of(|seq| seq > 0).copied().unzip();
            let ended = of(|seq| seq == 7).map(|(id, _)| *id).collect::<Vec<_>>();
            let query = sqlx::query(BARE).bind(&new).bind(bytes(new.len()));
            let query = query.bind(&steps).bind(&seqs).bind(bytes(steps.len())).bind(&ended);
            query.execute(&mut *connection.lock().await).await.expect("a batch");
        }
    });
    rate(flight, move |n| {
        let door = door.clone();
        async move {
            for seq in 0..8 {
                through(&door, (i64::try_from(n).expect("a number"), seq)).await;
            }
        }
    })
    .await
}

/// A workflow that has run, whose rows are written again under other names.
async fn sample() -> Loaded {
    let store = MemoryStore::new();
    let engine =
        Engine::builder(()).store(store.clone()).saga(seven::definition()).build().await.expect("an engine");
    let started = engine.client().start(seven(Request::numbered(1))).await.expect("a start");
    started.handle.outcome().await.expect("an outcome");
    store.load(started.handle.id()).await.expect("a store").expect("a workflow")
}

/// The n-th commit of a workflow, as the engine makes it.
fn commit(sample: &Loaded, worker: WorkerId, id: &WorkflowId, n: usize) -> Commit {
    let number = i64::try_from(n).expect("a number");
    let mut commit = Commit::empty(id.clone(), CommitId(number + 1));
    if n == 0 {
        let mut header = sample.header.clone();
        (header.workflow_id, header.worker) = (id.clone(), Some(worker));
        (header.rev, header.last_commit) = (0, None);
        (header.state.status, header.state.output, header.state.completed_at) = (Status::Running, None, None);
        commit.create = Some(Box::new(NewWorkflow { header }));
        return commit;
    }
    commit.facts = vec![sample.steps[n - 1].clone()];
    if n == sample.steps.len() {
        commit.decision = Some(Box::new(Decision {
            expected_rev: 0,
            expected_status: Status::Running,
            state: sample.header.state.clone(),
            audit: vec![],
            interrupted: Interrupted::Told,
            release: true,
            retake_exclusion: false,
        }));
    }
    commit
}

/// The same commits as the engine's, without an engine.
async fn own(store: Arc<dyn Store>, flight: u64) -> f64 {
    let sample = Arc::new(sample().await);
    let (definitions, lease) = (vec![sample.header.definition.clone()], Duration::from_secs(60));
    let join = Join { name: "bench".to_owned(), definitions, plans: vec![], lease };
    let worker = store.join(join).await.expect("a worker").worker;
    let door = group(move |commits: Vec<Commit>| {
        let store = Arc::clone(&store);
        async move {
            store.commit(Some(worker), commits).await.expect("outcomes");
        }
    });
    rate(flight, move |n| {
        let (door, sample) = (door.clone(), Arc::clone(&sample));
        async move {
            let id = WorkflowId::new(&format!("own_{}_{n:020}", worker.0)).expect("a name");
            for n in 0..=sample.steps.len() {
                through(&door, commit(&sample, worker, &id, n)).await;
            }
        }
    })
    .await
}

async fn through_engine(store: impl Store, flight: u64, plan: &'static str) -> f64 {
    let engine = Engine::builder(()).store(store).saga(seven::definition()).build().await.expect("an engine");
    let client: Client = engine.client().clone();
    let rate = rate(flight, move |n| {
        let client = client.clone();
        async move {
            let mut request = Request::numbered(n);
            plan.clone_into(&mut request.plan);
            let started = client.start(seven(request)).await.expect("a start");
            let outcome = started.handle.outcome().await.expect("an outcome");
            assert_eq!(matches!(outcome, Outcome::Completed(_)), plan != "refused");
        }
    });
    let rate = rate.await;
    engine.shutdown(Duration::from_secs(5)).await.expect("an end");
    rate
}

const PLANS: [&str; 2] = ["plan_premium_1000", "refused"];

fn print(store: &str, flight: u64, bare: Option<f64>, own: f64, forward: f64, back: f64) {
    let of_bare = bare.map_or("     –".to_owned(), |bare| format!("{:5.0}%", 100.0 * forward / bare));
    let bare = bare.map_or("       –".to_owned(), |bare| format!("{bare:8.0}"));
    println!(
        "{store:10} {flight:4} {bare} {own:8.0} {forward:8.0} {back:8.0}   {of_bare} {:5.0}% {:5.0}%",
        100.0 * forward / own,
        100.0 * back / forward
    );
}

async fn postgres(url: &str) {
    let mut admin = PgConnection::connect(url).await.expect("a server");
    for flight in [1, 16, 128] {
        let drop = "DROP SCHEMA IF EXISTS bench CASCADE";
        sqlx::raw_sql(drop).execute(&mut admin).await.expect("a schema");
        let open = || async {
            let options = PgOptions { schema: Some("bench".to_owned()), ..PgOptions::default() };
            PgStore::connect(url, options).await.expect("a store")
        };
        let bare = bare(url, flight).await;
        let own = own(Arc::new(open().await), flight).await;
        let forward = through_engine(open().await, flight, PLANS[0]).await;
        let back = through_engine(open().await, flight, PLANS[1]).await;
        print("postgres", flight, Some(bare), own, forward, back);
    }
}

async fn sqlite() {
    let folder = tempfile::tempdir().expect("a folder");
    for flight in [1, 16, 128] {
        let open = async |name: &str| {
            let path = folder.path().join(format!("{name}{flight}.db"));
            SqliteStore::open(path, SqliteOptions::default()).await.expect("a store")
        };
        let own = own(Arc::new(open("own").await), flight).await;
        let forward = through_engine(open("forward").await, flight, PLANS[0]).await;
        let back = through_engine(open("back").await, flight, PLANS[1]).await;
        print("sqlite", flight, None, own, forward, back);
    }
}

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    println!("Seven steps that do nothing, a second; fsync on. Per cent: of bare, of own, back of forward.");
    println!("store    flight     bare      own  forward     back");
    runtime.block_on(async {
        match std::env::var("DATABASE_URL") {
            Ok(url) => postgres(&url).await,
            Err(_) => println!("no DATABASE_URL: PostgreSQL is not measured"),
        }
        sqlite().await;
        for flight in [1, 128] {
            let forward = through_engine(MemoryStore::new(), flight, PLANS[0]).await;
            println!("memory     {flight:4} {forward:26.0}, {:.1} µs each", 1e6 / forward);
        }
    });
}
