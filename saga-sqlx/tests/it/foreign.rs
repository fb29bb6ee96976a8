//! Other connections to the same file, and disks that are full.

use std::time::{Duration, Instant};

use saga::StepError;
use saga::store::{Store, StoreError};
use saga_sqlx::sqlite;
use sqlx::Executor;

use crate::kit::*;

/// Finding 18: a user's transaction holds the only write lock; nothing of ours fails because of that, and the
/// worker is not fenced.
#[tokio::test]
async fn a_foreign_writer_is_waited_for() {
    let home = Home::new();
    let store = home.open().await;
    let worker = join(&store).await;
    let mut foreign = home.foreign().await;
    foreign.execute("BEGIN IMMEDIATE").await.unwrap();
    let began = Instant::now();
    let waiting = {
        let store = store.clone();
        tokio::spawn(async move { write(&store, Some(worker), start(1, "a", Some(worker))).await })
    };
    while store.health().is_ok() {
        assert!(began.elapsed() < Duration::from_secs(10));
        assert!(store.beat(worker).await.is_ok(), "reading goes on");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(!waiting.is_finished());
    foreign.execute("ROLLBACK").await.unwrap();
    assert_eq!(waiting.await.unwrap(), APPLIED);
    assert!(began.elapsed() > Duration::from_millis(500));
    assert_eq!(store.health(), Ok(()));
}

/// Finding 18: what runs into a full disk may have rolled back everything; nothing of it is acknowledged, and
/// when there is room again the same batch goes through.
#[tokio::test]
async fn a_full_database_acknowledges_nothing_and_recovers() {
    let home = Home::new();
    let store = home.open().await;
    let worker = join(&store).await;
    write(&store, Some(worker), start(1, "a", Some(worker))).await.unwrap();
    let full = store.transaction(Duration::from_secs(1), |tx| {
        Box::pin(async move {
            sqlite(tx)?.execute("PRAGMA max_page_count = 1").await?;
            Ok::<_, StepError>(())
        })
    });
    full.await.unwrap().unwrap();
    let large = fact(2, "a", 0, &"x".repeat(900_000));
    let refused = write(&store, Some(worker), large.clone()).await;
    assert!(matches!(&refused, Err(StoreError::Unavailable(e)) if e.contains("full")), "{refused:?}");
    assert!(matches!(store.health(), Err(StoreError::Unavailable(_))));
    assert_eq!(store.load(&id("a")).await.unwrap().unwrap().steps, []);
    // The limit was the connection's own; the writer has a new one.
    assert_eq!(write(&store, Some(worker), large).await, APPLIED);
    assert_eq!(store.health(), Ok(()));
}

/// What waits shares a transaction. Counted by what another connection sees change.
#[tokio::test]
async fn what_waits_shares_a_transaction() {
    let home = Home::new();
    let store = home.open().await;
    let mut foreign = home.foreign().await;
    foreign.execute("BEGIN IMMEDIATE").await.unwrap();
    let starts = (0..100).map(|n| {
        let store = store.clone();
        tokio::spawn(async move { write(&store, None, start(n, &format!("w{n}"), None)).await })
    });
    let starts = starts.collect::<Vec<_>>();
    tokio::time::sleep(Duration::from_millis(100)).await;
    foreign.execute("ROLLBACK").await.unwrap();
    let mut seen = vec![];
    while seen.last() != Some(&100) {
        let n: i64 = sqlx::query_scalar("SELECT count(*) FROM orchestration_workflows")
            .fetch_one(&mut foreign)
            .await
            .unwrap();
        if seen.last() != Some(&n) {
            seen.push(n);
        }
    }
    for start in starts {
        assert_eq!(start.await.unwrap(), APPLIED);
    }
    assert!(seen.len() <= 4, "{seen:?}");
}
