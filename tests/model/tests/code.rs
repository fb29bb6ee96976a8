//! The model is worth what it has in common with the statements that it stands for.

const FENCE: &str = include_str!("../../../saga-sqlx/queries/postgres/fence.sql");
const HEARTBEAT: &str = include_str!("../../../saga-sqlx/queries/postgres/heartbeat.sql");
const BURY: &str = include_str!("../../../saga-sqlx/queries/postgres/bury.sql");
const ORPHAN: &str = include_str!("../../../saga-sqlx/queries/postgres/orphan.sql");
const ALIVE: &str = include_str!("../../../saga-sqlx/queries/postgres/alive.sql");
const AILING: &str = include_str!("../../../saga-sqlx/queries/postgres/ailing.sql");
const DECIDE: &str = include_str!("../../../saga-sqlx/queries/postgres/decide.sql");
const JOIN: &str = include_str!("../../../saga-sqlx/queries/postgres/join.sql");
const DUE: [&str; 2] = [
    include_str!("../../../saga-sqlx/queries/postgres/due.sql"),
    include_str!("../../../saga-sqlx/queries/postgres/due_in_lanes.sql"),
];
const BATCHES: [&str; 4] = [
    include_str!("../../../saga-sqlx/queries/postgres/batch_facts.sql"),
    include_str!("../../../saga-sqlx/queries/postgres/batch_decisions.sql"),
    include_str!("../../../saga-sqlx/queries/postgres/batch_all.sql"),
    include_str!("../../../saga-sqlx/queries/postgres/standing.sql"),
];

/// The statement says all of this, in one line or in several.
fn says(statement: &str, words: &[&str]) {
    let code = statement.lines().filter(|line| !line.starts_with("--")).collect::<Vec<_>>().join(" ");
    let plain = code.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in words {
        assert!(plain.contains(words), "the model has `{words}`, the statement has not: {plain}");
    }
}

#[test]
fn a_writer_locks_its_own_live_row() {
    for batch in BATCHES {
        says(batch, &["state = 'live' FOR KEY SHARE", "FROM me"]);
    }
    says(ALIVE, &["state = 'live' FOR KEY SHARE"]);
}

#[test]
fn a_fencer_waits_and_looks_at_the_servers_clock() {
    says(FENCE, &["state = 'live' AND lease_until < clock_timestamp() FOR UPDATE", "SET state = 'dead'"]);
    says(AILING, &["lease_until < clock_timestamp()"]);
}

#[test]
fn a_heartbeat_is_the_servers_and_of_the_living_only() {
    says(HEARTBEAT, &["SET lease_until = clock_timestamp() + lease", "state = 'live'"]);
}

#[test]
fn a_worker_has_a_new_name_and_its_lease_by_the_servers_clock() {
    says(
        JOIN,
        &["INSERT INTO orchestration_workers (name, definitions, lease, lease_until)", "clock_timestamp() +"],
    );
}

#[test]
fn a_dead_workers_workflows_are_taken_by_whoever_comes_and_its_row_stays_until_then() {
    says(ORPHAN, &["state = 'dead'", "FOR NO KEY UPDATE SKIP LOCKED", "rev = w.rev + 1"]);
    says(
        BURY,
        &[
            "d.state = 'dead'",
            "NOT EXISTS (SELECT FROM orchestration_workflows AS w WHERE w.worker = d.worker)",
        ],
    );
}

#[test]
fn a_claim_passes_over_what_is_held() {
    for due in DUE {
        says(due, &["worker IS NULL", "SKIP LOCKED"]);
    }
}

#[test]
fn a_decision_is_compared() {
    says(DECIDE, &["w.rev = u.expected_rev", "rev = w.rev + 1"]);
    says(BATCHES[1], &["w.rev = u.expected_rev"]);
}
