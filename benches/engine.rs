//! Whole sagas: seven steps that do nothing, through engine and store, at several numbers in flight.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a bench that cannot run says so by failing"
)]

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use benches::{Request, seven};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use saga::store::MemoryStore;
use saga::{Client, Engine, Outcome};
use saga_sqlx::{SqliteOptions, SqliteStore};
use tokio::runtime::Runtime;

static NUMBER: AtomicU64 = AtomicU64::new(0);

async fn one(client: &Client, plan: &str) {
    let mut request = Request::numbered(NUMBER.fetch_add(1, Ordering::Relaxed));
    plan.clone_into(&mut request.plan);
    let started = client.start(seven(request)).await.expect("a start");
    let outcome = started.handle.outcome().await.expect("an outcome");
    assert_eq!(matches!(outcome, Outcome::Completed(_)), plan != "refused");
}

/// The time for `sagas` workflows with `flight` of them at once.
async fn many(client: &Client, plan: &'static str, sagas: u64, flight: u64) -> Duration {
    let began = Instant::now();
    let lanes = (0..flight).map(|lane| {
        let client = client.clone();
        let mine = sagas / flight + u64::from(lane < sagas % flight);
        tokio::spawn(async move {
            for _ in 0..mine {
                one(&client, plan).await;
            }
        })
    });
    for lane in lanes.collect::<Vec<_>>() {
        lane.await.expect("a lane");
    }
    began.elapsed()
}

fn bench(c: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let memory = runtime.block_on(async {
        Engine::builder(())
            .store(MemoryStore::new())
            .saga(seven::definition())
            .build()
            .await
            .expect("an engine")
    });
    let sqlite = runtime.block_on(async {
        let path = folder.path().join("bench.db");
        let store = SqliteStore::open(path, SqliteOptions::default()).await.expect("a store");
        Engine::builder(()).store(store).saga(seven::definition()).build().await.expect("an engine")
    });
    for (store, client) in [("memory", memory.client()), ("sqlite", sqlite.client())] {
        for (way, plan) in [("forward", "plan_premium_1000"), ("rollback", "refused")] {
            let mut group = c.benchmark_group(format!("engine/{store}/{way}"));
            group
                .throughput(Throughput::Elements(1))
                .sample_size(10)
                .measurement_time(Duration::from_secs(5));
            for flight in [1, 16, 128] {
                group.bench_function(BenchmarkId::from_parameter(flight), |b| {
                    b.iter_custom(|n| runtime.block_on(many(client, plan, n, flight)));
                });
            }
            group.finish();
        }
    }
}

criterion_group!(benches, bench);
criterion_main!(benches);
