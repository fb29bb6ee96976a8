//! The writer lends its connection.

use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use saga::store::{Commit, CommitOutcome, Door, DoorBody, Store, StoreError, Transacted, Transactions};
use saga::{Json, StepError, Tx, WorkerId};
use saga_sqlx::{SqliteStore, sqlite};
use sqlx::{Connection, Executor, SqliteConnection};

use crate::kit::*;

const FOR_EVER: &str = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n";
const WRITE_FOR_EVER: &str =
    "INSERT INTO mine WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n";

async fn with_table(home: &Home) -> (SqliteStore, WorkerId) {
    let store = home.open().await;
    home.by_hand("CREATE TABLE mine (n INTEGER)").await;
    let worker = join(&store).await;
    write(&store, Some(worker), start(1, "a", Some(worker))).await.unwrap();
    (store, worker)
}

async fn count(store: &SqliteStore) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM mine").fetch_one(store.readers()).await.unwrap()
}

fn door(worker: WorkerId, sql: &'static str, number: i64, order: u32) -> Door {
    let body: DoorBody = Box::new(move |tx| {
        Box::pin(async move {
            sqlite(tx)?.execute(sql).await?;
            Ok(fact(number, "a", order, "done"))
        })
    });
    Door { worker, workflow_id: id("a"), limit: Duration::from_millis(250), body }
}

/// Finding 18: whoever waits for the writer does not wait longer than the limit.
#[tokio::test]
async fn a_statement_without_end_is_broken_off() {
    let home = Home::new();
    let (store, worker) = with_table(&home).await;
    for sql in [FOR_EVER, WRITE_FOR_EVER] {
        let began = Instant::now();
        let (late, beside) =
            tokio::join!(store.transact(door(worker, sql, 2, 0)), write(&store, None, start(3, "b", None)));
        assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
        let Ok(Transacted::Failed(error)) = late else { panic!("{late:?}") };
        assert!(error.message().contains("longer than 250ms"), "{error}");
        assert_eq!(beside, APPLIED, "the others of the turn are written all the same");
    }
    assert_eq!(count(&store).await, 0);
    let after = store.transact(door(worker, "INSERT INTO mine VALUES (1)", 5, 0)).await;
    assert_eq!(after, Ok(Transacted::Committed(CommitOutcome::Applied { rev: 0 })));
    assert_eq!(count(&store).await, 1);
}

#[tokio::test]
async fn a_body_may_nest_transactions_of_its_own() {
    let home = Home::new();
    let (store, worker) = with_table(&home).await;
    let body: DoorBody = Box::new(|tx| {
        Box::pin(async move {
            let connection = sqlite(tx)?;
            let mut kept = connection.begin().await?;
            kept.execute("INSERT INTO mine VALUES (1)").await?;
            kept.commit().await?;
            let mut dropped = connection.begin().await?;
            dropped.execute("INSERT INTO mine VALUES (2)").await?;
            drop(dropped);
            Ok(fact(2, "a", 0, "done"))
        })
    });
    let limit = Duration::from_secs(1);
    store.transact(Door { worker, workflow_id: id("a"), limit, body }).await.unwrap();
    assert_eq!(count(&store).await, 1);
}

/// A transaction that is gone under the body must not be taken for one that holds its writes.
#[tokio::test]
async fn a_body_that_ends_the_transaction_itself_is_not_acknowledged() {
    let home = Home::new();
    let (store, worker) = with_table(&home).await;
    let answer = store.transact(door(worker, "ROLLBACK", 2, 0)).await;
    assert!(matches!(answer, Ok(Transacted::Failed(_))), "{answer:?}");
    assert_eq!(store.load(&id("a")).await.unwrap().unwrap().steps, []);
    let after = store.transact(door(worker, "INSERT INTO mine VALUES (1)", 3, 0)).await;
    assert_eq!(after, Ok(Transacted::Committed(CommitOutcome::Applied { rev: 0 })));
}

#[tokio::test]
async fn many_steps_at_once_all_land() {
    let home = Home::new();
    let (store, worker) = with_table(&home).await;
    let steps = (0..50).map(|n| {
        let store = store.clone();
        let door = door(worker, "INSERT INTO mine VALUES (1)", 10 + n, n as u32);
        tokio::spawn(async move { store.transact(door).await })
    });
    for step in steps.collect::<Vec<_>>() {
        let applied = Ok(Transacted::Committed(CommitOutcome::Applied { rev: 0 }));
        assert_eq!(step.await.unwrap(), applied);
    }
    assert_eq!(count(&store).await, 50);
    assert_eq!(store.load(&id("a")).await.unwrap().unwrap().steps.len(), 50);
}

fn put_and_start<'t>(
    tx: &'t mut Tx<'_>,
    store: SqliteStore,
    commit: Commit,
) -> BoxFuture<'t, Result<CommitOutcome, StepError>> {
    Box::pin(async move {
        sqlite(tx)?.execute("INSERT INTO mine VALUES (1)").await?;
        Ok(store.commit_in(tx, commit).await?)
    })
}

/// The outbox, in a transaction that is the user's own.
#[tokio::test]
async fn a_workflow_starts_in_the_users_transaction() {
    let home = Home::new();
    let (store, worker) = with_table(&home).await;
    let limit = Duration::from_secs(1);
    let (inside, commit) = (store.clone(), start(2, "b", None));
    let started = store.transaction(limit, move |tx| put_and_start(tx, inside, commit)).await;
    assert_eq!(started.unwrap(), Ok(CommitOutcome::Applied { rev: 0 }));
    let (inside, commit) = (store.clone(), start(3, "c", None));
    let failed = store.transaction(limit, move |tx| {
        Box::pin(async move {
            put_and_start(tx, inside, commit).await?;
            Err::<(), _>(StepError::permanent("no"))
        })
    });
    assert_eq!(failed.await.unwrap(), Err(StepError::permanent("no")));
    assert_eq!(count(&store).await, 1);
    assert!(store.load(&id("b")).await.unwrap().is_some());
    assert_eq!(store.load(&id("c")).await, Ok(None));
    let claim = saga::store::Claim {
        purpose: saga::store::Purpose::Run,
        definitions: vec![trip()],
        limit: 9,
        after: None,
        now: noon(),
    };
    assert_eq!(store.claim(worker, claim).await.unwrap().len(), 1);
}

#[tokio::test]
async fn another_databases_transaction_is_refused() {
    let home = Home::new();
    let (store, _) = with_table(&home).await;
    let mut other = SqliteConnection::connect("sqlite::memory:").await.unwrap();
    configuration(store.commit_in(&mut Tx::new(&mut other), start(2, "b", None)).await);
    let mut nonsense = Json::null();
    configuration(store.commit_in(&mut Tx::new(&mut nonsense), start(3, "c", None)).await);
    assert!(sqlite(&mut Tx::new(&mut nonsense)).is_err());
}

#[tokio::test]
async fn a_users_transaction_that_panics_is_rolled_back() {
    let home = Home::new();
    let (store, _) = with_table(&home).await;
    let broken = store.transaction(Duration::from_secs(1), |tx| {
        Box::pin(async move {
            sqlite(tx)?.execute("INSERT INTO mine VALUES (1)").await?;
            if true {
                panic!("a bug");
            }
            Ok::<(), StepError>(())
        })
    });
    assert!(matches!(broken.await, Err(StoreError::Unavailable(_))));
    assert_eq!(count(&store).await, 0);
}
