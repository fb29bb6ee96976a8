//! Step rows: what an attempt did.

use std::sync::Arc;

use super::Subject;
use super::kit::*;
use crate::store::*;

/// Findings 1 to 4 and 12: arguments, carried values, intents, unknown effects, the undo that has begun and the
/// generation of the key are durable, so that a new owner knows them.
pub async fn a_fact_is_loaded_back_in_every_field(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    w.start(1, "a").await;
    let mut rows = vec![];
    for (order, status) in (0..).zip(StepStatus::ALL.iter().copied()) {
        let odd = order % 2 == 1;
        rows.push(StepRow {
            item: "3.1".into(),
            node: format!("node {order}").into(),
            target_system: odd.then(|| "airline".into()),
            status,
            effect: TouchedEffect::ALL[order as usize % 3],
            attempts: 4,
            undo_attempts: 5,
            key_generation: 6,
            deaths: 2,
            input: odd.then(|| json(r#"{"a":[1,2.5,"ü\n"]}"#)),
            output: (!odd).then(|| json("null")),
            record: odd.then(|| json(r#""before""#)),
            heartbeat: odd.then(|| json(r#"{"row":7}"#)),
            carry: Some(json(r#"{"uuid":"1-2-3"}"#)),
            debt: odd.then(|| Debt::ALL[order as usize % 3]),
            debt_note: odd.then(|| "called them".into()),
            error_message: odd.then(|| "it said: 'no' \\ \"never\"".into()),
            started_at: Some(crate::Timestamp::from_micros(NOON.as_micros() + 1)),
            completed_at: None,
            failed_at: odd.then(|| at(2)),
            ..row(order, 3)
        });
    }
    assert_eq!(w.write(facts(2, "a", rows.clone())).await, CommitOutcome::Applied { rev: 0 });
    assert_eq!(w.load("a").await.steps, rows);
}

/// Finding 8: the later write of a row wins, whichever comes last.
pub async fn a_higher_rev_replaces_and_a_lower_one_does_not(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    w.start(1, "a").await;
    let intent = StepRow { status: StepStatus::Running, output: None, ..row(0, 1) };
    w.write(facts(2, "a", vec![intent.clone()])).await;
    w.write(facts(3, "a", vec![row(0, 2)])).await;
    w.write(facts(4, "a", vec![intent])).await;
    w.write(facts(5, "a", vec![StepRow { output: None, ..row(0, 2) }])).await;
    assert_eq!(w.load("a").await.steps, [row(0, 2)]);
}

/// What was there before an effect is written once; attempts after it see their own effect.
pub async fn the_first_record_wins(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    w.start(1, "a").await;
    let recorded = |rev, record: Option<&str>| StepRow { record: record.map(json), ..row(0, rev) };
    w.write(facts(2, "a", vec![recorded(1, None)])).await;
    w.write(facts(3, "a", vec![recorded(2, Some("\"first\""))])).await;
    w.write(facts(4, "a", vec![recorded(3, Some("\"second\""))])).await;
    w.write(facts(5, "a", vec![recorded(4, None)])).await;
    assert_eq!(w.load("a").await.steps, [recorded(4, Some("\"first\""))]);
}

/// How far an attempt has come. What comes late does not hide what is newer, nobody but the owner says anything, and
/// nothing is left of it when the step is done.
pub async fn the_last_heartbeat_wins_until_the_step_is_done(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    w.start(1, "a").await;
    let beat = |rev, so_far: Option<&str>| {
        let heartbeat = so_far.map(json);
        StepRow { heartbeat, status: StepStatus::Running, output: None, completed_at: None, ..row(0, rev) }
    };
    w.write(facts(2, "a", vec![beat(1, Some("1"))])).await;
    w.write(facts(3, "a", vec![beat(3, Some(r#"{"row":3}"#))])).await;
    w.write(facts(4, "a", vec![beat(2, Some("2"))])).await;
    let stranger = w.write_as(None, facts(5, "a", vec![beat(4, Some("4"))])).await;
    assert_eq!(stranger, CommitOutcome::Refused { rev: 0, status: Status::Running, owned: false });
    assert_eq!(w.load("a").await.steps, [beat(3, Some(r#"{"row":3}"#))]);
    w.write(facts(6, "a", vec![row(0, 5)])).await;
    assert_eq!(w.load("a").await.steps, [row(0, 5)]);
}

/// Findings 29 and 30: a second run keeps the first; rows come in plan order.
pub async fn items_and_runs_are_rows_of_their_own(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    w.start(1, "a").await;
    let item = |item: &str| StepRow { item: item.into(), ..row(1, 1) };
    let second = StepRow { run: 2, ..row(0, 1) };
    let unsorted = vec![second.clone(), item("b"), row(10, 1), item(""), item("a"), row(0, 1)];
    w.write(facts(2, "a", unsorted)).await;
    assert_eq!(w.load("a").await.steps, [row(0, 1), item(""), item("a"), item("b"), row(10, 1), second]);
}

/// Finding 21: facts always land; a decision that comes too late takes nothing with it.
pub async fn facts_of_a_refused_decision_stay(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    let stale = w.start(1, "a").await;
    w.store.send("default", &id("a"), SignalKind::Cancel, "alice").await.unwrap();
    let mut commit = decide(2, &stale, to(Status::Completed));
    commit.facts = vec![row(0, 1)];
    commit.audit = vec![audit(1, "of the fact")];
    commit.decision.iter_mut().for_each(|decision| decision.audit = vec![audit(1, "of the decision")]);
    let outcome = w.write(commit).await;
    assert_eq!(outcome, CommitOutcome::Refused { rev: 1, status: Status::Running, owned: true });
    assert_eq!(w.load("a").await.steps, [row(0, 1)]);
    assert_eq!(w.store.history(&id("a"), TrailPart::ALL).await.unwrap().events, [audit(1, "of the fact")]);
}

/// Finding 9: every part of a commit may be sent again.
pub async fn facts_sent_twice_count_once(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    w.start(1, "a").await;
    let owed = StepRow { debt: Some(Debt::Open), ..row(0, 1) };
    let commit = Commit { audit: vec![audit(1, "one")], ..facts(2, "a", vec![owed, row(1, 1)]) };
    for _ in 0..3 {
        assert_eq!(w.write(commit.clone()).await, CommitOutcome::Applied { rev: 0 });
    }
    assert_eq!(w.load("a").await.steps.len(), 2);
    assert_eq!(w.store.history(&id("a"), TrailPart::ALL).await.unwrap().events, commit.audit);
    assert_eq!(w.statistics().await.open_debts, 1);
}

/// Finding 22: neither a stranger nor an operator writes beside the owner.
pub async fn facts_land_only_from_the_owner(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    w.start(1, "a").await;
    let refused = CommitOutcome::Refused { rev: 0, status: Status::Running, owned: false };
    assert_eq!(w.write_as(None, facts(2, "a", vec![row(0, 1)])).await, refused);
    w.write_as(None, create(3, header("b", None))).await;
    let refused = CommitOutcome::Refused { rev: 0, status: Status::Pending, owned: false };
    assert_eq!(w.write(facts(4, "b", vec![row(0, 1)])).await, refused);
    assert!(w.load("a").await.steps.is_empty() && w.load("b").await.steps.is_empty());
    let applied = w.write_as(None, facts(5, "b", vec![row(0, 1)])).await;
    assert_eq!(applied, CommitOutcome::Applied { rev: 0 });
}

/// Nothing can be added to what is not there.
pub async fn a_commit_without_a_workflow_is_unstorable(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    let outcome = w.write(facts(1, "nobody", vec![row(0, 1)])).await;
    let CommitOutcome::Unstorable { reason } = outcome else { panic!("{outcome:?}") };
    assert!(reason.contains("nobody"), "{reason}");
}
