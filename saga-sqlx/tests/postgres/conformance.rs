//! The suite for all stores.

use std::sync::{Arc, Mutex};

use saga::store::{Status, Store};
use saga::testing::conformance::Subject;
use saga::{StepError, Tx, WorkflowId};
use saga_sqlx::{PgStore, postgres};
use sqlx::PgConnection;

use crate::kit::Home;

/// Remembers the store that it made last, whose type the suite does not know.
pub(crate) struct Postgres {
    home: fn() -> Home,
    last: Mutex<Option<(Home, PgStore)>>,
}

impl Postgres {
    pub(crate) fn at(home: fn() -> Home) -> Self {
        Self { home, last: Mutex::default() }
    }
    /// A connection of somebody else's.
    async fn foreign(&self) -> PgConnection {
        let schema = self.last.lock().unwrap().as_ref().unwrap().0.options().schema.unwrap();
        crate::kit::foreign(&schema).await
    }
}

async fn triggers(foreign: &mut PgConnection, able: &str) {
    let alter = format!("ALTER TABLE orchestration_workflows {able} TRIGGER USER");
    sqlx::raw_sql(sqlx::AssertSqlSafe(alter)).execute(foreign).await.unwrap();
}

#[async_trait::async_trait]
impl Subject for Postgres {
    async fn fresh(&self) -> Arc<dyn Store> {
        let home = (self.home)();
        let store = home.open().await;
        let table = "CREATE TABLE mine (key TEXT PRIMARY KEY, value TEXT)";
        let made = store.transaction(std::time::Duration::from_secs(1), move |tx| {
            Box::pin(async move {
                sqlx::query(table).execute(postgres(tx)?).await?;
                Ok::<_, StepError>(())
            })
        });
        made.await.unwrap().unwrap();
        // Nothing but a person's UPDATE needs the triggers: a dialect may lack them.
        triggers(&mut home.foreign().await, "DISABLE").await;
        let previous = self.last.lock().unwrap().replace((home, store.clone()));
        if let Some((home, previous)) = previous {
            previous.close().await;
            home.remove().await;
        }
        Arc::new(store)
    }
    async fn reopen(&self, _: Arc<dyn Store>) -> Arc<dyn Store> {
        let (home, last) = self.last.lock().unwrap().take().unwrap();
        last.close().await;
        let store = home.open().await;
        *self.last.lock().unwrap() = Some((home, store.clone()));
        Arc::new(store)
    }
    async fn set_status_by_hand(&self, _: &Arc<dyn Store>, id: &WorkflowId, status: Status) {
        let mut foreign = self.foreign().await;
        triggers(&mut foreign, "ENABLE").await;
        let sql = "UPDATE orchestration_workflows SET status = $2 WHERE workflow_id = $1";
        let update = sqlx::query(sql).bind(id.as_str()).bind(status.as_str());
        update.execute(&mut foreign).await.unwrap();
    }
    async fn put(&self, tx: &mut Tx<'_>, key: &str, value: &str) -> Result<(), StepError> {
        let put = "INSERT INTO mine VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
        sqlx::query(put).bind(key).bind(value).execute(postgres(tx)?).await?;
        Ok(())
    }
    async fn get(&self, _: &Arc<dyn Store>, key: &str) -> Option<String> {
        let get = sqlx::query_scalar("SELECT value FROM mine WHERE key = $1").bind(key);
        get.fetch_optional(&mut self.foreign().await).await.unwrap()
    }
}

saga::conformance!(
    Postgres::at(Home::new),
    leases,
    hints,
    transactions,
    schedules,
    triggers,
    retention,
    by_hand
);
