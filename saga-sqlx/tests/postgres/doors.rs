//! Transactional steps, tried twice at once and cut off in the middle. No row is written before the user's work: the
//! header is the barrier.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use saga::WorkerId;
use saga::store::*;
use saga::{CommitId, StepError};
use saga_sqlx::{PgStore, postgres};
use sqlx::Connection;
use tokio::sync::{Barrier, Notify, oneshot};

use crate::batch::fact;
use crate::fence::{id, owner};
use crate::kit::Home;

type Then = Box<dyn FnOnce(i32) -> BoxFuture<'static, ()> + Send>;

/// A step that has its effect in the user's own table, and then does what it is told with its connection's number.
fn door(worker: WorkerId, number: i64, then: Then) -> Door {
    let body: DoorBody = Box::new(move |tx| {
        Box::pin(async move {
            let tx = postgres(tx)?;
            sqlx::query("INSERT INTO mine VALUES (1)").execute(&mut *tx).await?;
            let pid = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut *tx).await?;
            then(pid).await;
            Ok(Commit { facts: vec![fact(1)], ..Commit::empty(id(), CommitId(number)) })
        })
    });
    Door { worker, workflow_id: id(), limit: Duration::from_secs(20), body }
}

fn simply() -> Then {
    Box::new(|_| Box::pin(async {}))
}

async fn world(home: &Home) -> (PgStore, WorkerId) {
    let (store, worker) = owner(home).await;
    sqlx::query("CREATE TABLE mine (n INT NOT NULL)").execute(&mut home.foreign().await).await.unwrap();
    (store, worker)
}

async fn effects(home: &Home) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM mine").fetch_one(&mut home.foreign().await).await.unwrap()
}

const APPLIED: CommitOutcome = CommitOutcome::Applied { rev: 0 };
const REFUSED: CommitOutcome = CommitOutcome::Refused { rev: 0, status: Status::Running, owned: true };

/// Finding 17: both have done their work when the first one comes to the door.
#[tokio::test]
async fn of_two_attempts_at_once_one_has_an_effect() {
    let home = Home::new();
    let (store, worker) = world(&home).await;
    let both = Arc::new(Barrier::new(2));
    let attempt = |number| {
        let (store, both) = (store.clone(), Arc::clone(&both));
        let then: Then = Box::new(move |_| {
            Box::pin(async move {
                both.wait().await;
            })
        });
        tokio::spawn(async move { store.transact(door(worker, number, then)).await.unwrap() })
    };
    let (one, other) = (attempt(1), attempt(2));
    let mut outcomes = [one.await.unwrap(), other.await.unwrap()];
    outcomes.sort_by_key(|outcome| *outcome != Transacted::Committed(APPLIED));
    assert_eq!(outcomes, [Transacted::Committed(APPLIED), Transacted::Committed(REFUSED)]);
    assert_eq!(effects(&home).await, 1);
    home.remove().await;
}

/// Where the connection, or the process, is cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    InTheBody,
    AtTheDoor,
}

/// Finding 17: cut off between any two of its statements it leaves nothing; cut off at COMMIT it is known.
#[tokio::test]
async fn what_is_cut_off_leaves_no_effect_and_the_next_attempt_leaves_one() {
    for cut in [Cut::InTheBody, Cut::AtTheDoor] {
        let home = Home::new();
        let (store, worker) = world(&home).await;
        let mut foreign = home.foreign().await;
        let mut held = foreign.begin().await.unwrap();
        let lock = "SELECT rev FROM orchestration_workflows WHERE workflow_id = 'a' FOR UPDATE";
        sqlx::query(lock).execute(&mut *held).await.unwrap();
        let (tell, told) = oneshot::channel();
        let go_on = Arc::new(Notify::new());
        let wait = Arc::clone(&go_on);
        let then: Then = Box::new(move |pid| {
            Box::pin(async move {
                tell.send(pid).unwrap();
                wait.notified().await;
            })
        });
        let attempt = tokio::spawn({
            let store = store.clone();
            async move { store.transact(door(worker, 1, then)).await }
        });
        let pid = told.await.unwrap();
        if cut == Cut::AtTheDoor {
            go_on.notify_one();
            home.blocked_by(&mut held, "may it write").await;
        }
        let kill = "SELECT pg_terminate_backend($1, 10000)";
        assert!(sqlx::query_scalar::<_, bool>(kill).bind(pid).fetch_one(&mut *held).await.unwrap());
        go_on.notify_one();
        held.rollback().await.unwrap();
        let result = attempt.await.unwrap();
        assert!(matches!(result, Err(_) | Ok(Transacted::Failed(_))), "{cut:?}: {result:?}");
        assert_eq!(effects(&home).await, 0, "{cut:?}");
        assert_eq!(store.load(&id()).await.unwrap().unwrap().steps.len(), 0, "{cut:?}");
        let again = store.transact(door(worker, 2, simply())).await;
        assert_eq!(again, Ok(Transacted::Committed(APPLIED)), "{cut:?}");
        // Its answer was lost: the one after it has no effect.
        let known = store.transact(door(worker, 3, simply())).await;
        assert_eq!(known, Ok(Transacted::Committed(REFUSED)), "{cut:?}");
        assert_eq!(effects(&home).await, 1, "{cut:?}");
        home.remove().await;
    }
}

/// Whatever isolation a database's users get by default, fence and batches have theirs: what was committed while they
/// waited for a lock is seen by them.
#[tokio::test]
async fn a_default_of_serializable_disturbs_nobody() {
    let home = Home::new();
    let (_, worker) = world(&home).await;
    let url = format!("{}?options[default_transaction_isolation]=serializable", crate::kit::url());
    let store = PgStore::connect(&url, home.options()).await.unwrap();
    let default = "SELECT current_setting('default_transaction_isolation')";
    let mut users = sqlx::PgConnection::connect(&url).await.unwrap();
    let asked: String = sqlx::query_scalar(default).fetch_one(&mut users).await.unwrap();
    assert_eq!(asked, "serializable", "the test sets what it says");
    let workflow = id();
    for number in 1..20 {
        let facts = vec![fact(u32::try_from(number).unwrap())];
        let commit = Commit { facts, ..Commit::empty(id(), CommitId(number)) };
        let (written, sent, beat) = tokio::join!(
            store.commit(Some(worker), vec![commit]),
            store.send("default", &workflow, SignalKind::Cancel, "alice"),
            store.beat(worker)
        );
        assert!(matches!(written.as_deref(), Ok([CommitOutcome::Applied { .. }])), "{written:?}");
        assert_eq!(sent, Ok(Sent::Delivered { worker: Some(worker) }));
        assert!(beat.is_ok(), "{beat:?}");
    }
    let failed: StepError = StepError::permanent("rolled back");
    let lent =
        store.transaction(Duration::from_secs(5), move |_| Box::pin(async move { Err::<(), _>(failed) }));
    assert!(lent.await.unwrap().is_err());
    home.remove().await;
}
