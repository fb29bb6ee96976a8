//! The suite for all stores.

use std::sync::{Arc, Mutex};

use saga::store::{Status, Store};
use saga::testing::conformance::{Capabilities, Subject};
use saga::{StepError, Tx, WorkflowId};
use saga_sqlx::{SqliteOptions, SqliteStore, sqlite};

use crate::kit::Home;

/// Remembers the store that it made last, whose type the suite does not know.
#[derive(Default)]
struct Sqlite(Mutex<Option<(Home, SqliteStore)>>);

impl Sqlite {
    fn last(&self) -> SqliteStore {
        self.0.lock().unwrap().as_ref().unwrap().1.clone()
    }
}

/// A person's connection beside the store's.
pub(crate) async fn by_hand(store: &SqliteStore, sql: &'static str, id: &str, value: &str) {
    let path = store.path().to_str().unwrap().to_owned();
    let mut connection = sqlx::SqlitePool::connect(&path).await.unwrap().acquire().await.unwrap();
    sqlx::query(sql).bind(id).bind(value).execute(&mut *connection).await.unwrap();
}

#[async_trait::async_trait]
impl Subject for Sqlite {
    fn capabilities(&self) -> Capabilities {
        Capabilities { leased: false, hints: false, lends: true, schedules: true, triggers: true }
    }
    async fn fresh(&self) -> Arc<dyn Store> {
        let home = Home::new();
        let store = home.open().await;
        let table = "CREATE TABLE mine (key TEXT PRIMARY KEY, value TEXT)";
        let made = store.transaction(std::time::Duration::from_secs(1), move |tx| {
            Box::pin(async move {
                sqlx::query(table).execute(sqlite(tx)?).await?;
                Ok::<_, StepError>(())
            })
        });
        made.await.unwrap().unwrap();
        let previous = self.0.lock().unwrap().replace((home, store.clone()));
        if let Some((_, previous)) = previous {
            previous.close().await;
        }
        Arc::new(store)
    }
    async fn reopen(&self, _: Arc<dyn Store>) -> Arc<dyn Store> {
        let last = self.last();
        last.close().await;
        let store = SqliteStore::open(last.path(), SqliteOptions::default()).await.unwrap();
        if let Some((_, last)) = self.0.lock().unwrap().as_mut() {
            *last = store.clone();
        }
        Arc::new(store)
    }
    async fn set_status_by_hand(&self, _: &Arc<dyn Store>, id: &WorkflowId, status: Status) -> bool {
        let sql = "UPDATE orchestration_workflows SET status = ?2 WHERE workflow_id = ?1";
        by_hand(&self.last(), sql, id.as_str(), status.as_str()).await;
        true
    }
    async fn put(&self, tx: &mut Tx<'_>, key: &str, value: &str) -> Result<(), StepError> {
        let put = sqlx::query("INSERT OR REPLACE INTO mine VALUES (?1, ?2)").bind(key).bind(value);
        put.execute(sqlite(tx)?).await?;
        Ok(())
    }
    async fn get(&self, _: &Arc<dyn Store>, key: &str) -> Option<String> {
        let get = sqlx::query_scalar("SELECT value FROM mine WHERE key = ?1").bind(key);
        get.fetch_optional(self.last().readers()).await.unwrap()
    }
}

saga::conformance!(Sqlite::default());
