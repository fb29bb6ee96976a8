//! What the statements cost among a million workflows: PostgreSQL's own plans, and how many rows they touched.

use std::collections::BTreeMap;

use saga::store::{Listing, Page, Status};
use saga::{Timestamp, WorkflowId};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, PgConnection, QueryBuilder, raw_sql};

use super::*;
use crate::along::{Along, Kept};
use crate::cells::Text;
use crate::postgres::listing;

/// Tables that grow with every workflow.
const LARGE: [&str; 5] = [
    "orchestration_workflows",
    "orchestration_workflow_steps",
    "orchestration_events",
    "orchestration_keys",
    "orchestration_published_events",
];
const EXPLAIN: &str = "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, FORMAT JSON) ";
/// Rows touched for one workflow, or for a page.
const FEW: u64 = 200;
/// For all that live.
const LIVE: u64 = 12_000;

/// How many have ended: in `scripts/test postgres-size` a million, elsewhere as many as are made while one waits.
fn how_many() -> u32 {
    std::env::var("SAGA_ENDED_WORKFLOWS").map_or(100_000, |n| n.parse().expect("a number"))
}

/// What a statement did: the tables that were read from end to end, and how many rows it touched of the large ones,
/// and of the others, which have a few for each workflow that lives.
#[derive(Debug, Default)]
struct Work {
    scanned: Vec<String>,
    rows: u64,
    others: u64,
}

impl Work {
    fn of(plan: &Value) -> Self {
        let mut work = Self::default();
        work.add(&plan[0]["Plan"]);
        work
    }
    fn add(&mut self, node: &Value) {
        let number = |name: &str| node[name].as_f64().unwrap_or(0.0);
        let kind = node["Node Type"].as_str().unwrap_or_default();
        let table = node["Relation Name"].as_str().unwrap_or_default();
        if kind == "Seq Scan" {
            self.scanned.push(table.to_owned());
        }
        if kind.contains("Scan") {
            let touched = number("Actual Rows")
                + number("Rows Removed by Filter")
                + number("Rows Removed by Index Recheck")
                + number("Rows Removed by Join Filter");
            let rows = if LARGE.contains(&table) { &mut self.rows } else { &mut self.others };
            *rows += (touched * number("Actual Loops")) as u64;
        }
        node["Plans"].as_array().into_iter().flatten().for_each(|inner| self.add(inner));
    }
    fn check(&self, what: &str, most: u64, plan: &Value) {
        let large = self.scanned.iter().find(|table| LARGE.contains(&table.as_str()));
        assert_eq!(large, None, "{what} reads a whole table:\n{plan:#}");
        assert!(self.rows <= most, "{what} touched {} rows, {most} are allowed:\n{plan:#}", self.rows);
        assert!(self.others <= 2 * LIVE, "{what} touched {} rows of what lives:\n{plan:#}", self.others);
    }
}

async fn built() -> PgConnection {
    let mut connection = tests::empty("size").await;
    let sql = include_str!("size.sql").replace("1000000", &how_many().to_string());
    raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
    connection
}

async fn text(connection: &mut PgConnection, sql: &str) -> String {
    sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(connection).await.unwrap()
}

/// The plan of a statement, run and rolled back.
async fn explained(connection: &mut PgConnection, explain: String) -> Value {
    let mut transaction = connection.begin().await.unwrap();
    let plan =
        sqlx::query_scalar(AssertSqlSafe(explain)).persistent(false).fetch_one(&mut *transaction).await;
    let plan: Text = plan.unwrap();
    transaction.rollback().await.unwrap();
    serde_json::from_str(&plan.0).unwrap()
}

