//! Locks, seen by somebody else's connection: who waits for whom, and who does not.

use std::time::Duration;

use saga::store::*;
use saga::{CommitId, DefinitionId, StepError, Timestamp, WorkerId, WorkflowId};
use saga_sqlx::{PgStore, postgres};
use sqlx::{Connection, PgConnection};

use crate::kit::Home;

pub(crate) const SOON: Duration = Duration::from_millis(300);

pub(crate) fn id() -> WorkflowId {
    WorkflowId::new("a").unwrap()
}

/// A worker that owns the workflow `a`.
pub(crate) async fn owner(home: &Home) -> (PgStore, WorkerId) {
    let store = home.patient().await;
    let worker = own(home, &store).await;
    (store, worker)
}

/// A worker of this store that owns the workflow `a`.
pub(crate) async fn own(home: &Home, store: &PgStore) -> WorkerId {
    let worker = join(store).await;
    give(home, worker).await;
    worker
}

/// It owns the workflow `a` from now on.
pub(crate) async fn give(home: &Home, worker: WorkerId) {
    let mut foreign = home.foreign().await;
    let insert = "INSERT INTO orchestration_workflows (workflow_id, tenant_id, input_hash, workflow_type,
      definition_version, definition, total_steps, input_data, max_retries, created_at, created_by, updated_at,
      status, worker) VALUES ('a', 'default', '', 'trip', 1, 'trip@1#f00d', 1, '{}', 3, now(), 0, now(), 'running', $1)";
    sqlx::query(insert).bind(worker.0).execute(&mut foreign).await.unwrap();
}

pub(crate) async fn join(store: &PgStore) -> WorkerId {
    let lease = Duration::from_secs(60);
    let join = Join { name: "test".into(), definitions: vec![trip()], plans: vec![], lease };
    store.join(join).await.unwrap().worker
}

fn trip() -> DefinitionId {
    DefinitionId { name: "trip".into(), version: 1, fingerprint: "f00d".into() }
}

/// A commit that only adds to the audit trail.
pub(crate) fn line(number: i64) -> Commit {
    let at = Timestamp::from_micros(0);
    let (kind, message) = (AuditKind::Retried, "a line".to_owned());
    let line = AuditEvent { run: 1, at, kind, node: None, attempt: None, message, actor: None };
    Commit { audit: vec![line], ..Commit::empty(id(), CommitId(number)) }
}

fn claim() -> Claim {
    let now = Timestamp::from_micros(i64::MAX / 4);
    Claim { purpose: Purpose::Run, definitions: vec![trip()], limit: 9, after: None, now }
}

fn door(worker: WorkerId, number: i64) -> Door {
    let body: DoorBody = Box::new(move |_| Box::pin(async move { Ok(line(number)) }));
    Door { worker, workflow_id: id(), limit: Duration::from_secs(1), body }
}

/// Can the worker be declared dead at this moment?
pub(crate) async fn is_free(home: &Home, worker: WorkerId) -> bool {
    let lock = "SELECT worker FROM orchestration_workers WHERE worker = $1 FOR UPDATE NOWAIT";
    sqlx::query(lock).bind(worker.0).execute(&mut home.foreign().await).await.is_ok()
}

/// Findings 5 and 6: whatever writes as a worker waits for whoever is declaring it dead, and finds itself dead then.
#[tokio::test]
async fn every_statement_shape_waits_for_the_fencer_and_then_writes_nothing() {
    let home = Home::new();
    let (store, worker) = owner(&home).await;
    let mut fencer = home.foreign().await;
    let mut fence = fencer.begin().await.unwrap();
    let dead = "WITH w AS (SELECT worker FROM orchestration_workers WHERE worker = $1 FOR UPDATE)
      UPDATE orchestration_workers AS o SET state = 'dead' FROM w WHERE o.worker = w.worker";
    sqlx::query(dead).bind(worker.0).execute(&mut *fence).await.unwrap();
    let commit = tokio::spawn({
        let store = store.clone();
        async move { store.commit(Some(worker), vec![line(1)]).await.map(|_| ()) }
    });
    let claimed = tokio::spawn({
        let store = store.clone();
        async move { store.claim(worker, claim()).await.map(|_| ()) }
    });
    let lent = tokio::spawn({
        let store = store.clone();
        async move { store.transact(door(worker, 2)).await.map(|_| ()) }
    });
    tokio::time::sleep(SOON).await;
    assert!(!commit.is_finished() && !claimed.is_finished() && !lent.is_finished());
    fence.commit().await.unwrap();
    for result in [commit.await.unwrap(), claimed.await.unwrap(), lent.await.unwrap()] {
        assert_eq!(result, Err(StoreError::Fenced));
    }
    assert_eq!(store.beat(worker).await, Err(StoreError::Fenced));
    assert_eq!(store.history(&id(), TrailPart::ALL).await.unwrap().total, 0);
    home.remove().await;
}

