//! People with SQL.

use saga::store::*;
use saga::{CommitId, Timestamp};

use crate::kit::*;

/// Finding 21, with what the trigger does besides.
#[tokio::test]
async fn a_manual_failure_carries_its_reason_and_its_count() {
    let home = Home::new();
    let store = home.open().await;
    let worker = join(&store).await;
    write(&store, Some(worker), start(1, "a", Some(worker))).await.unwrap();
    let sql = "UPDATE orchestration_workflows SET status = 'failed', failed_at = datetime('now') \
               WHERE workflow_id = 'a'";
    assert_eq!(home.by_hand(sql).await, 1);
    let header = store.load(&id("a")).await.unwrap().unwrap().header;
    assert_eq!(header.state.failure_reason, Some(FailureReason::Operator));
    assert_eq!((header.rev, header.worker), (1, Some(worker)));
    assert!(header.state.failed_at > Timestamp::parse("2020-01-01T00:00:00Z"));
    assert_eq!(store.beat(worker).await.unwrap().lost, [id("a")]);
    let statistics = store.statistics("default").await.unwrap();
    assert_eq!((statistics.total(), statistics.by_status(Status::Failed)), (1, 1));
    let page = Listing { tenant: "default".into(), limit: 9, ..Listing::default() };
    assert_eq!(store.list(page).await.unwrap().total, 1);
}

/// Finding 11: an end by hand is an end; a failure by hand keeps what it holds.
#[tokio::test]
async fn exclusion_follows_a_manual_update() {
    let home = Home::new();
    let store = home.open().await;
    write(&store, None, start(1, "a", None)).await.unwrap();
    let locks = async || {
        let count = "SELECT count(*) FROM orchestration_locks";
        sqlx::query_scalar::<_, i64>(count).fetch_one(store.readers()).await.unwrap()
    };
    home.by_hand("UPDATE orchestration_workflows SET status = 'failed'").await;
    assert_eq!(locks().await, 1);
    home.by_hand("UPDATE orchestration_workflows SET status = 'rolled_back'").await;
    assert_eq!(locks().await, 0);
}

#[tokio::test]
async fn a_status_that_does_not_exist_is_refused() {
    let home = Home::new();
    let store = home.open().await;
    write(&store, None, start(1, "a", None)).await.unwrap();
    let mut foreign = home.foreign().await;
    let typo =
        sqlx::query("UPDATE orchestration_workflows SET status = 'cancelled'").execute(&mut foreign).await;
    assert!(typo.unwrap_err().to_string().contains("CHECK constraint failed"));
}

/// One row that nobody can read stops neither the claims nor the batches nor the lists of the others.
#[tokio::test]
async fn a_row_that_cannot_be_read_stops_nobody_else() {
    let home = Home::new();
    let store = home.open().await;
    let worker = join(&store).await;
    for (number, name) in (1..).zip(["bad", "good"]) {
        write(&store, None, start(number, name, None)).await.unwrap();
    }
    home.by_hand(
        "UPDATE orchestration_workflows SET exclusion = 'x', context = '{' WHERE workflow_id = 'bad'",
    )
    .await;
    let claim =
        Claim { purpose: Purpose::Run, definitions: vec![trip()], limit: 9, after: None, now: noon() };
    let claimed = store.claim(worker, claim).await.unwrap();
    assert_eq!(claimed.iter().map(|l| l.header.workflow_id.as_str()).collect::<Vec<_>>(), ["good"]);
    let error = store.load(&id("bad")).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the store holds something that cannot be read, in orchestration_workflows.context of bad: not a JSON \
         text: EOF while parsing an object at line 1 column 1"
    );
    let batch = vec![fact(3, "bad", 0, "1"), fact(4, "good", 0, "1")];
    let outcomes = store.commit(Some(worker), batch).await.unwrap();
    assert!(matches!(&outcomes[0], CommitOutcome::Unstorable { .. }), "{outcomes:?}");
    assert_eq!(outcomes[1], CommitOutcome::Applied { rev: 1 });
    let listing = Listing { tenant: "default".into(), limit: 9, ..Listing::default() };
    assert_eq!(store.list(listing).await.unwrap().headers.len(), 1);
}

/// The columns that people ask for are there, and times compare.
#[tokio::test]
async fn what_people_ask_in_trouble_is_answered() {
    let home = Home::new();
    let store = home.open().await;
    let worker = join(&store).await;
    write(&store, Some(worker), start(1, "a", Some(worker))).await.unwrap();
    let mut failed = fact(2, "a", 0, "1");
    failed.facts[0].status = StepStatus::Failed;
    write(&store, Some(worker), failed).await.unwrap();
    let mut second_run = fact(3, "a", 4, "1");
    second_run.facts[0].run = 2;
    write(&store, Some(worker), second_run).await.unwrap();
    let long: Vec<(String, f64)> = sqlx::query_as(
        "SELECT workflow_id, (julianday('now') - julianday(started_at)) * 86400 FROM orchestration_workflows \
         WHERE status = 'running' AND started_at < strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-10 minutes')",
    )
    .fetch_all(store.readers())
    .await
    .unwrap();
    assert_eq!(long.len(), 1);
    let failures: Vec<(String, String, i64, f64)> = sqlx::query_as(
        "SELECT target_system, step_name, COUNT(*), AVG(retry_count) FROM orchestration_workflow_steps \
         WHERE status = 'failed' AND created_at > '2025-01-01' GROUP BY target_system, step_name",
    )
    .fetch_all(store.readers())
    .await
    .unwrap();
    assert_eq!(failures, [("airline".to_owned(), "book_flight".to_owned(), 1, 1.0)]);
    let ids: Vec<String> = sqlx::query_scalar("SELECT step_id FROM orchestration_workflow_steps")
        .fetch_all(store.readers())
        .await
        .unwrap();
    assert_eq!(ids, ["a_step_0", "a_r2_step_4"]);
}

/// A batch whose contract is broken, or whose row the database refuses, costs nobody else anything.
#[tokio::test]
async fn a_poisoned_batch_is_written_one_by_one() {
    let home = Home::new();
    let store = home.open().await;
    let worker = join(&store).await;
    write(&store, Some(worker), start(1, "a", Some(worker))).await.unwrap();
    home.by_hand(
        "CREATE TRIGGER poison BEFORE INSERT ON orchestration_workflow_steps WHEN NEW.output_data = '\"bad\"' \
         BEGIN SELECT RAISE(ABORT, 'no bad ones'); END",
    )
    .await;
    let twin = |number| {
        let mut twin = start(number, &format!("twin{number}"), None);
        twin.create.iter_mut().for_each(|new| new.header.idempotency_key = Some("one".into()));
        twin
    };
    write(&store, None, start(2, "b", None)).await.unwrap();
    let batch = vec![fact(3, "a", 0, "bad"), start(4, "c", Some(worker)), twin(5), twin(6)];
    let outcomes = store.commit(Some(worker), batch).await.unwrap();
    let CommitOutcome::Unstorable { reason } = &outcomes[0] else { panic!("{outcomes:?}") };
    assert!(reason.contains("no bad ones"), "{reason}");
    let applied = CommitOutcome::Applied { rev: 0 };
    assert_eq!(outcomes[1..3], [applied.clone(), applied]);
    assert_eq!(outcomes[3], CommitOutcome::Exists { workflow_id: id("twin5"), same_input: true });
    assert_eq!(store.statistics("default").await.unwrap().total(), 4);
    let fine = Commit { id: CommitId(7), ..fact(7, "a", 0, "good") };
    assert_eq!(write(&store, Some(worker), fine).await, APPLIED);
}
