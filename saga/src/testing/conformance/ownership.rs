//! Who may write: joining, fencing, claiming, leaving.

use std::sync::Arc;
use std::time::Duration;

use super::Subject;
use super::kit::*;
use crate::id::WorkerId;
use crate::store::*;

/// A worker beside one that has been declared dead. On a store that belongs to one process the successor fences it; on
/// a shared one the lease has to pass.
async fn successor(w: &World, known: &str) -> World {
    let next = World::of(w.store.clone()).await;
    inherit(&next, w.worker, known).await;
    next
}

/// Waits until a silent worker has lost what it owned.
pub(super) async fn inherit(next: &World, silent: WorkerId, known: &str) {
    for _ in 0..200 {
        next.store.beat(next.worker).await.unwrap();
        // Whoever looks for work finds out who is silent.
        next.claim(0, 0).await;
        if next.header(known).await.worker != Some(silent) {
            break;
        }
        pause().await;
    }
    assert_eq!(next.store.beat(silent).await, Err(StoreError::Fenced));
}

pub(super) async fn pause() {
    #[allow(clippy::disallowed_methods, reason = "a store of one's own may keep its leases in real time")]
    tokio::time::sleep(Duration::from_millis(100)).await;
}

/// Findings 5, 6 and 22: whatever its clock says, a fenced worker writes nothing any more.
pub async fn a_predecessor_is_fenced_by_the_next(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    let header = w.start(1, "a").await;
    let next = successor(&w, "a").await;
    assert_ne!(next.worker, w.worker);
    let fenced = Err(StoreError::Fenced);
    let batch = vec![facts(2, "a", vec![row(0, 1)]), create(3, super::kit::header("b", None))];
    assert_eq!(w.store.commit(Some(w.worker), batch).await, fenced);
    assert_eq!(w.store.commit(Some(w.worker), vec![decide(4, &header, to(Status::Completed))]).await, fenced);
    let purpose = Purpose::Run;
    let claim =
        Claim { purpose, definitions: vec![definition("trip", 1)], limit: 9, after: None, now: at(9) };
    assert_eq!(w.store.claim(w.worker, claim).await, Err(StoreError::Fenced));
    assert_eq!(w.store.beat(w.worker).await, Err(StoreError::Fenced));
    assert_eq!(w.load("a").await.steps, []);
    assert_eq!(w.store.load(&id("b")).await, Ok(None));
    assert!(next.store.beat(next.worker).await.is_ok());
}

/// Findings 5 and 6: a fence that is looked at before the write, and not with it, lets through what was under way. What
/// lands so has an owner who is dead, and nobody ever takes it over.
pub async fn a_start_beside_the_fence_lands_before_it_or_never(subject: Arc<dyn Subject>) {
    let store = subject.fresh().await;
    for round in 0..40 {
        let worker = World::of(store.clone()).await.worker;
        let (writer, (began, begun)) = (store.clone(), tokio::sync::oneshot::channel());
        #[allow(clippy::disallowed_methods, reason = "somebody else has to write at the same time")]
        let writing = tokio::spawn(async move {
            let (mut names, mut began) = (vec![], Some(began));
            for n in 0..10_000 {
                let name = format!("a{round}-{n}");
                let start = create(round * 10_000 + n, header(&name, Some(worker)));
                match writer.commit(Some(worker), vec![start]).await {
                    Ok(_) => names.push(name),
                    Err(refused) => return (names, refused),
                }
                began.take().map(|began| began.send(()));
                tokio::task::yield_now().await;
            }
            (names, StoreError::Unavailable("nobody fenced it".into()))
        });
        begun.await.unwrap();
        store.leave(worker).await.unwrap();
        let (names, refused) = writing.await.unwrap();
        assert_eq!(refused, StoreError::Fenced);
        for name in names {
            let owner = store.load(&id(&name)).await.unwrap().unwrap().header.worker;
            assert_eq!(owner, None, "{name} was written after the fence");
        }
    }
}

