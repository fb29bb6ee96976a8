//! The first commit of a workflow.

use std::sync::Arc;

use super::Subject;
use super::kit::*;
use crate::id::{CommitId, WorkerId};
use crate::store::*;

fn full(name: &str, worker: Option<WorkerId>) -> Header {
    Header {
        initiator_id: Some("alice".into()),
        idempotency_key: Some("order-1".into()),
        total_steps: 7,
        input: json(r#"{"big":18446744073709551615,"f":1.5,"text":"ü\u0001\""}"#),
        exclusion: vec!["onu:1".into(), "mac:2".into()],
        search_keys: vec!["a@example.com".into()],
        priority: -3,
        deadline_at: Some(at(60)),
        max_retries: 9,
        state: HeaderState {
            context: Some(json(r#"{"now":"2025-10-15T12:00:00Z"}"#)),
            leaves_intents: true,
            current_step: Some("flight".into()),
            current_system: Some("airline".into()),
            ..header(name, worker).state
        },
        ..header(name, worker)
    }
}

/// Finding 1: what was evaluated at the start travels with it, byte for byte.
pub async fn a_start_is_loaded_back_in_every_field(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    let wanted = full("a", Some(w.worker));
    assert_eq!(w.write(create(1, wanted.clone())).await, CommitOutcome::Applied { rev: 0 });
    assert_eq!(w.load("a").await, Loaded { header: wanted, steps: vec![] });
    assert_eq!(w.store.load(&id("b")).await, Ok(None));
}

/// Finding 9: the copy of a start is recognised, also after the workflow has moved on.
pub async fn a_start_sent_twice_is_one_workflow(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    let start = create(1, full("a", Some(w.worker)));
    assert_eq!(w.write(start.clone()).await, CommitOutcome::Applied { rev: 0 });
    assert_eq!(w.write(start.clone()).await, CommitOutcome::Applied { rev: 0 });
    let moved = w.write(decide(2, &w.header("a").await, to(Status::RollingBack))).await;
    assert_eq!(moved, CommitOutcome::Applied { rev: 1 });
    assert_eq!(w.write(start).await, CommitOutcome::Applied { rev: 0 });
    assert_eq!(w.header("a").await.state.status, Status::RollingBack);
    assert_eq!(w.statistics().await.total(), 1);
}

/// Guarantee 12.
pub async fn the_same_key_and_input_is_the_same_workflow(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    w.write(create(1, full("a", Some(w.worker)))).await;
    let again = w.write(create(2, full("b", Some(w.worker)))).await;
    assert_eq!(again, CommitOutcome::Exists { workflow_id: id("a"), same_input: true });
    assert_eq!(w.store.load(&id("b")).await, Ok(None));
}

/// Finding 28: inputs are compared by their hash.
pub async fn the_same_key_and_another_input_is_a_conflict(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    w.write(create(1, full("a", Some(w.worker)))).await;
    let other = Header { input_hash: "another".into(), ..full("b", Some(w.worker)) };
    let outcome = w.write(create(2, other)).await;
    assert_eq!(outcome, CommitOutcome::Exists { workflow_id: id("a"), same_input: false });
}

/// A collision of ids is no resend: it has another commit's id.
pub async fn a_callers_own_id_is_judged_like_a_key(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    w.start(1, "a").await;
    let same = w.write(create(2, header("a", Some(w.worker)))).await;
    assert_eq!(same, CommitOutcome::Exists { workflow_id: id("a"), same_input: true });
    let other = Header { input_hash: "another".into(), ..header("a", Some(w.worker)) };
    let outcome = w.write(create(3, other)).await;
    assert_eq!(outcome, CommitOutcome::Exists { workflow_id: id("a"), same_input: false });
    let foreign = Header { tenant_id: "other".into(), ..header("a", Some(w.worker)) };
    let outcome = w.write(create(4, foreign)).await;
    let taken = CommitOutcome::Exists { workflow_id: id("a"), same_input: false };
    assert_eq!(outcome, taken, "another tenant's workflow is no answer to this one's start");
}

/// Finding 28: keys, exclusion and counts belong to a tenant.
pub async fn one_key_in_two_tenants_is_two_workflows(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    w.write(create(1, full("a", Some(w.worker)))).await;
    let other = Header { tenant_id: "other".into(), ..full("b", Some(w.worker)) };
    assert_eq!(w.write(create(2, other)).await, CommitOutcome::Applied { rev: 0 });
    let keyless = [header("c", Some(w.worker)), header("d", Some(w.worker))];
    for (commit, header) in (3..).zip(keyless) {
        assert_eq!(w.write(create(commit, header)).await, CommitOutcome::Applied { rev: 0 });
    }
}

/// Finding 10: a refused start keeps none of its keys.
pub async fn an_excluded_start_names_the_holder_and_keeps_no_key(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    let with = |name: &str, keys: &[&str]| Header {
        exclusion: keys.iter().map(|k| (*k).to_owned()).collect(),
        ..header(name, Some(w.worker))
    };
    let keyed = |header| Header { idempotency_key: Some("order-1".into()), ..header };
    w.write(create(1, with("a", &["y"]))).await;
    let refused = w.write(create(2, keyed(with("b", &["x", "y", "z"])))).await;
    assert_eq!(refused, CommitOutcome::Excluded { key: "y".into(), holder: id("a") });
    assert_eq!(w.store.load(&id("b")).await, Ok(None));
    // Neither its id, for somebody who has no key, nor its key for another id.
    assert_eq!(w.write(create(4, with("b", &[]))).await, CommitOutcome::Applied { rev: 0 });
    assert_eq!(w.write(create(5, keyed(with("d", &[])))).await, CommitOutcome::Applied { rev: 0 });
    assert_eq!(w.write(create(3, with("c", &["x", "z"]))).await, CommitOutcome::Applied { rev: 0 });
    assert_eq!(w.statistics().await.total(), 4);
}

/// The key is looked at before exclusion.
pub async fn a_replay_does_not_meet_its_own_exclusion(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    w.write(create(1, full("a", Some(w.worker)))).await;
    let replay = w.write(create(2, full("b", None))).await;
    assert_eq!(replay, CommitOutcome::Exists { workflow_id: id("a"), same_input: true });
}

/// A process without a worker may start; a late copy of its start changes nothing.
pub async fn a_start_without_a_worker_can_be_claimed(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    let start = create(1, header("a", None));
    assert_eq!(w.write_as(None, start.clone()).await, CommitOutcome::Applied { rev: 0 });
    assert_eq!(w.write_as(None, start.clone()).await, CommitOutcome::Applied { rev: 0 });
    let claimed = w.claim(0, 10).await;
    assert_eq!(names(&claimed), ["a"]);
    assert_eq!(claimed[0].header.worker, Some(w.worker));
    assert_eq!(w.write_as(None, start).await, CommitOutcome::Applied { rev: 0 });
}

/// Finding 8: what is created in a commit can be changed in it.
pub async fn create_and_finish_fit_into_one_commit(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    let header = header("a", Some(w.worker));
    let mut commit = create(1, header.clone());
    commit.facts = vec![row(0, 1), row(1, 1)];
    commit.decision = decide(1, &header, to(Status::Completed)).decision;
    commit.audit = vec![audit(1, "refused")];
    assert_eq!(w.write(commit.clone()).await, CommitOutcome::Applied { rev: 1 });
    assert_eq!(w.write(commit).await, CommitOutcome::Applied { rev: 1 });
    let loaded = w.load("a").await;
    assert_eq!((loaded.header.state.status, loaded.header.worker), (Status::Completed, None));
    assert_eq!(loaded.header.last_commit, Some(CommitId(1)));
    assert_eq!(loaded.steps.len(), 2);
    assert_eq!(w.store.history(&id("a"), TrailPart::ALL).await.unwrap().events.len(), 1);
    assert_eq!(w.statistics().await.by_status(Status::Completed), 1);
    assert_eq!(w.statistics().await.total(), 1);
}

/// Finding 33: a batch is as long as what waited; its answers come in order.
pub async fn a_batch_of_a_thousand_starts_lands_in_order(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    w.start(1, "n7").await;
    let starts = (0..1000).map(|n| create(10 + n, header(&format!("n{n}"), Some(w.worker)))).collect();
    let outcomes = w.store.commit(Some(w.worker), starts).await.unwrap();
    assert_eq!(outcomes.len(), 1000);
    for (n, outcome) in outcomes.into_iter().enumerate() {
        let wanted = match n {
            7 => CommitOutcome::Exists { workflow_id: id("n7"), same_input: true },
            _ => CommitOutcome::Applied { rev: 0 },
        };
        assert_eq!(outcome, wanted, "{n}");
    }
    assert_eq!(w.statistics().await.by_status(Status::Running), 1000);
}