/// A commit that has to look at the header, and takes the careful way.
fn waiting() -> Commit {
    Commit { waits: Some(vec![]), ..line(1) }
}

/// Holds a workflow's header, as a sender does for a moment.
async fn hold<'c>(foreign: &'c mut PgConnection) -> sqlx::Transaction<'c, sqlx::Postgres> {
    let mut held = foreign.begin().await.unwrap();
    let lock = "SELECT rev FROM orchestration_workflows WHERE workflow_id = 'a' FOR UPDATE";
    sqlx::query(lock).execute(&mut *held).await.unwrap();
    held
}

/// Finding 5: the lock is really there, and for as long as the batch is under way.
#[tokio::test]
async fn a_batch_and_a_door_cannot_be_fenced_while_they_are_under_way() {
    let home = Home::new();
    let (store, worker) = owner(&home).await;
    for lend in [false, true] {
        let mut foreign = home.foreign().await;
        let mut held = hold(&mut foreign).await;
        let writing = tokio::spawn({
            let store = store.clone();
            async move {
                match lend {
                    true => store.transact(door(worker, 2)).await.map(|_| ()),
                    false => store.commit(Some(worker), vec![waiting()]).await.map(|_| ()),
                }
            }
        });
        home.blocked_by(&mut held, "may it write").await;
        assert!(!is_free(&home, worker).await, "lent: {lend}");
        assert!(store.beat(worker).await.is_ok(), "a heartbeat waits for no batch");
        held.rollback().await.unwrap();
        writing.await.unwrap().unwrap();
        assert!(is_free(&home, worker).await);
    }
    assert_eq!(store.history(&id(), TrailPart::ALL).await.unwrap().total, 2);
    home.remove().await;
}

/// Guarantee 9: the lease had run out, and then it had not.
#[tokio::test]
async fn a_heartbeat_that_comes_while_the_fencer_waits_wins() {
    let home = Home::new();
    let (store, worker) = owner(&home).await;
    let other = join(&store).await;
    let mut foreign = home.foreign().await;
    let late = "UPDATE orchestration_workers SET lease_until = now() - interval '1 s' WHERE worker = $1";
    sqlx::query(late).bind(worker.0).execute(&mut foreign).await.unwrap();
    let mut batch = foreign.begin().await.unwrap();
    let lock = "SELECT worker FROM orchestration_workers WHERE worker = $1 FOR KEY SHARE";
    sqlx::query(lock).bind(worker.0).execute(&mut *batch).await.unwrap();
    let fencer = tokio::spawn({
        let store = store.clone();
        async move { store.claim(other, claim()).await }
    });
    tokio::time::sleep(SOON).await;
    assert!(!fencer.is_finished());
    assert!(store.beat(worker).await.is_ok());
    batch.commit().await.unwrap();
    assert_eq!(fencer.await.unwrap(), Ok(vec![]));
    assert!(store.beat(worker).await.is_ok());
    assert_eq!(store.held(worker).await.unwrap(), [id()]);
    home.remove().await;
}

