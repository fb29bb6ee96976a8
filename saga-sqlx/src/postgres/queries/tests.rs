use sqlx::{Connection, Executor, PgConnection};

use std::sync::atomic::{AtomicU32, Ordering};

use super::*;
use crate::{PgOptions, PgStore};

static LAST: AtomicU32 = AtomicU32::new(0);

/// A schema with tables in which nothing is.
pub(super) async fn empty(name: &str) -> PgConnection {
    let url = std::env::var("DATABASE_URL").expect("DATABASE_URL: run scripts/test postgres");
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let schema = format!("{name}_{}_{}", std::process::id(), LAST.fetch_add(1, Ordering::Relaxed));
    let path = "SELECT set_config('search_path', $1, false)";
    sqlx::query(path).bind(&schema).execute(&mut connection).await.unwrap();
    let options = PgOptions { schema: Some(schema), connections: 1, ..PgOptions::default() };
    PgStore::connect(&url, options).await.unwrap().close().await;
    connection
}

#[tokio::test]
async fn every_statement_can_be_prepared() {
    let mut connection = empty("queries").await;
    for (file, sql) in ALL {
        let prepared = (&mut connection).prepare(sqlx::SqlStr::from_static(sql)).await;
        assert!(prepared.is_ok(), "{file}: {:?}", prepared.err());
    }
}

#[test]
fn no_file_is_left_over() {
    let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/queries/postgres")).unwrap();
    let files = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    for file in files {
        assert!(ALL.iter().any(|(known, _)| *known == file), "nobody uses {file}");
    }
}

/// However much is due, and however many of it are one tenant's.
#[tokio::test]
async fn a_claim_leaps_from_lane_to_lane_and_reads_no_lane_to_its_end() {
    let mut connection = empty("queries").await;
    let prepare = format!("PREPARE lanes (timestamptz, json, bigint, text) AS {DUE_IN_LANES}");
    // Of few rows it would read all.
    for sql in ["SET enable_seqscan = off", "SET enable_bitmapscan = off", &prepare] {
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
    }
    let explain = "EXPLAIN (COSTS OFF) EXECUTE lanes(now(), '[]', 20, 'north')";
    let plan: Vec<String> = sqlx::query_scalar(explain).fetch_all(&mut connection).await.unwrap();
    let plan = plan.join("\n");
    assert!(plan.contains("Index Cond: (ROW(tenant_id, priority) > ROW("), "{plan}");
    let lane =
        plan.find("(priority = lanes_1.priority) AND (wake_at <= ").unwrap_or_else(|| panic!("{plan}"));
    let above = &plan[..lane];
    let (limit, sort) = (above.rfind("Limit"), above.rfind("Sort"));
    assert!(limit > sort, "a lane is sorted, and so read to its end:\n{plan}");
}

/// Finding 25: transactions that notify are committed one after the other, so batches never do.
#[test]
fn only_signals_and_hints_notify() {
    let notify = ALL.iter().filter(|(_, sql)| sql.contains("pg_notify")).map(|(file, _)| *file);
    assert_eq!(notify.collect::<Vec<_>>(), ["send.sql", "hint.sql"]);
}

/// Finding 32: the time is a condition of the index, so that those who sleep cost nothing; and each batch finds what it
/// writes by key, whatever the tables' sizes were when it was planned.
#[tokio::test]
async fn what_is_due_and_what_a_batch_writes_is_found_by_index() {
    let mut connection = empty("queries").await;
    let sleeping = "INSERT INTO orchestration_workflows (workflow_id, input_hash, workflow_type, definition_version,
      definition, total_steps, input_data, max_retries, created_at, created_by, updated_at, status, wake_at)
      SELECT 'w' || n, '', 'trip', 1, 'trip@1#f00d', 1, '{}', 3, now(), 0, now(), 'waiting', now() + n * interval '1 h'
        FROM generate_series(1, 5000) AS n";
    sqlx::query(sleeping).execute(&mut connection).await.unwrap();
    sqlx::query("ANALYZE orchestration_workflows").execute(&mut connection).await.unwrap();
    let explain = |sql: &str| sqlx::AssertSqlSafe(format!("EXPLAIN {sql}"));
    let due =
        sqlx::query_scalar::<_, String>(explain(DUE)).bind("2025-10-15T12:00:00Z").bind("[]").bind(9_i64);
    let due = due.bind(None::<&str>);
    let plan = due.fetch_all(&mut connection).await.unwrap().join("\n");
    assert!(plan.contains("orchestration_workflows_due"), "{plan}");
    assert!(plan.contains("Index Cond: (wake_at <="), "{plan}");
    sqlx::query("TRUNCATE orchestration_workflows").execute(&mut connection).await.unwrap();
    sqlx::query(crate::postgres::lanes::SETTINGS).execute(&mut connection).await.unwrap();
    for (sql, texts) in [(BATCH_FACTS, 1), (BATCH_DECISIONS, 2), (BATCH_ALL, 7)] {
        let mut query = sqlx::query_scalar::<_, String>(explain(sql)).bind(1_i64).bind(vec!["w1"]);
        if texts > 1 {
            query = query.bind(vec![Some(0_i64)]).bind(vec![Some("running")]);
        }
        for _ in 0..texts {
            query = query.bind("[]");
        }
        let plan = query.fetch_all(&mut connection).await.unwrap().join("\n");
        assert!(plan.contains("orchestration_workflows_pkey"), "{plan}");
        assert!(!plan.contains("Seq Scan on orchestration"), "{plan}");
    }
}
