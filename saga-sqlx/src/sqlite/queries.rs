//! The statements by name. Each is a file; a test prepares them all.

macro_rules! queries {
    ($($name:ident = $file:literal,)+) => {
        $(pub(super) const $name: &str = include_str!(concat!("../../queries/sqlite/", $file));)+
        /// All of them, for tests.
        #[cfg(test)]
        pub(super) const ALL: &[(&str, &str)] = &[$(($file, $name)),+];
    };
}

queries! {
    STANDING = "standing.sql",
    KNOWN_KEYS = "known_keys.sql",
    HELD_LOCKS = "held_locks.sql",
    KNOWN_FACTS = "known_facts.sql",
    CREATE = "create.sql",
    TAKE_LOCKS = "take_locks.sql",
    ADD_KEYS = "add_keys.sql",
    FACTS = "facts.sql",
    RESET_TAKEOVERS = "reset_takeovers.sql",
    DECIDE = "decide.sql",
    FREE_LOCKS = "free_locks.sql",
    ADD_EVENTS = "add_events.sql",
    REMOVE_SIGNALS = "remove_signals.sql",
    ADD_STATISTICS = "add_statistics.sql",
    JOIN = "join.sql",
    FENCE = "fence.sql",
    ORPHAN = "orphan.sql",
    ADD_PLAN = "add_plan.sql",
    ALIVE = "alive.sql",
    HELD = "held.sql",
    DUE_COUNT = "due_count.sql",
    DUE = "due.sql",
    DUE_IN_LANES = "due_in_lanes.sql",
    KNOWN_DEFINITIONS = "known_definitions.sql",
    STRANDED = "stranded.sql",
    WATCHED = "watched.sql",
    ADD_WATCHED = "add_watched.sql",
    FORGET_WATCHED = "forget_watched.sql",
    FORGET_KNOWN = "forget_known.sql",
    CLAIM = "claim.sql",
    HEADERS = "headers.sql",
    STEPS = "steps.sql",
    RECEIVER = "receiver.sql",
    RAISE = "raise.sql",
    SEND = "send.sql",
    MAIL = "mail.sql",
    LOST = "lost.sql",
    HISTORY = "history.sql",
    HISTORY_COUNT = "history_count.sql",
    STATISTICS = "statistics.sql",
    OPEN_DEBTS = "open_debts.sql",
    PLAN = "plan.sql",
    PUBLISH = "publish.sql",
    FORGET_PUBLISHED = "forget_published.sql",
    PUBLISHED = "published.sql",
    WAITERS = "waiters.sql",
    FORGET_WAITS = "forget_waits.sql",
    ADD_WAITS = "add_waits.sql",
    RESTING = "resting.sql",
    REMOVE_STEPS = "remove_steps.sql",
    REMOVE_EVENTS = "remove_events.sql",
    REMOVE_INBOXES = "remove_inboxes.sql",
    REMOVE_KEYS = "remove_keys.sql",
    REMOVE_WORKFLOWS = "remove_workflows.sql",
    ADD_SCHEDULE = "add_schedule.sql",
    CHANGE_SCHEDULE = "change_schedule.sql",
    REMOVE_SCHEDULE = "remove_schedule.sql",
    SCHEDULES = "schedules.sql",
    DUE_SCHEDULES = "due_schedules.sql",
    ADD_TRIGGERS = "add_triggers.sql",
    REMOVE_TRIGGER = "remove_trigger.sql",
    TRIGGER = "trigger.sql",
    TRIGGERED = "triggered.sql",
    SETTLE_TRIGGERED = "settle_triggered.sql",
    FORGET_TRIGGERED = "forget_triggered.sql",
    PROVE = "prove.sql",
}

#[cfg(test)]
mod tests {
    use sqlx::{AssertSqlSafe, Connection, Executor, Row, SqliteConnection};

    use super::*;

    async fn empty() -> SqliteConnection {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        crate::migrate::sqlite(&mut connection).await.unwrap();
        connection
    }

    async fn plan(connection: &mut SqliteConnection, sql: &str) -> String {
        let explain = format!("EXPLAIN QUERY PLAN {sql}");
        let rows = sqlx::query(AssertSqlSafe(explain)).fetch_all(connection).await.unwrap();
        rows.iter().map(|row| row.get::<String, _>("detail")).collect::<Vec<_>>().join("\n")
    }

    #[tokio::test]
    async fn every_statement_can_be_prepared() {
        let mut connection = empty().await;
        for (file, sql) in ALL {
            let prepared = (&mut connection).prepare(sqlx::SqlStr::from_static(sql)).await;
            assert!(prepared.is_ok(), "{file}: {:?}", prepared.err());
        }
    }

    #[tokio::test]
    async fn no_file_is_left_over() {
        let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/queries/sqlite")).unwrap();
        let files = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        for file in files {
            assert!(ALL.iter().any(|(known, _)| *known == file), "nobody uses {file}");
        }
    }

    #[tokio::test]
    async fn no_statement_reads_a_whole_table() {
        let mut connection = empty().await;
        // The inbox is short and read in order; of workers there is a row per start of the process; of counts there are
        // few, which are added up; of definitions that nobody knows hardly any.
        let small = [
            "mail.sql",
            "fence.sql",
            "known_definitions.sql",
            "stranded.sql",
            "resting.sql",
            "watched.sql",
            "forget_known.sql",
        ];
        for (file, sql) in ALL.iter().filter(|(file, _)| !small.contains(file)) {
            let plan = plan(&mut connection, sql).await;
            // What a statement has made itself may be read whole.
            let own = ["json", "INDEX", "SCAN (subquery", "SCAN due", "SCAN lanes"];
            let whole = |line: &&str| line.starts_with("SCAN") && !own.iter().any(|own| line.contains(own));
            let scan = plan.lines().find(|line| whole(line) && !line.contains("CONSTANT ROW"));
            assert_eq!(scan, None, "{file}:\n{plan}");
        }
    }

    #[tokio::test]
    async fn what_is_asked_often_has_an_index_of_its_own() {
        let mut connection = empty().await;
        let due = plan(&mut connection, DUE).await;
        assert!(due.contains("orchestration_workflows_due (wake_at<?)"), "{due}");
        let count = plan(&mut connection, DUE_COUNT).await;
        assert!(count.contains("orchestration_workflows_due (wake_at<?)"), "{count}");
        let lanes = plan(&mut connection, DUE_IN_LANES).await;
        for part in ["((tenant_id,priority)>(?,?))", "(tenant_id=? AND priority=? AND wake_at<?)"] {
            assert!(lanes.contains(&format!("orchestration_workflows_turns {part}")), "{part}:\n{lanes}");
        }
        let stranded = plan(&mut connection, STRANDED).await;
        assert!(stranded.contains("orchestration_workflows_due (wake_at<?)"), "{stranded}");
        let resting = plan(&mut connection, RESTING).await;
        assert!(resting.contains("orchestration_workflows_ended (status=? AND updated_at<?)"), "{resting}");
        assert!(!resting.contains("SCAN w") && !resting.contains("TEMP B-TREE"), "{resting}");
        for sql in [LOST, MAIL] {
            let plan = plan(&mut connection, sql).await;
            assert!(plan.contains("INDEX") || plan.contains("PRIMARY KEY"), "{plan}");
        }
        let trail = plan(&mut connection, HISTORY).await;
        assert!(trail.contains("orchestration_events_trail") && !trail.contains("TEMP"), "{trail}");
    }
}