/// Also after a restart.
pub async fn an_incarnation_is_never_used_twice(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    let worker = w.worker;
    let store = subject.reopen(w.store).await;
    assert!(store.join(join()).await.unwrap().worker > worker);
}

/// Finding 18: one process, one file: the successor takes over at once.
pub async fn a_restart_waits_for_no_lease(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    w.start(1, "a").await;
    let store = subject.reopen(w.store).await;
    let registration = store.join(join()).await.unwrap();
    let next = World { store, worker: registration.worker };
    assert_eq!(names(&next.claim(0, 9).await), ["a"]);
}

/// Finding 3: what may have been under way is unknown until the new owner has said so, however many owners
/// come between.
pub async fn a_takeover_is_unclean_until_its_owner_decides(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    w.start(1, "a").await;
    let mut last = w;
    for takeovers in 1..=2 {
        last = successor(&last, "a").await;
        let claimed = last.claim(0, 9).await;
        assert_eq!(names(&claimed), ["a"]);
        assert!(claimed[0].header.unclean);
        assert_eq!(claimed[0].header.takeovers, takeovers);
        let unknown = StepRow { effect: TouchedEffect::Unknown, ..row(0, i64::from(takeovers)) };
        let unknown = StepRow { status: StepStatus::Running, ..unknown };
        last.write(facts(10 + i64::from(takeovers), "a", vec![unknown])).await;
        assert!(last.header("a").await.unclean, "a fact does not make it clean");
    }
    let header = last.header("a").await;
    last.write(decide(20, &header, |_| {})).await;
    assert!(!last.header("a").await.unclean);
    assert_eq!(last.load("a").await.steps[0].effect, TouchedEffect::Unknown);
}

/// Finding 3: whoever parks it has not got its plan, and cannot say what may have been under way.
pub async fn a_workflow_parked_for_its_definition_stays_unclean(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    w.start(1, "a").await;
    let next = World::of(subject.reopen(w.store).await).await;
    inherit(&next, w.worker, "a").await;
    let claimed = next.claim(1, 1).await;
    let parked = decide(2, &claimed[0].header, |state| {
        state.status = Status::Failed;
        state.failure_reason = Some(FailureReason::Definition);
    });
    next.write(kept(parked)).await;
    let parked = next.header("a").await;
    assert!(parked.unclean);
    let retried = decide(3, &parked, |state| {
        state.status = Status::Pending;
        state.failure_reason = None;
    });
    next.write_as(None, kept(retried)).await;
    assert!(next.header("a").await.unclean);
}

fn kept(mut commit: Commit) -> Commit {
    commit.decision.iter_mut().for_each(|decision| decision.interrupted = Interrupted::Kept);
    commit
}

/// Whoever stops it without its machine cannot say what was under way: the next owner treats it as after a death.
pub async fn a_workflow_stopped_from_outside_is_unclean(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    let mut stopped = decide(2, &w.start(1, "a").await, to(Status::Failed));
    stopped.decision.iter_mut().for_each(|decision| decision.interrupted = Interrupted::Open);
    w.write(stopped).await;
    let header = w.header("a").await;
    assert!(header.unclean && header.worker.is_none());
    // An operator cannot know better.
    w.write_as(None, decide(3, &header, to(Status::Pending))).await;
    assert!(w.header("a").await.unclean);
}

