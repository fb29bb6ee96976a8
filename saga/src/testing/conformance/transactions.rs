//! Lent transactions.

use std::sync::Arc;
use std::time::Duration;

use super::Subject;
use super::kit::*;
use crate::error::{Effect, StepError};
use crate::store::*;

const LIMIT: Duration = Duration::from_secs(5);

enum End {
    With(Commit),
    Error,
    Panic,
    Never,
}

/// Runs a body that writes `key = value` and then ends like this.
async fn lend(
    subject: &Arc<dyn Subject>,
    w: &World,
    key: &'static str,
    value: &'static str,
    limit: Duration,
    end: End,
) -> Result<Transacted, StoreError> {
    let transactions = w.store.transactions().unwrap();
    let subject = subject.clone();
    let body: DoorBody = Box::new(move |tx| {
        Box::pin(async move {
            subject.put(tx, key, value).await?;
            match end {
                End::With(commit) => Ok(commit),
                End::Error => Err(StepError::permanent("full")),
                End::Panic => panic!("a bug in a step"),
                End::Never => std::future::pending().await,
            }
        })
    });
    transactions.transact(Door { worker: w.worker, workflow_id: id("a"), limit, body }).await
}

/// Exactly once, without idempotency code.
pub async fn what_the_body_wrote_and_its_fact_commit_together(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    w.start(1, "a").await;
    let end = End::With(facts(2, "a", vec![row(0, 1)]));
    let answer = lend(&subject, &w, "k", "one", LIMIT, end).await;
    assert_eq!(answer, Ok(Transacted::Committed(CommitOutcome::Applied { rev: 0 })));
    assert_eq!(subject.get(&w.store, "k").await.as_deref(), Some("one"));
    assert_eq!(w.load("a").await.steps, [row(0, 1)]);
}

/// Findings 15 and 18: nobody holds the store for long, and what failed has left nothing.
pub async fn an_error_a_panic_and_a_long_body_roll_back(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    w.start(1, "a").await;
    let refused = Ok(Transacted::Failed(StepError::permanent("full")));
    let answer = lend(&subject, &w, "k", "error", LIMIT, End::Error).await;
    assert_eq!(answer, refused);
    for (value, end) in [("panic", End::Panic), ("never", End::Never)] {
        let limit = Duration::from_millis(50);
        let answer = lend(&subject, &w, "k", value, limit, end).await;
        let Ok(Transacted::Failed(error)) = answer else { panic!("{answer:?}") };
        assert_eq!(error.effect(), Effect::None, "{error}");
    }
    assert_eq!(subject.get(&w.store, "k").await, None);
    let end = End::With(facts(2, "a", vec![row(0, 1)]));
    let after = lend(&subject, &w, "k", "after", LIMIT, end).await;
    assert_eq!(after, Ok(Transacted::Committed(CommitOutcome::Applied { rev: 0 })));
}

/// Finding 17: the answer of the first attempt was lost, the second one finds its fact and takes itself back.
pub async fn a_known_fact_rolls_the_second_attempt_back(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    w.start(1, "a").await;
    let end = End::With(facts(2, "a", vec![row(0, 1)]));
    let first = lend(&subject, &w, "k", "first", LIMIT, end).await;
    first.unwrap();
    let again = StepRow { output: Some(json("2")), ..row(0, 1) };
    let end = End::With(facts(3, "a", vec![again]));
    let second = lend(&subject, &w, "k", "second", LIMIT, end).await;
    let refused = CommitOutcome::Refused { rev: 0, status: Status::Running, owned: true };
    assert_eq!(second, Ok(Transacted::Committed(refused)));
    assert_eq!(subject.get(&w.store, "k").await.as_deref(), Some("first"));
    assert_eq!(w.load("a").await.steps, [row(0, 1)]);
}

/// A decision may come too late for a signal; the effect has happened all the same.
pub async fn a_refused_decision_keeps_fact_and_data(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    let stale = w.start(1, "a").await;
    w.store.send("default", &id("a"), SignalKind::Cancel, "alice").await.unwrap();
    let commit = Commit { facts: vec![row(0, 1)], ..decide(2, &stale, to(Status::Completed)) };
    let answer = lend(&subject, &w, "k", "one", LIMIT, End::With(commit)).await;
    let refused = CommitOutcome::Refused { rev: 1, status: Status::Running, owned: true };
    assert_eq!(answer, Ok(Transacted::Committed(refused)));
    assert_eq!(subject.get(&w.store, "k").await.as_deref(), Some("one"));
    assert_eq!(w.load("a").await.steps, [row(0, 1)]);
}

