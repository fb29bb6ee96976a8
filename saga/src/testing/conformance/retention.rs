//! Retention: what has ended is forgotten after a time, and nothing else is.

use std::sync::Arc;

use super::Subject;
use super::kit::*;
use crate::store::*;

/// Completed ones that nobody has written to since this second.
fn completed(second: u64) -> Removal {
    Removal { status: Status::Completed, before: at(second), leave: None, limit: 100 }
}

fn of(status: Status) -> Removal {
    Removal { status, ..completed(100) }
}

async fn remove(w: &World, removal: Removal) -> usize {
    w.store.removals().unwrap().remove(removal).await.unwrap()
}

/// A workflow that ends at this second.
async fn ended(w: &World, commit: i64, name: &str, second: u64, status: Status) {
    let header = w.start(commit, name).await;
    w.write(ends(commit + 1, &header, second, status)).await;
}

fn ends(commit: i64, header: &Header, second: u64, status: Status) -> Commit {
    decide(commit, header, |state| {
        state.status = status;
        match status {
            Status::Completed => state.completed_at = Some(at(second)),
            _ => state.failed_at = Some(at(second)),
        }
    })
}

/// Its id and its idempotency key are free again, and whoever takes them finds nothing of it.
pub async fn what_has_rested_is_gone_with_all_that_was_kept_for_it(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    let new = Header {
        idempotency_key: Some("k".into()),
        exclusion: vec!["onu".into()],
        search_keys: vec!["x@y".into(), "mac".into()],
        ..header("a", Some(w.worker))
    };
    w.write(create(1, new.clone())).await;
    w.store.send("default", &id("a"), SignalKind::Cancel, "alice").await.unwrap();
    let waits = Some(vec![Awaited { name: "online".into(), key: "e".into() }]);
    let work = Commit { audit: vec![audit(1, "one")], waits, ..facts(2, "a", vec![row(0, 1), row(1, 1)]) };
    w.write(work).await;
    w.write(ends(3, &w.header("a").await, 3, Status::Failed)).await;
    let failed = |second| Removal { before: at(second), ..of(Status::Failed) };
    assert_eq!(remove(&w, failed(3)).await, 0, "it has been written to at that very time");
    assert_eq!(remove(&w, failed(4)).await, 1);
    assert_eq!(remove(&w, failed(4)).await, 0);
    assert_eq!(w.store.load(&id("a")).await, Ok(None));
    assert_eq!(w.store.history(&id("a"), TrailPart::ALL).await, Ok(Trail::default()));
    for search_key in [None, Some("x@y".to_owned())] {
        let listing = Listing { tenant: "default".into(), search_key, limit: 9, ..Listing::default() };
        let page = w.store.list(listing).await.unwrap();
        assert_eq!((page.headers, page.total), (vec![], 0));
    }
    assert_eq!(w.store.send("default", &id("a"), SignalKind::Cancel, "alice").await, Ok(Sent::Unknown));

    let w = World::of(subject.reopen(w.store).await).await;
    let again = Header { input_hash: "another".into(), ..header("a", Some(w.worker)) };
    assert_eq!(w.write(create(1, again)).await, CommitOutcome::Applied { rev: 0 });
    let heir = Header { workflow_id: id("b"), worker: Some(w.worker), ..new };
    let inherited = w.write(create(4, heir)).await;
    assert_eq!(inherited, CommitOutcome::Applied { rev: 0 }, "its keys are free for another one");
    let event = PublishedEvent {
        tenant_id: "default".into(),
        name: "online".into(),
        key: "e".into(),
        value: json("1"),
        by: None,
        at: at(5),
        place: 0,
        kept_until: at(9),
    };
    assert!(!w.store.publish(event).await.unwrap(), "nobody waits any more");
    assert_eq!(w.load("a").await.steps, []);
    assert_eq!(w.store.history(&id("a"), TrailPart::ALL).await, Ok(Trail::default()));
    let beat = w.store.beat(w.worker).await.unwrap();
    assert_eq!((beat.signals, beat.lost), (vec![], vec![]));
}

/// A page's total is taken from the counts, so they tell of what is there.
pub async fn what_is_removed_is_not_counted_any_more(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    for (n, (name, second)) in [("a", 3), ("b", 5)].into_iter().enumerate() {
        ended(&w, n as i64 * 10, name, second, Status::Completed).await;
    }
    for (n, name) in [(30, "c"), (40, "d")] {
        let header = w.start(n, name).await;
        let undone = decide(n + 1, &header, |state| {
            state.status = Status::RolledBack;
            state.rolled_back_once = true;
            state.failed_at = Some(at(n as u64));
        });
        w.write(undone).await;
    }
    let counts = |now: &Statistics| {
        let [completed, undone] = [Status::Completed, Status::RolledBack].map(|s| now.by_status(s));
        (completed, undone, now.entered_rollback, now.completed_seconds)
    };
    assert_eq!(counts(&w.statistics().await), (2, 2, 2, 8.0));
    assert_eq!(remove(&w, completed(4)).await, 1);
    assert_eq!(counts(&w.statistics().await), (1, 2, 2, 5.0));
    assert_eq!(remove(&w, Removal { before: at(35), ..of(Status::RolledBack) }).await, 1);
    assert_eq!(counts(&w.statistics().await), (1, 1, 1, 5.0));
    let all = Listing { tenant: "default".into(), limit: 9, ..Listing::default() };
    assert_eq!(w.store.list(all).await.unwrap().total, 2);
    assert_eq!(remove(&w, of(Status::Completed)).await + remove(&w, of(Status::RolledBack)).await, 2);
    assert_eq!(w.statistics().await, Statistics::default());
}

