//! A schema of one's own in the database of `DATABASE_URL`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use saga::Config;
use saga_sqlx::{PgOptions, PgStore};
use sqlx::{Connection, PgConnection};

/// As short as it may be on a busy machine: whoever is to die is waited for in real time.
pub const LEASE: Duration = Duration::from_secs(8);
pub const POLL: Duration = Duration::from_millis(500);

/// Nobody is taken for dead because the machine is busy.
pub fn config() -> Config {
    let (lease, transaction_limit) = (Duration::from_secs(300), Duration::from_secs(2));
    Config { lease, poll_interval: POLL, transaction_limit, ..Config::default() }
}

/// For an engine that is to die.
pub fn mortal() -> Config {
    Config { lease: LEASE, ..config() }
}

pub fn url() -> String {
    std::env::var("DATABASE_URL")
        .expect("DATABASE_URL has to name a PostgreSQL database: run scripts/test workers")
}

/// A schema in which nothing is. It goes when nobody knows it any more.
#[derive(Clone)]
pub struct Home(Arc<Schema>);

struct Schema(String);

impl Home {
    pub fn new() -> Self {
        static LAST: AtomicU32 = AtomicU32::new(0);
        let n = LAST.fetch_add(1, Ordering::Relaxed);
        Self(Arc::new(Schema(format!("workers_{}_{n}", std::process::id()))))
    }

    pub fn name(&self) -> &str {
        &self.0.0
    }

    /// As another process would open it: with connections of its own.
    pub async fn open(&self) -> PgStore {
        let schema = Some(self.0.0.clone());
        let statement_timeout = LEASE / 2;
        let options = PgOptions { schema, connections: 4, statement_timeout, ..PgOptions::default() };
        PgStore::connect(&url(), options).await.unwrap()
    }

    /// A connection that is nobody's.
    pub async fn foreign(&self) -> PgConnection {
        let mut foreign = PgConnection::connect(&url()).await.unwrap();
        let path = "SELECT set_config('search_path', $1, false)";
        sqlx::query(path).bind(&self.0.0).execute(&mut foreign).await.unwrap();
        foreign
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        let drop = format!("DROP SCHEMA IF EXISTS {} CASCADE", self.0);
        // Whoever drops it may be inside of a runtime.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let mut foreign = PgConnection::connect(&url()).await.unwrap();
                sqlx::raw_sql(sqlx::AssertSqlSafe(drop)).execute(&mut foreign).await
            })
        });
        let dropped = dropped.join();
        if !std::thread::panicking() {
            dropped.unwrap().unwrap();
        }
    }
}
