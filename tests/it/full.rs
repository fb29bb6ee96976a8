//! A database that may not grow while workflows are under way. (A disk that is full is in `examples/disk`.)

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use saga::store::{Store, StoreError};
use saga::{Engine, Outcome, Resources, StepContext, StepError, saga, step};
use saga_sqlx::{SqliteOptions, SqliteStore, sqlite};
use sqlx::Executor;

/// How often each step was called, by workflow.
#[derive(Clone, Default)]
struct Calls(Arc<Mutex<BTreeMap<String, usize>>>);

#[derive(Resources)]
struct World {
    calls: Calls,
}

/// Its result is larger than a page, so that its commit needs a new one.
#[step(no_effect, retry(max_attempts = 1))]
async fn pad(#[inject] calls: &Calls, cx: &StepContext, word: &str) -> saga::Result<String> {
    *calls.0.lock().unwrap().entry(cx.idempotency_key().to_owned()).or_default() += 1;
    Ok(word.repeat(8_000))
}

#[saga(version = 1)]
async fn padded(word: String) -> saga::Result<String> {
    pad(&word).await?;
    pad(&word).await?;
    pad(&word).await?;
    Ok(word)
}

/// From now on the writer's connection takes no new page. It is a new one after every failure.
async fn limit(store: &SqliteStore) {
    let limited = store.transaction(Duration::from_secs(1), |tx| {
        Box::pin(async move {
            sqlite(tx)?.execute("PRAGMA max_page_count = 1").await?;
            Ok::<_, StepError>(())
        })
    });
    // It may share the transaction that fails.
    let _ = limited.await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_may_not_grow_loses_nothing_and_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("saga.db");
    let store = SqliteStore::open(&path, SqliteOptions::default()).await.unwrap();
    let calls = Calls::default();
    let world = World { calls: calls.clone() };
    let engine =
        Engine::builder(world).store(store.clone()).saga(padded::definition()).build().await.unwrap();

    // Under way when the room runs out.
    let mut acknowledged = vec![];
    for n in 0..5 {
        engine.client().start(padded("x".to_owned())).id(format!("w{n}")).await.unwrap();
        acknowledged.push(format!("w{n}"));
    }
    let (full, told) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicBool::new(false)));
    limit(&store).await;
    let limiter = {
        let (store, full, told) = (store.clone(), Arc::clone(&full), Arc::clone(&told));
        tokio::spawn(async move {
            while full.load(Ordering::Relaxed) {
                if matches!(store.health(), Err(StoreError::Unavailable(why)) if why.contains("full")) {
                    told.store(true, Ordering::Relaxed);
                }
                limit(&store).await;
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        })
    };
    let starts = (5..40).map(|n| {
        let client = engine.client().clone();
        tokio::spawn(async move {
            let start = client.start(padded("x".to_owned())).id(format!("w{n}"));
            tokio::time::timeout(Duration::from_millis(700), start.into_future()).await
        })
    });
    for start in starts.collect::<Vec<_>>() {
        if let Ok(started) = start.await.unwrap() {
            acknowledged.push(started.unwrap().handle.id().to_string());
        }
    }
    assert!(acknowledged.len() < 40, "there was room for everything");
    assert!(told.load(Ordering::Relaxed), "the store never said that it is full");

    full.store(false, Ordering::Relaxed);
    limiter.await.unwrap();
    for n in 0..40 {
        // Whoever got no answer asks again, under the same name.
        let started = engine.client().start(padded("x".to_owned())).id(format!("w{n}")).await.unwrap();
        assert_eq!(started.handle.outcome().await.unwrap(), Outcome::Completed("x".to_owned()));
    }
    assert!(calls.0.lock().unwrap().values().all(|times| *times == 1), "{calls:?}", calls = calls.0);
    assert_eq!(calls.0.lock().unwrap().len(), 3 * 40);
    assert_eq!(store.health(), Ok(()));
    engine.shutdown(Duration::from_secs(5)).await.unwrap();
    store.close().await;
    let store = SqliteStore::open(&path, SqliteOptions::default()).await.unwrap();
    for id in acknowledged {
        assert!(store.load(&saga::WorkflowId::new(&id).unwrap()).await.unwrap().is_some(), "{id} was lost");
    }
    store.close().await;
}
