//! A store in a schema of its own.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use saga_sqlx::{PgOptions, PgStore};
use sqlx::{Connection, PgConnection};

/// Where the server is.
pub(crate) fn url() -> String {
    std::env::var("DATABASE_URL")
        .expect("DATABASE_URL has to name a PostgreSQL database: run scripts/test postgres")
}

/// Where the server is, for those who come through a pooler.
fn pooler_url() -> String {
    std::env::var("POOLER_URL").expect("POOLER_URL has to name a PgBouncer: run scripts/test postgres-pooler")
}

/// A schema in which nothing is.
pub(crate) struct Home {
    schema: String,
    through_pooler: bool,
}

impl Home {
    pub(crate) fn new() -> Self {
        static LAST: AtomicU32 = AtomicU32::new(0);
        let schema = format!("test_{}_{}", std::process::id(), LAST.fetch_add(1, Ordering::Relaxed));
        Self { schema, through_pooler: false }
    }
    /// Whose stores come through a pooler.
    #[cfg(feature = "pooler")]
    pub(crate) fn behind_a_pooler() -> Self {
        Self { through_pooler: true, ..Self::new() }
    }
    pub(crate) fn options(&self) -> PgOptions {
        PgOptions {
            schema: Some(self.schema.clone()),
            connections: 4,
            statement_timeout: Duration::from_millis(1000),
            through_pooler: self.through_pooler,
            ..PgOptions::default()
        }
    }
    fn url(&self) -> String {
        if self.through_pooler { pooler_url() } else { url() }
    }
    pub(crate) async fn open(&self) -> PgStore {
        PgStore::connect(&self.url(), self.options()).await.unwrap()
    }
    /// With time for tests in which somebody waits.
    pub(crate) async fn patient(&self) -> PgStore {
        let statement_timeout = Duration::from_secs(25);
        PgStore::connect(&self.url(), PgOptions { statement_timeout, ..self.options() }).await.unwrap()
    }
    /// A connection of somebody else's.
    pub(crate) async fn foreign(&self) -> PgConnection {
        foreign(&self.schema).await
    }
    /// Returns when a statement with these words in it waits for this connection's transaction.
    pub(crate) async fn blocked_by(&self, holder: &mut PgConnection, words: &str) {
        let pid: i32 = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(holder).await.unwrap();
        let mut watcher = self.foreign().await;
        let blocked = "SELECT EXISTS (SELECT FROM pg_stat_activity
          WHERE $1 = ANY(pg_blocking_pids(pid)) AND strpos(query, $2) > 0)";
        let look = async {
            while !sqlx::query_scalar::<_, bool>(blocked)
                .bind(pid)
                .bind(words)
                .fetch_one(&mut watcher)
                .await
                .unwrap()
            {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let looked = tokio::time::timeout(Duration::from_secs(30), look).await;
        assert!(looked.is_ok(), "no statement with `{words}` waits");
    }
    /// Returns when this session waits for somebody.
    pub(crate) async fn blocked(&self, pid: i32) {
        let mut watcher = self.foreign().await;
        let blocked = "SELECT cardinality(pg_blocking_pids($1)) > 0";
        while !sqlx::query_scalar::<_, bool>(blocked).bind(pid).fetch_one(&mut watcher).await.unwrap() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    /// Nobody looks for it any more.
    pub(crate) async fn remove(&self) {
        let mut foreign = self.foreign().await;
        let drop = sqlx::AssertSqlSafe(format!("DROP SCHEMA IF EXISTS {} CASCADE", self.schema));
        sqlx::raw_sql(drop).execute(&mut foreign).await.unwrap();
    }
}

/// A connection of somebody else's, to these tables.
pub(crate) async fn foreign(schema: &str) -> PgConnection {
    let mut foreign = PgConnection::connect(&url()).await.unwrap();
    let path = "SELECT set_config('search_path', $1, false)";
    sqlx::query(path).bind(schema).execute(&mut foreign).await.unwrap();
    foreign
}
