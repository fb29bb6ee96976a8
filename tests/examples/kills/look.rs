//! Looks into the product's database files from outside, and stalls them.

use std::collections::BTreeMap;
use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Executor};
use tokio::runtime::Runtime;

use super::cell::Step;

/// What the journal says about a workflow.
#[derive(Clone, Debug)]
pub(super) struct Journal {
    pub(super) id: String,
    pub(super) status: String,
    steps: BTreeMap<usize, String>,
}

impl Journal {
    /// The step's status; empty if there is no row of it.
    pub(super) fn of(&self, step: Step) -> &str {
        self.steps.get(&(step as usize)).map_or("", String::as_str)
    }
    pub(super) fn has_ended(&self) -> bool {
        ["completed", "rolled_back", "failed"].contains(&&*self.status)
    }
    pub(super) fn is_done(&self, step: Step) -> bool {
        self.of(step) == "completed"
    }
    pub(super) fn is_undone(&self, step: Step) -> bool {
        self.of(step) == "compensated"
    }
}

/// A connection of the test's own to one of the files.
pub(super) struct Look {
    runtime: Runtime,
    connection: SqliteConnection,
    stalls: bool,
}

impl Look {
    /// To read.
    pub(super) fn into(file: &Path) -> Self {
        Self::open(file, SqliteConnectOptions::new().read_only(true))
    }

    /// Nobody writes to the file from now on, until [`Look::let_go`].
    pub(super) fn stall(file: &Path) -> Self {
        let patience = std::time::Duration::from_secs(10);
        let mut look = Self::open(file, SqliteConnectOptions::new().busy_timeout(patience));
        look.run("BEGIN IMMEDIATE");
        look.stalls = true;
        look
    }

    /// The connection stays open: closing the last one would tidy up after a kill.
    pub(super) fn let_go(&mut self) {
        if std::mem::take(&mut self.stalls) {
            self.run("ROLLBACK");
        }
    }

    fn open(file: &Path, options: SqliteConnectOptions) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let connection = runtime.block_on(options.filename(file).connect()).unwrap();
        Self { runtime, connection, stalls: false }
    }

    fn run(&mut self, statement: &'static str) {
        self.runtime.block_on(self.connection.execute(statement)).unwrap();
    }

    /// The workflow that was started under this key, if it is there.
    pub(super) fn journal(&mut self, key: &str) -> Option<Journal> {
        type Row = (String, String, Option<i64>, Option<String>);
        let rows = sqlx::query_as::<_, Row>(
            "SELECT w.workflow_id, w.status, s.step_order, s.status FROM orchestration_workflows w
             LEFT JOIN orchestration_workflow_steps s USING (workflow_id) WHERE w.idempotency_key = ?",
        );
        let rows = self.runtime.block_on(rows.bind(key).fetch_all(&mut self.connection)).unwrap();
        let (id, status, ..) = rows.first()?.clone();
        let steps = rows.into_iter().filter_map(|(_, _, n, step)| Some((usize::try_from(n?).ok()?, step?)));
        Some(Journal { id, status, steps: steps.collect() })
    }

    pub(super) fn count(&mut self, table: &'static str, column: &'static str, like: &str) -> usize {
        let text = format!("SELECT count(*) FROM {table} WHERE {column} LIKE ?");
        let count = sqlx::query_scalar(sqlx::AssertSqlSafe(text)).bind(like.to_owned());
        let count: i64 = self.runtime.block_on(count.fetch_one(&mut self.connection)).unwrap();
        usize::try_from(count).unwrap()
    }
}
