//! The inbox, and what operators do by hand.

use std::sync::Arc;

use super::Subject;
use super::kit::*;
use crate::store::*;

async fn cancel(w: &World, name: &str) -> Sent {
    w.store.send("default", &id(name), SignalKind::Cancel, "alice").await.unwrap()
}

async fn mail(w: &World) -> Vec<Signal> {
    w.store.beat(w.worker).await.unwrap().signals
}

/// Finding 7: sender and owner meet on the header, so nothing falls asleep over its mail.
pub async fn a_signal_refuses_a_decision_that_has_not_seen_it(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    let unseen = w.start(1, "a").await;
    assert_eq!(cancel(&w, "a").await, Sent::Delivered { worker: Some(w.worker) });
    let refused = w.write(release(2, &unseen, None)).await;
    assert_eq!(refused, CommitOutcome::Refused { rev: 1, status: Status::Running, owned: true });
    let mail = mail(&w).await;
    assert_eq!((mail[0].rev, mail[0].kind, &*mail[0].by), (1, SignalKind::Cancel, "alice"));
    assert_eq!(w.write(release(3, &w.header("a").await, None)).await, CommitOutcome::Applied { rev: 2 });
}

/// Findings 7 and 9: the answer to a copy does not make the writer believe that it has seen what came after the first.
pub async fn the_answer_to_a_copy_hides_no_signal(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    let start = create(1, header("a", Some(w.worker)));
    assert_eq!(w.write(start.clone()).await, CommitOutcome::Applied { rev: 0 });
    cancel(&w, "a").await;
    assert_eq!(w.write(start).await, CommitOutcome::Applied { rev: 0 });
    let decided = decide(2, &w.header("a").await, |_| {});
    assert_eq!(w.write(decided.clone()).await, CommitOutcome::Applied { rev: 2 });
    cancel(&w, "a").await;
    assert_eq!(w.write(decided).await, CommitOutcome::Applied { rev: 2 });
    assert_eq!(w.header("a").await.rev, 3);
}

/// Mail is read as often as it takes; an answered message does not come back.
pub async fn a_signal_stays_until_a_commit_names_it(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    let stale = w.start(1, "a").await;
    w.start(2, "b").await;
    cancel(&w, "a").await;
    cancel(&w, "b").await;
    cancel(&w, "a").await;
    let first = mail(&w).await;
    assert_eq!(first.iter().map(|s| s.workflow_id.as_str()).collect::<Vec<_>>(), ["a", "b", "a"]);
    assert!(first.is_sorted_by_key(|s| s.id));
    assert_eq!(mail(&w).await, first);
    let all = first.iter().map(|s| s.id).collect::<Vec<_>>();
    let refused = Commit { signals: all.clone(), ..decide(3, &stale, to(Status::RollingBack)) };
    w.write(refused).await;
    assert_eq!(mail(&w).await.len(), 3, "a refused decision has acted on nothing");
    let header = w.header("a").await;
    w.write(Commit { signals: vec![all[0]], ..facts(4, "a", vec![]) }).await;
    assert_eq!(mail(&w).await.len(), 2);
    w.write(Commit { signals: all, ..decide(5, &header, to(Status::RollingBack)) }).await;
    let left = mail(&w).await;
    assert_eq!(left.len(), 1, "only the workflow's own");
    assert_eq!(left[0].workflow_id, id("b"));
}

/// Finding 7: whoever sleeps without a worker is woken.
pub async fn a_signal_wakes_what_nobody_owns(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    w.write(release(2, &w.start(1, "a").await, None)).await;
    assert_eq!(names(&w.claim(9, 9).await), [""; 0]);
    assert_eq!(cancel(&w, "a").await, Sent::Delivered { worker: None });
    assert!(mail(&w).await.is_empty());
    assert_eq!(names(&w.claim(9, 9).await), ["a"]);
    assert_eq!(mail(&w).await.len(), 1);
}

/// Whoever stops it has not read its mail, and nobody who takes it over has: what was wanted is wanted still.
pub async fn mail_outlives_its_reader_and_a_stop(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    w.start(1, "a").await;
    cancel(&w, "a").await;
    w.store.leave(w.worker).await.unwrap();
    let w = World::of(w.store.clone()).await;
    w.claim(9, 9).await;
    assert_eq!(mail(&w).await.len(), 1);
    w.write(decide(2, &w.header("a").await, to(Status::Failed))).await;
    assert_eq!(mail(&w).await, []);
    let retried = decide(3, &w.header("a").await, |state| {
        state.status = Status::Pending;
        state.wake_at = Some(at(9));
    });
    w.write_as(None, retried).await;
    assert_eq!(names(&w.claim(9, 9).await), ["a"]);
    assert_eq!(mail(&w).await.len(), 1);
}

/// A cancellation that comes too late says so.
pub async fn ended_and_unknown_workflows_take_no_signals(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    w.write(decide(2, &w.start(1, "a").await, to(Status::Completed))).await;
    assert_eq!(cancel(&w, "a").await, Sent::Ended(Status::Completed));
    assert_eq!(w.header("a").await.rev, 1);
    assert_eq!(cancel(&w, "nobody").await, Sent::Unknown);
    w.start(3, "b").await;
    let foreign = w.store.send("other", &id("b"), SignalKind::Cancel, "alice").await.unwrap();
    assert_eq!(foreign, Sent::Unknown);
    assert_eq!(w.header("b").await.rev, 0);
}

/// Finding 21: an operator's `UPDATE` is never overwritten, and loses no fact.
pub async fn a_manual_update_sticks_and_is_told(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    let stale = w.start(1, "a").await;
    w.start(2, "b").await;
    let Beat { signals, lost, .. } = w.store.beat(w.worker).await.unwrap();
    assert_eq!((signals, lost), (vec![], vec![]));
    subject.set_status_by_hand(&w.store, &id("a"), Status::Failed).await;
    assert_eq!(w.store.beat(w.worker).await.unwrap().lost, [id("a")]);
    let commit = Commit { facts: vec![row(0, 1)], ..decide(3, &stale, to(Status::Completed)) };
    let refused = w.write(commit).await;
    assert_eq!(refused, CommitOutcome::Refused { rev: 1, status: Status::Failed, owned: true });
    let loaded = w.load("a").await;
    assert_eq!(loaded.steps, [row(0, 1)]);
    assert_eq!(loaded.header.state.failure_reason, Some(FailureReason::Operator));
    let statistics = w.statistics().await;
    assert_eq!((statistics.by_status(Status::Failed), statistics.by_status(Status::Running)), (1, 1));
    w.write(decide(4, &w.header("a").await, to(Status::Failed))).await;
    assert_eq!(w.store.beat(w.worker).await.unwrap().lost, []);
    assert_eq!(w.header("a").await.worker, None);
}

/// Finding 21: what somebody ended by hand may have had a step under way when its worker died; whoever takes it up
/// again has to know that.
pub async fn what_was_ended_by_hand_under_a_dead_worker_is_unclean(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    w.start(1, "a").await;
    subject.set_status_by_hand(&w.store, &id("a"), Status::Failed).await;
    w.store.leave(w.worker).await.unwrap();
    let header = w.header("a").await;
    assert_eq!((header.worker, header.unclean, header.state.status), (None, true, Status::Failed));
}
