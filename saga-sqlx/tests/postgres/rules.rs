//! What keeps a PostgreSQL of several parts possible (Citus, for one), as far as one node can tell. What the triggers are
//! for is found out by the suite, which runs without them but for a person's `UPDATE`.

use std::collections::BTreeMap;

use crate::kit::Home;

/// The statements by their files' names.
fn statements() -> BTreeMap<String, String> {
    let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/queries/postgres")).unwrap();
    let read = |file: std::io::Result<std::fs::DirEntry>| {
        let path = file.unwrap().path();
        let words = |line: &str| line.split("--").next().unwrap_or_default().to_lowercase();
        let text = std::fs::read_to_string(&path).unwrap().lines().map(words).collect::<Vec<_>>().join("\n");
        (path.file_name().unwrap().to_str().unwrap().to_owned(), text)
    };
    files.map(read).collect()
}

/// Rules 1 and 2: whatever belongs to a workflow lies where the workflow lies.
#[tokio::test]
async fn a_workflows_id_comes_first_in_the_keys_of_what_belongs_to_it() {
    let home = Home::new();
    home.open().await.close().await;
    let mut foreign = home.foreign().await;
    let first = "SELECT c.relname::text, a.attname::text FROM pg_index AS i
      JOIN pg_class AS c ON c.oid = i.indrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
      JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
     WHERE i.indisprimary AND n.nspname = current_schema()";
    let first: Vec<(String, String)> = sqlx::query_as(first).fetch_all(&mut foreign).await.unwrap();
    let first: BTreeMap<String, String> = first.into_iter().collect();
    for table in ["workflows", "workflow_steps", "events", "signals"] {
        let column = first.get(&format!("orchestration_{table}"));
        assert_eq!(column.map(String::as_str), Some("workflow_id"), "{table}: {first:?}");
    }
    let foreign_keys =
        "SELECT count(*) FROM pg_constraint AS c JOIN pg_namespace AS n ON n.oid = c.connamespace
      WHERE c.contype = 'f' AND n.nspname = current_schema()";
    let foreign_keys: i64 = sqlx::query_scalar(foreign_keys).fetch_one(&mut foreign).await.unwrap();
    assert_eq!(foreign_keys, 0);
    let triggers = "SELECT DISTINCT event_object_table::text FROM information_schema.triggers
      WHERE trigger_schema = current_schema()";
    let triggers: Vec<String> = sqlx::query_scalar(triggers).fetch_all(&mut foreign).await.unwrap();
    assert_eq!(triggers, ["orchestration_workflows"], "the suite runs without those of this table");
    drop(foreign);
    home.remove().await;
}

/// Rule 8: what a statement does is said by its parameters. The workers' own rows are kept by the database's clock.
#[test]
fn statements_ask_neither_a_clock_nor_chance() {
    let mut by_the_clock = vec![];
    for (file, text) in statements() {
        assert!(!text.contains("random"), "{file}");
        if ["clock_timestamp", "now()", "current_timestamp"].iter().any(|word| text.contains(word)) {
            assert!(
                !text.contains("orchestration_workflow"),
                "{file} asks the database's clock about workflows"
            );
            by_the_clock.push(file);
        }
    }
    assert!(by_the_clock.contains(&"heartbeat.sql".to_owned()), "{by_the_clock:?}");
}

/// Rules 7 and 11: nothing that other PostgreSQLs lack, and a hint is never more than one.
#[test]
fn statements_are_of_the_plain_kind() {
    for (file, text) in statements() {
        // A claim has another shape there anyway (rule 9): rows of several nodes cannot be skipped when they are locked.
        let claims = file == "due_in_lanes.sql";
        for word in ["merge into", "ctid", "lateral", "references", "for share", "lock table"] {
            assert!(!text.contains(word) || claims && word == "lateral", "{file}: {word}");
        }
    }
}

/// Rules 2 and 3: what is written of a workflow is found by its id, which comes with the statement.
#[test]
fn whatever_changes_workflows_names_them() {
    let kept_by_id = ["workflows", "workflow_steps", "events", "signals"];
    for (file, text) in statements() {
        let changes = kept_by_id.iter().any(|table| {
            ["update", "delete from"].iter().any(|verb| {
                let words = format!("{verb} orchestration_{table}");
                text.contains(&format!("{words} ")) || text.contains(&format!("{words}\n"))
            })
        });
        assert!(!changes || text.contains("workflow_id ="), "{file}:\n{text}");
    }
}