/// Findings 5 and 9: nobody else may take what it took, so it has to learn of it.
pub async fn a_claim_whose_answer_was_lost_is_told_again(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    for (n, name) in (1..).zip(["b", "a", "ended", "kept", "released"]) {
        w.write_as(None, create(n, header(name, None))).await;
    }
    assert_eq!(w.store.held(w.worker).await.unwrap(), []);
    // Its answer is lost.
    drop(w.claim(9, 9).await);
    w.start(10, "own").await;
    w.write(decide(11, &w.header("ended").await, to(Status::Completed))).await;
    w.write(release(12, &w.header("released").await, None)).await;
    let mut kept = decide(13, &w.header("kept").await, to(Status::Completed));
    kept.decision.iter_mut().for_each(|decision| decision.release = false);
    w.write(kept).await;
    let mut held = w.store.held(w.worker).await.unwrap();
    held.sort();
    assert_eq!(held, [id("a"), id("b"), id("own")]);
    w.store.leave(w.worker).await.unwrap();
    assert_eq!(w.store.held(w.worker).await, Err(StoreError::Fenced));
    let next = World::of(w.store.clone()).await;
    assert_eq!(next.store.held(next.worker).await.unwrap(), []);
}

/// Finding 13: what kills its worker again and again is found out; what gets on is innocent.
pub async fn takeovers_count_until_something_gets_done(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    w.start(1, "a").await;
    let w = successor(&w, "a").await;
    w.claim(0, 9).await;
    let w = successor(&w, "a").await;
    w.claim(0, 9).await;
    w.write(decide(2, &w.header("a").await, |_| {})).await;
    let intent = StepRow { status: StepStatus::Running, deaths: 1, ..row(0, 1) };
    w.write(facts(3, "a", vec![intent])).await;
    assert!(w.header("a").await.takeovers >= 1, "neither a decision nor an intent is progress");
    assert_eq!(w.load("a").await.steps[0].deaths, 1);
    w.write(facts(4, "a", vec![row(0, 2)])).await;
    assert_eq!(w.header("a").await.takeovers, 0);
    let w = successor(&w, "a").await;
    w.claim(0, 9).await;
    assert_eq!(w.header("a").await.takeovers, 1);
    let undone = StepRow { status: StepStatus::Compensated, ..row(0, 3) };
    w.write(Commit { facts: vec![undone], ..decide(5, &w.header("a").await, |_| {}) }).await;
    assert_eq!(w.header("a").await.takeovers, 0);
}

/// What was not released in time may have been under way.
pub async fn leaving_gives_everything_away_unclean(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    let before = w.start(1, "a").await;
    w.store.leave(w.worker).await.unwrap();
    assert_eq!(w.store.beat(w.worker).await, Err(StoreError::Fenced));
    let left = w.header("a").await;
    assert_eq!((left.worker, left.unclean, left.rev), (None, true, before.rev + 1));
    let next = World::of(w.store.clone()).await;
    let claimed = next.claim(0, 9).await;
    assert_eq!(names(&claimed), ["a"]);
    assert!(claimed[0].header.unclean && claimed[0].header.rev == left.rev + 1);
}

/// Finding 3, the other half: a release says that nothing was under way.
pub async fn a_clean_release_stays_clean(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    w.write(release(2, &w.start(1, "a").await, Some(at(1)))).await;
    w.store.leave(w.worker).await.unwrap();
    let next = World::of(w.store.clone()).await;
    let claimed = next.claim(1, 9).await;
    assert!(!claimed[0].header.unclean);
    assert_eq!((claimed[0].header.takeovers, claimed[0].header.state.wake_at), (0, None));
}

/// Finding 32: a claim asks for no more than can be run.
pub async fn claims_go_by_priority_then_age_and_stop_at_the_limit(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    for (n, (name, priority, wake)) in
        [("old", 0, 1), ("new", 0, 3), ("urgent", 5, 4), ("middle", 0, 2)].into_iter().enumerate()
    {
        let mut header = Header { priority, ..header(name, None) };
        header.state.wake_at = Some(at(wake));
        w.write_as(None, create(n as i64, header)).await;
    }
    assert_eq!(names(&w.claim(9, 2).await), ["urgent", "old"]);
    assert_eq!(names(&w.claim(9, 0).await), [""; 0]);
    assert_eq!(names(&w.claim(9, 9).await), ["middle", "new"]);
    assert_eq!(names(&w.claim(9, 9).await), [""; 0]);
}

