//! The tables as people see them: described, with real types, and with words that are checked.

use crate::kit::Home;

/// Times know their zone, and JSON is JSON: what people write in SQL means what they think.
#[tokio::test]
async fn tables_are_described_and_their_columns_have_real_types() {
    let home = Home::new();
    let store = home.open().await;
    let undescribed: Vec<String> = sqlx::query_scalar(
        "SELECT relname::text FROM pg_class WHERE relnamespace = current_schema()::regnamespace
            AND relkind = 'r' AND obj_description(oid, 'pg_class') IS NULL",
    )
    .fetch_all(store.pool())
    .await
    .unwrap();
    assert_eq!(undescribed, Vec::<String>::new());
    let columns: Vec<(String, String, String)> = sqlx::query_as(
        "SELECT table_name::text, column_name::text, data_type::text FROM information_schema.columns
          WHERE table_schema = current_schema() AND table_name LIKE 'orchestration%'",
    )
    .fetch_all(store.pool())
    .await
    .unwrap();
    let is_time = |name: &str| name.ends_with("_at") || matches!(name, "at" | "lease_until" | "kept_until");
    let is_json = |name: &str| name.ends_with("_data") || matches!(name, "context" | "carry" | "value");
    let (mut times, mut texts) = (0, 0);
    for (table, column, found) in &columns {
        if is_time(column) {
            assert_eq!(found, "timestamp with time zone", "{table}.{column}");
            times += 1;
        }
        if is_json(column) {
            assert_eq!(found, "json", "{table}.{column}");
            texts += 1;
        }
    }
    assert!(times > 10 && texts > 5, "{columns:?}");
    store.close().await;
    home.remove().await;
}

#[tokio::test]
async fn a_word_that_does_not_exist_is_refused() {
    let home = Home::new();
    let store = home.open().await;
    let workflow =
        "INSERT INTO orchestration_workflows (workflow_id, input_hash, workflow_type, definition_version,
        definition, total_steps, input_data, max_retries, created_at, created_by, updated_at, status)
        VALUES ('a', '', 't', 1, 't@1#f', 1, '{}', 3, now(), 0, now(), 'running')";
    sqlx::query(workflow).execute(store.pool()).await.unwrap();
    let step = "INSERT INTO orchestration_workflow_steps (workflow_id, run, step_order, rev, node, step_name, status,
        effect, attempts, undo_attempts, key_generation, deaths)
        VALUES ('a', 1, 0, 1, 'n', 's', 'completed', 'done', 1, 0, 0, 0)";
    sqlx::query(step).execute(store.pool()).await.unwrap();
    for (typo, constraint) in [
        ("UPDATE orchestration_workflows SET status = 'cancelled'", "workflows_status_is_known"),
        ("UPDATE orchestration_workflows SET failure_reason = 'why'", "workflows_failure_reason_is_known"),
        ("UPDATE orchestration_workflow_steps SET status = 'waiting'", "workflow_steps_status_is_known"),
        ("UPDATE orchestration_workflow_steps SET effect = 'some'", "workflow_steps_effect_is_known"),
        ("UPDATE orchestration_workflow_steps SET debt = 'paid'", "workflow_steps_debt_is_known"),
    ] {
        let refused = sqlx::query(typo).execute(store.pool()).await.unwrap_err().to_string();
        assert!(refused.contains(constraint), "{typo}: {refused}");
    }
    store.close().await;
    home.remove().await;
}