/// The first workflow begins at second 0, and then one each second.
fn second(n: i64) -> Timestamp {
    Timestamp::from_micros((1_760_529_600 + n) * 1_000_000)
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Rows of a table as a statement takes them: JSON, each with some fields changed.
async fn rows(connection: &mut PgConnection, from: &str, changed: &str) -> String {
    let changed =
        if changed.is_empty() { String::new() } else { format!(" || jsonb_build_object({changed})") };
    let sql = format!("SELECT json_agg(to_jsonb(r){changed})::text FROM (SELECT * FROM {from}) AS r");
    quoted(&text(connection, &sql).await)
}

/// Statements with values, and how many rows each may touch. What is not here is looked at without being run.
async fn measured(connection: &mut PgConnection) -> BTreeMap<&'static str, (Vec<String>, u64)> {
    let workflows = "orchestration_workflows WHERE status = 'running' ORDER BY workflow_id LIMIT 50";
    let steps = "orchestration_workflow_steps ORDER BY workflow_id DESC LIMIT 50";
    let one = "'wf_00000000000000000000000000000005'";
    let ids = text(
        connection,
        &format!("SELECT quote_literal(array_agg(workflow_id)::text) FROM (SELECT * FROM {workflows}) AS w"),
    )
    .await;
    let ended = "(SELECT array_agg(workflow_id)::text FROM orchestration_workflows WHERE updated_at < '2025-10-15T12:01:00Z' AND tenant_id = 'default')";
    let ended = text(connection, &format!("SELECT quote_literal({ended})")).await;
    let new = "'workflow_id', 'new' || (r.workflow_id), 'idempotency_key', NULL, 'priority', 1";
    let created = rows(connection, workflows, new).await;
    let told = "'expected_rev', r.rev, 'commit_id', 7, 'release', true, 'unclean', false, 'told', now()";
    let decided = rows(connection, workflows, told).await;
    let keyed = "orchestration_workflows WHERE tenant_id = 'default' AND idempotency_key IN ('key 2', 'key 4', 'key 99998')";
    let keyed = rows(connection, keyed, "").await;
    let facts = rows(connection, steps, "'rev', 9").await;
    let events = rows(connection, "orchestration_events LIMIT 50", "'commit_id', 99").await;
    let keys = rows(connection, "orchestration_keys LIMIT 50", "").await;
    let locks = rows(connection, "orchestration_locks LIMIT 50", "").await;
    let taken = rows(connection, "orchestration_locks LIMIT 50", "'lock_key', 'new ' || (r.lock_key)").await;
    let signals = rows(connection, "orchestration_signals LIMIT 50", "").await;
    let waits = rows(connection, "orchestration_waits LIMIT 50", "'event_key', 'new'").await;
    let known = quoted(r#"[{"name":"trip","version":1}]"#);
    let (now, worker, tenant) = ("'2026-10-15T12:00:00Z'", "1", "'default'");
    let onu = quoted(&format!("onu {}", how_many() + 2));
    let online = ["'online'", &onu];
    let half = quoted(&second(i64::from(how_many()) / 2).to_string());
    let cases: Vec<(&'static str, Vec<&str>, u64)> = vec![
        ("standing.sql", vec![&ids, worker], 2 * FEW),
        ("known_keys.sql", vec![&keyed], FEW),
        ("held_locks.sql", vec![&locks], LIVE),
        ("known_facts.sql", vec![&facts], FEW),
        ("create.sql", vec![&created], FEW),
        ("take_locks.sql", vec![&taken], FEW),
        ("add_keys.sql", vec![&keys], FEW),
        ("facts.sql", vec![&facts], FEW),
        ("reset_takeovers.sql", vec![&ids], FEW),
        ("decide.sql", vec![&decided], FEW),
        ("free_locks.sql", vec![&ids], FEW),
        ("add_events.sql", vec![&events], FEW),
        ("remove_signals.sql", vec![&signals], FEW),
        ("forget_waits.sql", vec![&ids], FEW),
        ("add_waits.sql", vec![&waits], FEW),
        ("due_count.sql", vec![now, &known, "501"], LIVE),
        ("due.sql", vec![now, &known, "500", "NULL"], 2 * LIVE),
        ("due_in_lanes.sql", vec![now, &known, "500", "NULL"], 2 * LIVE),
        ("claim.sql", vec![&ids, worker, now], FEW),
        ("headers.sql", vec![&ids], FEW),
        ("steps.sql", vec![&ids], FEW),
        ("held.sql", vec![worker], LIVE),
        ("lost.sql", vec![worker], FEW),
        ("mail.sql", vec![worker], LIVE),
        ("stranded.sql", vec![now], LIVE),
        ("orphan.sql", vec![worker, now, "1000"], LIVE),
        ("bury.sql", vec![worker], FEW),
        ("receiver.sql", vec![one, tenant], FEW),
        ("send.sql", vec![&ids, "'cancel'", "'ann'", now, tenant, "'hints'"], 2 * FEW),
        ("history.sql", vec![one, "0", "100", "0"], FEW),
        ("history_count.sql", vec![one], FEW),
        ("statistics.sql", vec![tenant], FEW),
        ("open_debts.sql", vec![tenant], 2 * FEW),
        ("published.sql", vec![tenant, online[0], online[1], "'2025-10-15T12:00:00Z'", "0"], FEW),
        ("forget_published.sql", vec![now], 2 * LIVE),
        ("waiters.sql", vec![tenant, online[0], online[1]], FEW),
        ("resting.sql", vec!["'completed'", &half, "NULL", "200"], 3 * FEW),
        ("resting.sql", vec!["'failed'", &half, "100", "200"], 5 * FEW),
        ("remove_steps.sql", vec![&ended], FEW),
        ("remove_events.sql", vec![&ended], FEW),
        ("remove_inboxes.sql", vec![&ids], FEW),
        ("remove_keys.sql", vec![&keys], FEW),
        ("remove_workflows.sql", vec![&ended], FEW),
    ];
    cases
        .into_iter()
        .map(|(file, values, most)| (file, (values.into_iter().map(str::to_owned).collect(), most)))
        .collect()
}

/// As a plan for these values, and as one for any: PostgreSQL may take either for a prepared statement.
#[tokio::test]
async fn among_many_workflows_nothing_is_read_from_end_to_end() {
    let mut connection = built().await;
    let measured = measured(&mut connection).await;
    for file in measured.keys() {
        assert!(ALL.iter().any(|(known, _)| known == file), "there is no {file}");
    }
    for (file, sql) in ALL {
        raw_sql(AssertSqlSafe(format!("PREPARE this AS {sql}"))).execute(&mut connection).await.unwrap();
        for mode in ["force_custom_plan", "force_generic_plan"] {
            let set = AssertSqlSafe(format!("SET plan_cache_mode = {mode}"));
            raw_sql(set).execute(&mut connection).await.unwrap();
            let given = measured.get(file);
            let number =
                "SELECT cardinality(parameter_types)::text FROM pg_prepared_statements WHERE name = 'this'";
            let values = match given {
                Some((values, _)) => values.clone(),
                None => vec!["NULL".to_owned(); text(&mut connection, number).await.parse().unwrap()],
            };
            let explain = if given.is_some() { EXPLAIN } else { "EXPLAIN (FORMAT JSON) " };
            let values = if values.is_empty() { String::new() } else { format!("({})", values.join(", ")) };
            let plan = explained(&mut connection, format!("{explain} EXECUTE this{values}")).await;
            let most = given.map_or(0, |(_, most)| *most);
            Work::of(&plan).check(&format!("{file} ({mode})"), most, &plan);
        }
        raw_sql("DEALLOCATE this").execute(&mut connection).await.unwrap();
    }
    pages(&mut connection).await;
    let dropped = "SELECT 'DROP SCHEMA ' || current_schema() || ' CASCADE'";
    let drop = text(&mut connection, dropped).await;
    raw_sql(AssertSqlSafe(drop)).execute(&mut connection).await.unwrap();
}

/// The statements of a page, by every combination of filters.
async fn pages(connection: &mut PgConnection) {
    let kept: Vec<Kept> =
        sqlx::query_as(STATISTICS).bind("default").fetch_all(&mut *connection).await.unwrap();
    let n = i64::from(how_many());
    let after = || Some((second(n * 6 / 10), WorkflowId::new("wf_x").unwrap()));
    for bits in 0..1_u32 << 8 {
        let on = |n: u32| bits & 1 << n != 0;
        let listing = Listing {
            tenant: "default".into(),
            status: on(0).then_some(Status::Failed),
            workflow_type: on(1).then(|| "voyage".to_owned()),
            created_after: on(2).then(|| second(5)),
            created_before: on(3).then(|| second(n * 9 / 10)),
            search_key: on(4).then(|| "mail 44444".to_owned()),
            step: on(5).then(|| "activate_onu".to_owned()),
            target_system: on(6).then(|| "genieacs".to_owned()),
            after: if on(7) { after() } else { None },
            offset: 0,
            limit: 20,
        };
        let along = Along::of(&listing, &kept);
        let meets = along.map_or(FEW, |_| Page::LOOKED_AT as u64 + FEW);
        let begin = || QueryBuilder::new(EXPLAIN);
        let page = (listing::page(begin(), &listing, along), 2 * meets, "page");
        let passing = Listing { offset: 50, ..listing.clone() };
        let passing = (listing::page(begin(), &passing, along), 2 * meets, "page, some passed over");
        // A count goes further than a page, but has its end too.
        let counted = (Page::COUNTED as u64 + FEW).max(meets);
        let count = (listing::count(begin(), &listing, along), 2 * counted, "count");
        let last = along.map(|along| (listing::last_seen(begin(), &listing, along), 2 * meets, "end"));
        for (mut statement, most, what) in [page, passing, count].into_iter().chain(last) {
            let plan: Text = statement.build_query_scalar().fetch_one(&mut *connection).await.unwrap();
            let plan = serde_json::from_str(&plan.0).unwrap();
            Work::of(&plan).check(&format!("{what} of {listing:?} along {along:?}"), most, &plan);
        }
    }
}
