//! The suite for all stores.

use std::sync::{Arc, Mutex};

use saga::store::{Status, Store};
use saga::testing::conformance::{Capabilities, Subject};
use saga::{StepError, Tx, WorkflowId};
use saga_sqlx::{PgStore, postgres};

use crate::kit::Home;

/// Remembers the store that it made last, whose type the suite does not know.
#[derive(Default)]
struct Postgres(Mutex<Option<(Home, PgStore)>>);

impl Postgres {
    fn last(&self) -> PgStore {
        self.0.lock().unwrap().as_ref().unwrap().1.clone()
    }
}

#[async_trait::async_trait]
impl Subject for Postgres {
    fn capabilities(&self) -> Capabilities {
        Capabilities { leased: true, hints: true, lends: true, schedules: true, triggers: true }
    }
    async fn fresh(&self) -> Arc<dyn Store> {
        let home = Home::new();
        let store = home.open().await;
        let table = "CREATE TABLE mine (key TEXT PRIMARY KEY, value TEXT)";
        let made = store.transaction(std::time::Duration::from_secs(1), move |tx| {
            Box::pin(async move {
                sqlx::query(table).execute(postgres(tx)?).await?;
                Ok::<_, StepError>(())
            })
        });
        made.await.unwrap().unwrap();
        let previous = self.0.lock().unwrap().replace((home, store.clone()));
        if let Some((home, previous)) = previous {
            previous.close().await;
            home.remove().await;
        }
        Arc::new(store)
    }
    async fn reopen(&self, _: Arc<dyn Store>) -> Arc<dyn Store> {
        let (home, last) = self.0.lock().unwrap().take().unwrap();
        last.close().await;
        let store = home.open().await;
        *self.0.lock().unwrap() = Some((home, store.clone()));
        Arc::new(store)
    }
    async fn set_status_by_hand(&self, _: &Arc<dyn Store>, id: &WorkflowId, status: Status) -> bool {
        let sql = "UPDATE orchestration_workflows SET status = $2 WHERE workflow_id = $1";
        let update = sqlx::query(sql).bind(id.as_str()).bind(status.as_str());
        update.execute(self.last().pool()).await.unwrap();
        true
    }
    async fn put(&self, tx: &mut Tx<'_>, key: &str, value: &str) -> Result<(), StepError> {
        let put = "INSERT INTO mine VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
        sqlx::query(put).bind(key).bind(value).execute(postgres(tx)?).await?;
        Ok(())
    }
    async fn get(&self, _: &Arc<dyn Store>, key: &str) -> Option<String> {
        let get = sqlx::query_scalar("SELECT value FROM mine WHERE key = $1").bind(key);
        get.fetch_optional(self.last().pool()).await.unwrap()
    }
}

saga::conformance!(Postgres::default());
