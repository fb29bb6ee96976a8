//! Workflows that wait for events, and how they hear of them.

use std::sync::Arc;

use super::Subject;
use super::kit::*;
use super::ownership::inherit;
use crate::store::*;

fn waits(keys: &[&str]) -> Option<Vec<Awaited>> {
    Some(keys.iter().map(|key| Awaited { name: "onu_online".into(), key: (*key).into() }).collect())
}

fn event(key: &str) -> PublishedEvent {
    PublishedEvent {
        tenant_id: "default".into(),
        name: "onu_online".into(),
        key: key.into(),
        value: json("1"),
        by: None,
        at: at(5),
        place: 0,
        kept_until: at(500),
    }
}

async fn publish(w: &World, key: &str) -> bool {
    w.store.publish(event(key)).await.unwrap()
}

async fn told(w: &World) -> Vec<(String, SignalKind)> {
    let signals = w.store.beat(w.worker).await.unwrap().signals;
    signals.iter().map(|s| (s.workflow_id.to_string(), s.kind)).collect()
}

/// Finding 7: sender and owner meet on the header, so that nothing falls asleep over an event.
pub async fn an_event_is_told_to_those_that_wait_for_it(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    let unseen = w.start(1, "a").await;
    w.start(2, "b").await;
    w.write(Commit { waits: waits(&["S1", "S2"]), ..facts(3, "a", vec![row(0, 1)]) }).await;
    w.write(Commit { waits: waits(&["S3"]), ..facts(4, "b", vec![row(0, 1)]) }).await;
    assert!(!publish(&w, "S4").await);
    let others = PublishedEvent { tenant_id: "other".into(), ..event("S1") };
    assert!(!w.store.publish(others).await.unwrap());
    let others = PublishedEvent { name: "onu_offline".into(), ..event("S1") };
    assert!(!w.store.publish(others).await.unwrap());
    assert!(told(&w).await.is_empty());
    assert!(publish(&w, "S1").await);
    assert_eq!(told(&w).await, [("a".to_owned(), SignalKind::Event)]);
    let refused = w.write(release(5, &unseen, None)).await;
    assert_eq!(refused, CommitOutcome::Refused { rev: 1, status: Status::Running, owned: true });
}

/// What is registered replaces what was, and lasts until then, also over a restart.
pub async fn a_registration_replaces_the_one_before(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    w.start(1, "a").await;
    w.write(Commit { waits: waits(&["S1"]), ..facts(2, "a", vec![row(0, 1)]) }).await;
    w.write(Commit { waits: waits(&["S2"]), ..facts(3, "a", vec![row(0, 2)]) }).await;
    w.write(facts(4, "a", vec![row(0, 3)])).await;
    assert!(!publish(&w, "S1").await);
    let before = w.worker;
    let w = World::of(subject.reopen(w.store).await).await;
    inherit(&w, before, "a").await;
    assert!(publish(&w, "S2").await);
    w.claim(9, 9).await;
    w.write(Commit { waits: waits(&[]), ..facts(5, "a", vec![row(0, 4)]) }).await;
    assert!(!publish(&w, "S2").await);
}

/// A registration belongs to its commit: what is refused registers nothing.
pub async fn a_refused_commit_registers_nothing(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    let stale = w.start(1, "a").await;
    w.write(decide(2, &stale, to(Status::Running))).await;
    w.write(Commit { waits: waits(&["S1"]), ..decide(3, &stale, to(Status::Waiting)) }).await;
    assert!(!publish(&w, "S1").await);
    w.write(Commit { waits: waits(&["S1"]), ..decide(4, &w.header("a").await, to(Status::Running)) }).await;
    assert!(publish(&w, "S1").await);
}

/// Whoever sleeps without a worker is woken by what it waits for, and by nothing else.
pub async fn an_event_wakes_what_nobody_owns(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    let header = w.start(1, "a").await;
    w.write(Commit { waits: waits(&["S1"]), ..release(2, &header, None) }).await;
    publish(&w, "S2").await;
    assert_eq!(names(&w.claim(9, 9).await), [""; 0]);
    assert!(publish(&w, "S1").await);
    assert_eq!(names(&w.claim(9, 9).await), ["a"]);
    assert_eq!(told(&w).await, [("a".to_owned(), SignalKind::Event)]);
}

/// A workflow that has come to rest is told nothing.
pub async fn what_has_ended_waits_for_nothing(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    let header = w.start(1, "a").await;
    w.write(Commit { waits: waits(&["S1"]), ..facts(2, "a", vec![row(0, 1)]) }).await;
    w.write(decide(3, &header, to(Status::Completed))).await;
    assert!(!publish(&w, "S1").await);
    assert_eq!(w.header("a").await.rev, 1);
}
