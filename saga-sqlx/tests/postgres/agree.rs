//! Three stores, asked the same, answer the same.

use std::sync::Arc;

use saga::store::MemoryStore;
use saga::testing::conformance::history;
use saga_sqlx::{SqliteOptions, SqliteStore};

use crate::kit::Home;

/// Other histories than those of the suite.
#[tokio::test]
async fn random_histories_agree_across_memory_sqlite_and_postgres() {
    for seed in 1_000..1_004 {
        let (folder, home) = (tempfile::tempdir().unwrap(), Home::new());
        let sqlite =
            SqliteStore::open(folder.path().join("saga.db"), SqliteOptions::default()).await.unwrap();
        let postgres = home.open().await;
        let stores = [Arc::new(sqlite.clone()) as _, Arc::new(postgres.clone()) as _];
        let all = [Arc::new(MemoryStore::new()) as _].into_iter().chain(stores).collect();
        history::agree(all, seed, 100).await;
        sqlite.close().await;
        postgres.close().await;
        home.remove().await;
    }
}