/// What is live, owned, owing, or may have something under way that nobody has looked at.
pub async fn what_somebody_still_needs_stays(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    w.start(1, "running").await;
    w.write_as(None, create(2, header("pending", None))).await;
    let mut kept = ends(4, &w.start(3, "owned").await, 1, Status::Completed);
    kept.decision.iter_mut().for_each(|decision| decision.release = false);
    w.write(kept).await;
    let mut owing = ends(6, &w.start(5, "owing").await, 1, Status::Failed);
    let owed = StepRow { status: StepStatus::CompensationFailed, debt: Some(Debt::Open), ..row(0, 1) };
    // Of an earlier run, which is owed for no less.
    owing.decision.iter_mut().for_each(|decision| decision.state.run = 2);
    owing.facts = vec![owed.clone(), StepRow { debt: Some(Debt::Forgiven), ..row(1, 1) }];
    w.write(owing).await;
    let mut open = ends(8, &w.start(7, "unclean").await, 1, Status::Failed);
    open.decision.iter_mut().for_each(|decision| decision.interrupted = Interrupted::Open);
    w.write(open).await;
    for status in Status::ALL {
        assert_eq!(remove(&w, of(*status)).await, 0, "{status}");
    }
    assert_eq!(w.statistics().await.total(), 5);
    let paid = StepRow { debt: Some(Debt::Settled), rev: 2, ..owed };
    let settled = Commit { facts: vec![paid], ..ends(9, &w.header("owing").await, 2, Status::RolledBack) };
    w.write_as(None, settled).await;
    assert_eq!(remove(&w, of(Status::RolledBack)).await, 1);
}

/// What is left is counted, whatever the reason for which it stays.
pub async fn what_has_to_stay_counts_among_what_is_left(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    let mut owing = ends(2, &w.start(1, "owing").await, 1, Status::Failed);
    owing.facts = vec![StepRow { debt: Some(Debt::Open), ..row(0, 1) }];
    w.write(owing).await;
    for (n, name) in [(10, "a"), (20, "b")] {
        ended(&w, n, name, 2 + n as u64, Status::Failed).await;
    }
    assert_eq!(remove(&w, Removal { leave: Some(2), ..of(Status::Failed) }).await, 1);
    assert_eq!(w.store.load(&id("a")).await, Ok(None));
    assert_eq!(remove(&w, Removal { leave: Some(1), ..of(Status::Failed) }).await, 1);
    assert_eq!(w.store.load(&id("b")).await, Ok(None));
    assert_eq!(remove(&w, Removal { leave: Some(0), ..of(Status::Failed) }).await, 0);
}

/// In chunks as large as the caller likes, and never more than there are too many.
pub async fn the_longest_rested_go_first_and_so_many_stay(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    for (n, name) in ["a", "b", "c", "d", "e"].into_iter().enumerate() {
        ended(&w, n as i64 * 10, name, 3 + n as u64, Status::Completed).await;
    }
    ended(&w, 90, "failed", 1, Status::Failed).await;
    let there = async || {
        let listing = Listing { tenant: "default".into(), limit: 9, ..Listing::default() };
        let page = w.store.list(listing).await.unwrap();
        let mut names = page.headers.iter().map(|h| h.workflow_id.to_string()).collect::<Vec<_>>();
        names.sort();
        names.join(" ")
    };
    assert_eq!(remove(&w, Removal { leave: Some(5), ..completed(100) }).await, 0);
    assert_eq!(remove(&w, Removal { limit: 1, ..completed(100) }).await, 1);
    assert_eq!(there().await, "b c d e failed");
    assert_eq!(remove(&w, Removal { leave: Some(2), limit: 1, ..completed(100) }).await, 1);
    assert_eq!(remove(&w, Removal { leave: Some(2), ..completed(100) }).await, 1);
    assert_eq!(remove(&w, Removal { leave: Some(2), ..completed(100) }).await, 0);
    assert_eq!(there().await, "d e failed");
    // The newest of them has not rested for long enough.
    assert_eq!(remove(&w, Removal { leave: Some(0), ..completed(7) }).await, 1);
    assert_eq!(there().await, "e failed");
}
