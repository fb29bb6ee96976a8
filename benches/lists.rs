//! Pages of workflows among a thousand and among a hundred thousand: the newest, the deepest, the failed, those of a
//! time. That they cost the same is asserted by instructions in `saga-sqlx`; here it is measured.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a bench that cannot run says so by failing"
)]

use std::time::Duration;

use benches::{Request, seven};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use saga::store::{Commit, Header, Listing, MemoryStore, NewWorkflow, Status, Store};
use saga::{CommitId, Engine, Timestamp, WorkflowId};
use saga_sqlx::{SqliteOptions, SqliteStore};
use tokio::runtime::Runtime;

const FIRST: Timestamp = Timestamp::from_micros(1_760_529_600_000_000);

/// The header of a workflow that has run.
async fn sample() -> Header {
    let store = MemoryStore::new();
    let engine = Engine::builder(()).store(store.clone()).saga(seven::definition()).build();
    let started = engine.await.expect("an engine").client().start(seven(Request::numbered(1))).await;
    let handle = started.expect("a start").handle;
    handle.outcome().await.expect("an outcome");
    store.load(handle.id()).await.expect("a store").expect("a workflow").header
}

/// The n-th of them, a second after the one before; each tenth failed.
fn nth(sample: &Header, n: u64) -> Commit {
    let id = WorkflowId::new(&format!("wf_{n:032x}")).expect("a name");
    let mut header =
        Header { workflow_id: id.clone(), rev: 0, last_commit: None, worker: None, ..sample.clone() };
    header.created_at = FIRST.plus(Duration::from_secs(n));
    header.state.status = if n % 10 == 5 { Status::Failed } else { Status::Completed };
    Commit { create: Some(Box::new(NewWorkflow { header })), ..Commit::empty(id, CommitId(1)) }
}

fn bench(c: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let sample = runtime.block_on(sample());
    let tenant = sample.tenant_id.to_string();
    let mut group = c.benchmark_group("lists/sqlite");
    group.sample_size(20).measurement_time(Duration::from_secs(2));
    for n in [1_000, 100_000_u64] {
        let path = folder.path().join(format!("{n}.db"));
        let store = runtime.block_on(SqliteStore::open(path, SqliteOptions::default())).expect("a store");
        for begin in (0..n).step_by(1_000) {
            let batch = (begin..begin + 1_000).map(|n| nth(&sample, n)).collect();
            runtime.block_on(store.commit(None, batch)).expect("outcomes");
        }
        let any = || Listing { tenant: tenant.clone(), limit: 50, ..Listing::default() };
        let place = |n: u64| (FIRST.plus(Duration::from_secs(n)), nth(&sample, n).workflow_id);
        for (name, listing) in [
            ("newest", any()),
            ("deepest", Listing { after: Some(place(50)), ..any() }),
            ("failed", Listing { status: Some(Status::Failed), ..any() }),
            ("failed, deepest", Listing { status: Some(Status::Failed), after: Some(place(500)), ..any() }),
            ("since the beginning", Listing { created_after: Some(FIRST), ..any() }),
        ] {
            group.bench_function(BenchmarkId::new(name, n), |b| {
                b.iter(|| runtime.block_on(store.list(listing.clone())).expect("a page"));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