/// Workflows of tenants, of these priorities, in the order in which they came.
async fn of_tenants(w: &World, all: &[(&str, &str, i32)]) {
    let starts = (1..).zip(all).map(|(n, (name, tenant, priority))| {
        let mut header = Header { tenant_id: (*tenant).into(), priority: *priority, ..header(name, None) };
        header.state.wake_at = Some(at(n));
        create(n as i64, header)
    });
    w.store.commit(None, starts.collect()).await.unwrap();
}

/// Who has ten thousand does not keep waiting who has one; a tenant's priorities are its own.
pub async fn tenants_take_turns_however_much_one_of_them_has(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    let many = (0..200).map(|n| format!("many{n:03}")).collect::<Vec<_>>();
    let mut all = many.iter().map(|name| (name.as_str(), "north", 9)).collect::<Vec<_>>();
    all.extend([("low", "south", -5), ("lower", "south", -6), ("only", "west", 0)]);
    of_tenants(&w, &all).await;
    assert_eq!(names(&w.claim(999, 4).await), ["many000", "low", "only", "many001"]);
    assert_eq!(names(&w.claim(999, 3).await), ["many002", "lower", "many003"]);
    // As many as there are, and a few more.
    let rest = w.claim(999, 300).await;
    assert_eq!(names(&rest), many[4..].iter().map(String::as_str).collect::<Vec<_>>());
}

/// Else whoever has room for one would give it to the first tenant again and again.
pub async fn a_turn_goes_on_after_the_tenant_that_had_the_last_one(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    let north = ["n1", "n2", "n3", "n4"].map(|name| (name, "north", 0));
    let all = [&north[..], &[("s1", "south", 0), ("w1", "west", 0), ("s2", "south", 7)]].concat();
    of_tenants(&w, &all).await;
    let mut last = None;
    let mut turns = vec![];
    for _ in 0..6 {
        let claimed = w.claim_after(last.as_deref(), 99, 1).await;
        turns.extend(names(&claimed).into_iter().map(str::to_owned));
        last = claimed.last().map(|loaded| loaded.header.tenant_id.to_string());
    }
    assert_eq!(turns, ["n1", "s2", "w1", "n2", "s1", "n3"]);
    assert_eq!(names(&w.claim_after(Some("zulu"), 99, 9).await), ["n4"]);
}

/// A timer fires when its time has come, not before; what waits for an event only is not due.
pub async fn a_claim_takes_only_what_is_due(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    w.write(release(2, &w.start(1, "timer").await, Some(at(60)))).await;
    w.write(release(4, &w.start(3, "event").await, None)).await;
    let ended = |state: &mut HeaderState| (state.status, state.wake_at) = (Status::Failed, Some(at(1)));
    w.write(decide(6, &w.start(5, "ended").await, ended)).await;
    assert_eq!(names(&w.claim(59, 9).await), [""; 0]);
    let claimed = w.claim(60, 9).await;
    assert_eq!(names(&claimed), ["timer"]);
    assert_eq!((claimed[0].header.rev, claimed[0].header.worker), (2, Some(w.worker)));
    assert_eq!(claimed[0], w.load("timer").await);
}

/// Guarantee 14.
pub async fn acknowledged_means_there_after_a_restart(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    w.start(1, "a").await;
    w.write(Commit { audit: vec![audit(1, "one")], ..facts(2, "a", vec![row(0, 1)]) }).await;
    w.store.send("default", &id("a"), SignalKind::Cancel, "alice").await.unwrap();
    let before = (w.load("a").await, w.store.history(&id("a"), TrailPart::ALL).await, w.statistics().await);
    let store = subject.reopen(w.store).await;
    let after = (
        store.load(&id("a")).await.unwrap().unwrap(),
        store.history(&id("a"), TrailPart::ALL).await,
        store.statistics("default").await.unwrap(),
    );
    assert_eq!(after, before);
}
