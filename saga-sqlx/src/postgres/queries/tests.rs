use sqlx::{Connection, Executor, PgConnection};

use super::*;

/// A schema with tables in which nothing is.
pub(super) async fn empty(name: &str) -> PgConnection {
    let url = std::env::var("DATABASE_URL").expect("DATABASE_URL: run scripts/test postgres");
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let schema = format!("{name}_{}", std::process::id());
    let path = "SELECT set_config('search_path', $1, false)";
    sqlx::query(path).bind(&schema).execute(&mut connection).await.unwrap();
    crate::migrate::postgres(&mut connection, Some(&schema)).await.unwrap();
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
    let mut connection = empty().await;
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
