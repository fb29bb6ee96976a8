//! Guarantee 14 on SQLite: acknowledged means on disk.

use saga::{Engine, Outcome, saga, step};
use saga_sqlx::{SqliteOptions, SqliteStore};

#[step(no_effect)]
async fn say(word: &str) -> saga::Result<String> {
    Ok(word.to_owned())
}
#[saga(version = 1)]
async fn echo(word: String) -> saga::Result<String> {
    Ok(say(&word).await?)
}

#[tokio::test]
async fn guarantee_14_acknowledged_means_synchronous_full_and_is_seen_by_everybody() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("saga.db");
    let store = SqliteStore::open(&path, SqliteOptions::default()).await.unwrap();
    let synchronous: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(store.readers()).await.unwrap();
    let journal: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(store.readers()).await.unwrap();
    assert_eq!((synchronous, journal.as_str()), (2, "wal"), "2 is FULL");

    let engine = Engine::builder(()).store(store.clone()).saga(echo::definition()).build().await.unwrap();
    let started = engine.client().start(echo("hello".to_owned())).await.unwrap();
    let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM orchestration_workflows WHERE workflow_id = ?")
        .bind(started.handle.id().as_str())
        .fetch_one(store.readers())
        .await
        .unwrap();
    assert_eq!(rows, 1, "`start` returned before the workflow was there");
    assert_eq!(started.handle.outcome().await.unwrap(), Outcome::Completed("hello".to_owned()));
    engine.shutdown(std::time::Duration::from_secs(1)).await.unwrap();
    store.close().await;
}