/// Finding 15: the fence is asked at the door, after the body.
pub async fn a_fenced_worker_gets_nothing_through_the_door(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    w.start(1, "a").await;
    w.store.leave(w.worker).await.unwrap();
    let end = End::With(facts(2, "a", vec![row(0, 1)]));
    let answer = lend(&subject, &w, "k", "zombie", LIMIT, end).await;
    assert_eq!(answer, Err(StoreError::Fenced));
    assert_eq!(subject.get(&w.store, "k").await, None);
    assert_eq!(w.load("a").await.steps, []);
}

/// Finding 15: also if it is fenced while its body runs, by a store on which that is possible.
pub async fn a_worker_fenced_during_its_body_gets_nothing_through_the_door(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    w.start(1, "a").await;
    let (leaves, worker, puts) = (w.store.clone(), w.worker, subject.clone());
    let (said, heard) = tokio::sync::oneshot::channel();
    let body: DoorBody = Box::new(move |tx| {
        Box::pin(async move {
            puts.put(tx, "k", "zombie").await?;
            #[allow(clippy::disallowed_methods, reason = "it may have to wait for the body's end")]
            let mut leaving = tokio::spawn(async move { leaves.leave(worker).await });
            #[allow(clippy::disallowed_methods, reason = "long enough to get through, if it can")]
            let left = tokio::time::timeout(Duration::from_millis(300), &mut leaving).await.is_ok();
            let _ = said.send((left, leaving));
            Ok(facts(2, "a", vec![row(0, 1)]))
        })
    });
    let door = Door { worker, workflow_id: id("a"), limit: LIMIT, body };
    let answer = w.store.transactions().unwrap().transact(door).await;
    let (left, leaving) = heard.await.unwrap();
    if left {
        assert_eq!(answer, Err(StoreError::Fenced));
    } else {
        leaving.await.unwrap().unwrap();
        assert_eq!(answer, Ok(Transacted::Committed(CommitOutcome::Applied { rev: 0 })));
    }
    let (data, steps) = (subject.get(&w.store, "k").await, w.load("a").await.steps.len());
    assert_eq!((data.is_some(), steps), (!left, usize::from(!left)));
    assert_eq!(w.store.beat(worker).await, Err(StoreError::Fenced));
}

/// Whoever does not own the workflow any more has run the step for nothing.
pub async fn what_is_refused_as_a_whole_takes_its_data_back(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    w.write(release(2, &w.start(1, "a").await, None)).await;
    let end = End::With(facts(3, "a", vec![row(0, 1)]));
    let answer = lend(&subject, &w, "k", "stranger", LIMIT, end).await;
    let refused = CommitOutcome::Refused { rev: 1, status: Status::Waiting, owned: false };
    assert_eq!(answer, Ok(Transacted::Committed(refused)));
    assert_eq!(subject.get(&w.store, "k").await, None);
    assert_eq!(w.load("a").await.steps, []);
}

/// The outbox: a workflow started in a transaction exists if, and only if, its data does.
pub async fn a_start_inside_lives_and_dies_with_the_transaction(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    w.start(1, "a").await;
    for (n, keep) in [(10, false), (20, true)] {
        let store = w.store.clone();
        let worker = w.worker;
        let body: DoorBody = Box::new(move |tx| {
            Box::pin(async move {
                let transactions = store.transactions().unwrap();
                let child = Header { idempotency_key: Some("child".into()), ..header("child", None) };
                let start = create(n, child.clone());
                let outcome = transactions.commit_in(tx, start).await.unwrap();
                assert_eq!(outcome, CommitOutcome::Applied { rev: 0 });
                let twin = Header { workflow_id: id("twin"), ..child };
                let outcome = transactions.commit_in(tx, create(n + 1, twin)).await.unwrap();
                assert_eq!(outcome, CommitOutcome::Exists { workflow_id: id("child"), same_input: true });
                if keep { Ok(facts(n + 2, "a", vec![row(0, 1)])) } else { Err(StepError::permanent("no")) }
            })
        });
        let door = Door { worker, workflow_id: id("a"), limit: LIMIT, body };
        let transactions = w.store.transactions().unwrap();
        transactions.transact(door).await.unwrap();
        assert_eq!(w.store.load(&id("child")).await.unwrap().is_some(), keep);
    }
    assert_eq!(names(&w.claim(9, 9).await), ["child"]);
    assert_eq!(w.statistics().await.total(), 2);
}
