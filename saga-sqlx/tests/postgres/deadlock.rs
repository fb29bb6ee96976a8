//! Somebody who takes the same rows in another order.

use std::time::Duration;

use saga::store::*;
use saga::{CommitId, WorkerId, WorkflowId};
use sqlx::{Connection, PgConnection};

use crate::batch::fact;
use crate::fence::{join, line};
use crate::kit::Home;

const ROWS: [&str; 3] = ["a", "b", "c"];

fn id(name: &str) -> WorkflowId {
    WorkflowId::new(name).unwrap()
}

async fn own(home: &Home, worker: WorkerId) {
    let mut foreign = home.foreign().await;
    let insert = "INSERT INTO orchestration_workflows (workflow_id, tenant_id, input_hash, workflow_type,
      definition_version, definition, total_steps, input_data, max_retries, created_at, created_by, updated_at,
      status, worker) VALUES ($1, 'default', '', 'trip', 1, 'trip@1#f00d', 1, '{}', 3, now(), 0, now(), 'running', $2)";
    for row in ROWS {
        sqlx::query(insert).bind(row).bind(worker.0).execute(&mut foreign).await.unwrap();
    }
}

/// A decision, a fact and an audit line, by the way that locks the headers in the order of their names.
async fn commit(store: &impl Store, name: &str, number: i64) -> Commit {
    let header = store.load(&id(name)).await.unwrap().unwrap().header;
    let decision = Decision {
        expected_rev: header.rev,
        expected_status: header.state.status,
        state: HeaderState { current_step: Some("flight".into()), ..header.state },
        audit: vec![],
        interrupted: Interrupted::Told,
        release: false,
        retake_exclusion: false,
    };
    let mut commit = Commit {
        facts: vec![fact(1)],
        decision: Some(Box::new(decision)),
        waits: Some(vec![]),
        ..Commit::empty(id(name), CommitId(number))
    };
    commit.audit = line(number).audit;
    commit
}

async fn hold(connection: &mut PgConnection, name: &str) {
    let row = "SELECT workflow_id FROM orchestration_workflows WHERE workflow_id = $1 FOR UPDATE";
    sqlx::query(row).bind(name).execute(connection).await.unwrap();
}

/// Finding 19. The batch holds `a` and wants `c`, somebody at `psql` holds `c` and wants `a`. The batch is the one that
/// the server gives up, because the other one would wait for an hour before it looked; it is written again.
#[tokio::test]
async fn a_batch_that_is_given_up_in_a_deadlock_is_written_again() {
    let home = Home::new();
    let store = home.patient().await;
    let worker = join(&store).await;
    own(&home, worker).await;
    let (mut third, mut person) = (home.foreign().await, home.foreign().await);
    sqlx::raw_sql("SET deadlock_timeout = '1h'").execute(&mut person).await.unwrap();
    let (mut third, mut person) = (third.begin().await.unwrap(), person.begin().await.unwrap());
    hold(&mut third, "b").await;
    hold(&mut person, "c").await;
    let mut batch = vec![];
    for (number, name) in (1..).zip(ROWS) {
        batch.push(commit(&store, name, number).await);
    }
    let writing = tokio::spawn({
        let store = store.clone();
        async move { store.commit(Some(worker), batch).await }
    });
    home.blocked_by(&mut third, "what a batch of commits is judged by").await;
    let pid: i32 = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut *person).await.unwrap();
    let wanting = async {
        hold(&mut person, "a").await;
    };
    let closing = async {
        home.blocked(pid).await;
        // Now the batch gets what it waited for, and wants what the person has.
        third.rollback().await.unwrap();
    };
    let waited =
        tokio::time::timeout(Duration::from_secs(60), async { tokio::join!(wanting, closing) }).await;
    assert!(waited.is_ok(), "nobody was given up");
    // The person has all that they wanted, and the batch was told to come back.
    home.blocked_by(&mut person, "what a batch of commits is judged by").await;
    assert!(!writing.is_finished());
    person.commit().await.unwrap();
    let outcomes = writing.await.unwrap().unwrap();
    assert_eq!(outcomes, [1, 1, 1].map(|rev| CommitOutcome::Applied { rev }));
    for name in ROWS {
        let loaded = store.load(&id(name)).await.unwrap().unwrap();
        assert_eq!((loaded.header.rev, loaded.steps.len()), (1, 1), "{name}");
        assert_eq!(store.history(&id(name), TrailPart::ALL).await.unwrap().total, 1, "{name}");
    }
    home.remove().await;
}