/// Findings 15 and 16: for as long as the user's work takes nobody waits for it.
#[tokio::test]
async fn a_long_body_holds_neither_the_fence_nor_the_workflow() {
    let home = Home::new();
    let (store, worker) = owner(&home).await;
    let (begun, beginning) = tokio::sync::oneshot::channel();
    let (end, ending) = tokio::sync::oneshot::channel::<()>();
    let body: DoorBody = Box::new(move |tx| {
        Box::pin(async move {
            sqlx::query("CREATE TABLE mine (n INT)").execute(postgres(tx)?).await?;
            begun.send(()).unwrap();
            ending.await.unwrap();
            Ok(line(1))
        })
    });
    let lent = tokio::spawn({
        let store = store.clone();
        let door = Door { worker, workflow_id: id(), limit: Duration::from_secs(5), body };
        async move { store.transact(door).await }
    });
    beginning.await.unwrap();
    assert!(is_free(&home, worker).await);
    store.commit(Some(worker), vec![line(2)]).await.unwrap();
    end.send(()).unwrap();
    assert_eq!(lent.await.unwrap(), Ok(Transacted::Committed(CommitOutcome::Applied { rev: 0 })));
    home.remove().await;
}

/// PostgreSQL answers the COMMIT of a transaction that has failed with a rollback, and calls that no error.
#[tokio::test]
async fn a_body_that_kept_an_error_to_itself_is_not_called_durable() {
    let home = Home::new();
    let (store, worker) = owner(&home).await;
    let own = store.transaction(Duration::from_secs(1), |tx| {
        Box::pin(async move {
            let _ = sqlx::query("SELECT nonsense").execute(postgres(tx)?).await;
            Ok::<_, StepError>(())
        })
    });
    assert!(matches!(own.await, Err(StoreError::Unavailable(_))));
    let body: DoorBody = Box::new(|tx| {
        Box::pin(async move {
            let _ = sqlx::query("SELECT nonsense").execute(postgres(tx)?).await;
            Ok(line(1))
        })
    });
    let door = Door { worker, workflow_id: id(), limit: Duration::from_secs(1), body };
    assert!(matches!(store.transact(door).await, Ok(Transacted::Failed(_))));
    assert_eq!(store.history(&id(), TrailPart::ALL).await.unwrap().total, 0);
    home.remove().await;
}

/// The network gives a COMMIT up that the server is still at. Whoever looked into the journal then found no fact, tried
/// again, failed at what the first attempt had written, and took the step for undone.
#[tokio::test]
async fn a_load_waits_for_a_commit_that_was_given_up() {
    let home = Home::new();
    let (patient, worker) = owner(&home).await;
    let (mut foreign, mut watcher) = (home.foreign().await, home.foreign().await);
    // A COMMIT takes for as long as somebody holds the lock.
    let slow = "CREATE TABLE slow (id int);
      CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        PERFORM pg_advisory_xact_lock(hashtext(TG_TABLE_SCHEMA)); RETURN NULL;
      END $$;
      CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON slow DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow()";
    sqlx::raw_sql(slow).execute(&mut foreign).await.unwrap();
    let mut held = foreign.begin().await.unwrap();
    let lock = "SELECT pg_advisory_xact_lock(hashtext(current_schema()))";
    sqlx::query(lock).execute(&mut *held).await.unwrap();
    let store = home.open().await;
    let body: DoorBody = Box::new(|tx| {
        Box::pin(async move {
            sqlx::query("INSERT INTO slow VALUES (1)").execute(postgres(tx)?).await?;
            Ok(Commit { facts: vec![crate::batch::fact(0)], ..line(1) })
        })
    });
    let door = Door { worker, workflow_id: id(), limit: Duration::from_secs(1), body };
    let given_up = store.transact(door).await;
    assert!(matches!(given_up, Err(StoreError::Unavailable(_))), "{given_up:?}");
    assert_eq!(patient.load(&id()).await.unwrap().unwrap().steps.len(), 0, "it is not there yet");
    let loading = tokio::spawn({
        let store = store.clone();
        async move {
            // It is busy for as long as it takes.
            loop {
                if let Ok(loaded) = store.load(&id()).await {
                    return loaded.unwrap();
                }
            }
        }
    });
    let waits = "SELECT EXISTS (SELECT FROM pg_stat_activity
      WHERE strpos(query, 'nobody who writes it') > 0 AND cardinality(pg_blocking_pids(pid)) > 0)";
    let look = async {
        while !sqlx::query_scalar::<_, bool>(waits).fetch_one(&mut watcher).await.unwrap() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), look).await.expect("it waits for nobody");
    held.commit().await.unwrap();
    assert_eq!(loading.await.unwrap().steps.len(), 1, "it was committed after all");
    home.remove().await;
}
