//! The one write door: batches of step rows, as they come from the journal.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a bench that cannot run says so by failing"
)]

use std::time::{Duration, Instant};

use benches::{Request, seven};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use saga::store::{Commit, Join, MemoryStore, Store};
use saga::{CommitId, Engine};
use saga_sqlx::{SqliteOptions, SqliteStore};
use tokio::runtime::Runtime;

/// Real rows: those of one workflow that has run on the memory store, given to as many workflows as wanted.
async fn sample() -> saga::store::Loaded {
    let store = MemoryStore::new();
    let engine =
        Engine::builder(()).store(store.clone()).saga(seven::definition()).build().await.expect("an engine");
    let started = engine.client().start(seven(Request::numbered(1))).await.expect("a start");
    started.handle.outcome().await.expect("an outcome");
    store.load(started.handle.id()).await.expect("a store").expect("a workflow")
}

async fn batches(store: &dyn Store, batch: usize, rounds: u64) -> Duration {
    let sample = sample().await;
    let join = Join {
        name: "bench".to_owned(),
        definitions: vec![sample.header.definition.clone()],
        plans: vec![],
        lease: Duration::from_secs(10),
    };
    let worker = store.join(join).await.expect("a worker").worker;
    let salt = worker.0;
    let mut took = Duration::ZERO;
    for round in 0..rounds {
        let commits: Vec<Commit> = (0..batch)
            .map(|n| {
                let id = saga::WorkflowId::new(&format!("bench_{salt}_{round}_{n}")).expect("a name");
                let mut commit = Commit::empty(id.clone(), CommitId(1));
                let mut header = sample.header.clone();
                header.workflow_id = id;
                header.worker = Some(worker);
                header.rev = 0;
                header.last_commit = None;
                commit.create = Some(Box::new(saga::store::NewWorkflow { header }));
                commit.facts = sample.steps.iter().take(1).cloned().collect();
                commit
            })
            .collect();
        let began = Instant::now();
        store.commit(Some(worker), commits).await.expect("outcomes");
        took += began.elapsed();
    }
    took
}

fn bench(c: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let sqlite = runtime
        .block_on(SqliteStore::open(folder.path().join("bench.db"), SqliteOptions::default()))
        .expect("a store");
    let memory = MemoryStore::new();
    for (name, store) in [("memory", &memory as &dyn Store), ("sqlite", &sqlite)] {
        let mut group = c.benchmark_group(format!("store/{name}/create and first step"));
        group.sample_size(10).measurement_time(Duration::from_secs(3));
        for batch in [1, 16, 128] {
            group.throughput(Throughput::Elements(batch as u64));
            group.bench_function(BenchmarkId::from_parameter(batch), |b| {
                b.iter_custom(|n| runtime.block_on(batches(store, batch, n)));
            });
        }
        group.finish();
    }
}

criterion_group!(benches, bench);
criterion_main!(benches);
