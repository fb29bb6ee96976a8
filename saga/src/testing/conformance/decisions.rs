//! Header writes: compare-and-set.

use std::sync::Arc;

use super::Subject;
use super::kit::*;
use crate::id::CommitId;
use crate::store::*;

/// Finding 4: what was decided is there for the next owner.
pub async fn a_decision_is_loaded_back_in_every_field(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    let before = w.start(1, "a").await;
    let state = HeaderState {
        status: Status::Failed,
        failure_reason: Some(FailureReason::Debts),
        run: 2,
        context: Some(json(r#"{"n":1}"#)),
        output: Some(json("[]")),
        error_message: Some("Step 1 (book_flight) failed: full".into()),
        compensation_error: Some("it stays booked".into()),
        retry_count: 1,
        rolled_back_once: true,
        turned_back: true,
        leaves_intents: true,
        current_step: Some("flight".into()),
        current_system: Some("airline".into()),
        wake_at: Some(at(9)),
        started_at: Some(at(1)),
        completed_at: Some(at(2)),
        failed_at: Some(at(3)),
    };
    let commit = decide(2, &before, |s| *s = state.clone());
    assert_eq!(w.write(commit).await, CommitOutcome::Applied { rev: 1 });
    let wanted =
        Header { rev: 1, last_commit: Some(CommitId(2)), worker: None, updated_at: at(3), state, ..before };
    assert_eq!(w.header("a").await, wanted);
    // It is written as a whole: what the next one leaves out is gone.
    let bare = HeaderState { rolled_back_once: true, ..header("a", None).state };
    let commit = decide(3, &wanted, |s| *s = bare.clone());
    assert_eq!(w.write_as(None, commit).await, CommitOutcome::Applied { rev: 2 });
    assert_eq!(w.header("a").await.state, bare);
}

/// Finding 31: seven statuses, and why a person is needed.
pub async fn every_status_and_reason_can_be_kept(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    let mut last = w.start(1, "a").await;
    let reasons = FailureReason::ALL.iter().copied().map(Some).chain([None]);
    for (commit, (status, reason)) in (2..).zip(Status::ALL.iter().copied().cycle().zip(reasons)) {
        let mut commit = decide(commit, &last, |s| {
            s.status = status;
            s.failure_reason = reason;
        });
        commit.decision.iter_mut().for_each(|d| d.release = false);
        assert_eq!(w.write(commit).await, CommitOutcome::Applied { rev: last.rev + 1 });
        last = w.header("a").await;
        assert_eq!((last.state.status, last.state.failure_reason), (status, reason));
        assert_eq!(w.statistics().await.by_status(status), 1);
    }
}

/// A refused decision is no error: it tells how things are.
pub async fn a_stale_decision_is_refused_and_says_what_is(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    let first = w.start(1, "a").await;
    w.write(decide(2, &first, to(Status::RollingBack))).await;
    let refused = CommitOutcome::Refused { rev: 1, status: Status::RollingBack, owned: true };
    assert_eq!(w.write(decide(3, &first, to(Status::Completed))).await, refused);
    let mut other_status = w.header("a").await;
    other_status.state.status = Status::Running;
    assert_eq!(w.write(decide(4, &other_status, to(Status::Completed))).await, refused);
    assert_eq!(w.header("a").await.state.status, Status::RollingBack);
}

/// Finding 9: the copy of a decision is recognised by its commit's id.
pub async fn a_decision_sent_twice_is_taken_once(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    let first = w.start(1, "a").await;
    let mut commit = decide(2, &first, |s| {
        s.status = Status::RollingBack;
        s.rolled_back_once = true;
    });
    commit.facts = vec![row(0, 1)];
    for _ in 0..3 {
        assert_eq!(w.write(commit.clone()).await, CommitOutcome::Applied { rev: 1 });
    }
    let statistics = w.statistics().await;
    assert_eq!((statistics.total(), statistics.entered_rollback), (1, 1));
    assert_eq!(statistics.by_status(Status::RollingBack), 1);
}

/// Finding 9: also when the writer has let go of it.
pub async fn a_released_workflow_recognises_its_release(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    let first = w.start(1, "a").await;
    let commit = release(2, &first, Some(at(60)));
    for _ in 0..2 {
        assert_eq!(w.write(commit.clone()).await, CommitOutcome::Applied { rev: 1 });
    }
    let late = w.write(decide(3, &w.header("a").await, to(Status::Completed))).await;
    assert_eq!(late, CommitOutcome::Refused { rev: 1, status: Status::Waiting, owned: false });
}

/// An operator's decision does not overtake an owner's.
pub async fn operators_decide_only_on_what_nobody_owns(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    let owned = w.start(1, "a").await;
    let refused = w.write_as(None, decide(2, &owned, to(Status::Failed))).await;
    assert_eq!(refused, CommitOutcome::Refused { rev: 0, status: Status::Running, owned: false });
    w.write(decide(3, &owned, to(Status::Failed))).await;
    let parked = w.header("a").await;
    let retry = decide(4, &parked, |s| {
        s.status = Status::Pending;
        s.wake_at = Some(at(1));
    });
    assert_eq!(w.write_as(None, retry).await, CommitOutcome::Applied { rev: 2 });
    assert_eq!(names(&w.claim(1, 1).await), ["a"]);
}

/// Finding 11: the keys of a stopped workflow are its own until nothing is owed any more.
pub async fn exclusion_is_kept_by_failed_and_freed_by_an_end(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    let keyed = |name: &str| Header { exclusion: vec!["onu".into()], ..header(name, Some(w.worker)) };
    let mut number = 0;
    for (n, end) in [Status::Completed, Status::RolledBack].into_iter().enumerate() {
        let name = format!("w{n}");
        let rival = format!("rival{n}");
        let held = CommitOutcome::Excluded { key: "onu".into(), holder: id(&name) };
        number += 10;
        assert_eq!(w.write(create(number, keyed(&name))).await, CommitOutcome::Applied { rev: 0 });
        w.write(decide(number + 1, &w.header(&name).await, to(Status::Failed))).await;
        assert_eq!(w.write(create(number + 2, keyed(&rival))).await, held);
        w.write_as(None, decide(number + 3, &w.header(&name).await, to(end))).await;
        let free = w.write(create(number + 4, keyed(&rival))).await;
        assert_eq!(free, CommitOutcome::Applied { rev: 0 });
        w.write(decide(number + 5, &w.header(&rival).await, to(Status::Completed))).await;
    }
}

/// Finding 30: a retry of a rolled back workflow is a start in this respect.
pub async fn a_second_run_takes_its_exclusion_again_or_not_at_all(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    let keyed =
        |name: &str| Header { exclusion: vec!["mac".into(), "onu".into()], ..header(name, Some(w.worker)) };
    w.write(create(1, keyed("a"))).await;
    w.write(decide(2, &w.header("a").await, to(Status::RolledBack))).await;
    let single = Header { exclusion: vec!["onu".into()], ..header("b", Some(w.worker)) };
    w.write(create(3, single)).await;
    let again = async |number| {
        let mut commit = decide(number, &w.header("a").await, |s| {
            s.status = Status::Pending;
            s.run = 2;
        });
        commit.decision.iter_mut().for_each(|d| d.retake_exclusion = true);
        commit.audit = vec![audit(1, "retried")];
        w.write_as(None, commit).await
    };
    let held = CommitOutcome::Excluded { key: "onu".into(), holder: id("b") };
    assert_eq!(again(4).await, held);
    assert_eq!(w.header("a").await.state.status, Status::RolledBack);
    assert_eq!(
        w.store.history(&id("a"), TrailPart::ALL).await.unwrap().events,
        [],
        "nothing of it was written"
    );
    let mac = Header { exclusion: vec!["mac".into()], ..header("c", Some(w.worker)) };
    assert_eq!(w.write(create(5, mac)).await, CommitOutcome::Applied { rev: 0 });
    for name in ["b", "c"] {
        w.write(decide(6, &w.header(name).await, to(Status::Completed))).await;
    }
    assert_eq!(again(7).await, CommitOutcome::Applied { rev: 2 });
    let rival = w.write(create(8, keyed("d"))).await;
    assert_eq!(rival, CommitOutcome::Excluded { key: "mac".into(), holder: id("a") });
    assert_eq!(again(9).await, CommitOutcome::Applied { rev: 3 }, "its own keys are not in its way");
}

/// Finding 30: two operators, one retry.
pub async fn the_second_click_on_retry_is_refused(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    w.write(decide(2, &w.start(1, "a").await, to(Status::Failed))).await;
    let parked = w.header("a").await;
    let retry = |number| decide(number, &parked, |s| s.status = Status::Pending);
    assert_eq!(w.write_as(None, retry(3)).await, CommitOutcome::Applied { rev: 2 });
    let second = w.write_as(None, retry(4)).await;
    assert_eq!(second, CommitOutcome::Refused { rev: 2, status: Status::Pending, owned: false });
}

/// Two operators, one debt: whoever comes second did nothing, and the trail does not say that he did.
pub async fn a_refused_operator_leaves_nothing_behind(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    w.write(decide(2, &w.start(1, "a").await, to(Status::Failed))).await;
    let parked = w.header("a").await;
    let settle = |number, step| Commit {
        facts: vec![row(step, 1)],
        audit: vec![audit(number, "settled")],
        ..decide(i64::try_from(number).unwrap(), &parked, to(Status::Failed))
    };
    assert_eq!(w.write_as(None, settle(3, 0)).await, CommitOutcome::Applied { rev: 2 });
    let second = w.write_as(None, settle(4, 1)).await;
    assert_eq!(second, CommitOutcome::Refused { rev: 2, status: Status::Failed, owned: false });
    assert_eq!(w.load("a").await.steps, [row(0, 1)]);
    assert_eq!(w.store.history(&id("a"), TrailPart::ALL).await.unwrap().events, [audit(3, "settled")]);
}

/// Oldest first, with everything that was said.
pub async fn audit_is_appended_once_and_in_order(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    w.start(1, "a").await;
    w.start(2, "b").await;
    let by_hand = AuditEvent { node: None, attempt: None, actor: Some("bob".into()), ..audit(1, "ü'\"") };
    let first = Commit { audit: vec![audit(5, "1"), by_hand], ..facts(3, "a", vec![]) };
    let other = Commit { audit: vec![audit(6, "other")], ..facts(4, "b", vec![]) };
    let mut second = Commit { audit: vec![audit(4, "2")], ..decide(5, &w.header("a").await, |_| {}) };
    second.decision.iter_mut().for_each(|decision| decision.audit = vec![audit(4, "decided")]);
    for commit in [&first, &other, &second, &first, &second] {
        w.write(commit.clone()).await;
    }
    let wanted = [first.audit, second.audit, vec![audit(4, "decided")]].concat();
    assert_eq!(w.store.history(&id("a"), TrailPart::ALL).await.unwrap().events, wanted);
    assert_eq!(w.store.history(&id("nobody"), TrailPart::ALL).await.unwrap().events, []);
}
