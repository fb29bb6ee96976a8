//! What is done about workflows by what is known of their definitions.

use std::sync::Arc;
use std::time::Duration;

use super::Subject;
use super::kit::*;
use crate::id::DefinitionId;
use crate::store::*;

/// Finding 14: an old worker does not park what a newer one knows.
pub async fn a_claim_leaves_unknown_definitions_alone(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    let newer = Header { definition: definition("trip", 2), ..header("newer", None) };
    let other = Header { definition: definition("voyage", 1), ..header("other", None) };
    w.write_as(None, create(1, newer)).await;
    w.write_as(None, create(2, other)).await;
    assert_eq!(names(&w.claim(9, 9).await), [""; 0]);
}

/// Finding 14: what nobody knows is left alone, and told.
pub async fn what_no_worker_knows_is_told_by_definition(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    let of = |name: &str, definition: DefinitionId, due: u64| {
        let mut header = Header { definition, ..header(name, None) };
        header.state.wake_at = Some(at(due));
        header
    };
    let (newer, other) = (definition("trip", 2), definition("voyage", 1));
    w.start(1, "owned").await;
    let mut ended = Header { definition: newer.clone(), ..header("ended", None) };
    (ended.state.status, ended.state.wake_at) = (Status::RolledBack, Some(at(1)));
    w.write_as(None, create(9, ended)).await;
    for (n, header) in [
        of("known", definition("trip", 1), 1),
        of("newer", newer.clone(), 3),
        of("older", newer.clone(), 2),
        of("other", other.clone(), 4),
        of("later", other.clone(), 60),
    ]
    .into_iter()
    .enumerate()
    {
        w.write_as(None, create(2 + n as i64, header)).await;
    }
    let stranded = |definition: &DefinitionId, workflows, second| Stranded {
        definition: definition.clone(),
        workflows,
        since: at(second),
        watched: Duration::ZERO,
    };
    assert_eq!(w.store.stranded(at(1)).await.unwrap(), []);
    assert_eq!(w.store.stranded(at(9)).await.unwrap(), [stranded(&newer, 2, 2), stranded(&other, 1, 4)]);
    w.store.leave(w.worker).await.unwrap();
    let all = w.store.stranded(at(9)).await.unwrap();
    assert_eq!(
        all.iter().map(|s| (s.definition.version, s.workflows)).collect::<Vec<_>>(),
        [(1, 2), (2, 2), (1, 1)]
    );
}

/// Finding 14: an old worker parks nothing that a live one knows, whatever it saw before.
pub async fn only_what_no_live_worker_knows_is_handed_out_to_be_parked(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    let voyage = definition("voyage", 1);
    w.write_as(None, create(1, Header { definition: voyage.clone(), ..header("a", None) })).await;
    let claim = Claim {
        purpose: Purpose::Park,
        definitions: vec![voyage.clone()],
        limit: 9,
        after: None,
        now: at(9),
    };
    let newer =
        Join { definitions: vec![DefinitionId { fingerprint: "beef".into(), ..voyage.clone() }], ..join() };
    let newer = w.store.join(newer).await.unwrap().worker;
    assert_eq!(w.store.stranded(at(9)).await.unwrap(), []);
    for worker in [w.worker, newer] {
        // On a store that belongs to one process the older one is dead by now.
        let none = w.store.claim(worker, claim.clone()).await;
        assert!(none == Ok(vec![]) || (worker == w.worker && none == Err(StoreError::Fenced)), "{none:?}");
    }
    w.store.leave(newer).await.unwrap();
    let w = World::of(w.store.clone()).await;
    assert_eq!(w.store.stranded(at(9)).await.unwrap().len(), 1);
    assert_eq!(names(&w.claim(9, 9).await), [""; 0]);
    assert_eq!(names(&w.store.claim(w.worker, claim.clone()).await.unwrap()), ["a"]);
    assert_eq!(w.store.stranded(at(9)).await.unwrap(), []);
}

/// Finding 61: workers that live for less long than they have patience would never give up what nobody knows.
pub async fn how_long_a_definition_was_watched_outlives_the_workers(subject: Arc<dyn Subject>) {
    let mut w = World::new(&subject).await;
    let gap = Duration::from_secs(10);
    let (voyage, newer) = (definition("voyage", 1), definition("voyage", 2));
    let of = |name: &str, d: &DefinitionId| Header { definition: d.clone(), ..header(name, None) };
    let seconds = |found: Vec<Stranded>| {
        found.iter().map(|s| (s.definition.version, s.watched.as_secs())).collect::<Vec<_>>()
    };
    assert_eq!(w.store.watch(at(100), gap).await.unwrap(), []);
    w.write_as(None, create(1, of("a", &voyage))).await;
    assert_eq!(seconds(w.store.watch(at(100), gap).await.unwrap()), [(1, 0)], "the first look");
    assert_eq!(seconds(w.store.watch(at(107), gap).await.unwrap()), [(1, 7)]);
    assert_eq!(seconds(w.store.watch(at(110), gap).await.unwrap()), [(1, 10)], "whoever looks");
    assert_eq!(seconds(w.store.watch(at(109), gap).await.unwrap()), [(1, 10)], "one whose clock is behind");
    assert_eq!(seconds(w.store.stranded(at(115)).await.unwrap()), [(1, 10)], "who only asks does not watch");
    assert_eq!(seconds(w.store.watch(at(120), gap).await.unwrap()), [(1, 10)], "nobody looked for too long");
    w.write_as(None, create(2, of("b", &newer))).await;
    assert_eq!(seconds(w.store.watch(at(125), gap).await.unwrap()), [(1, 15), (2, 0)]);
    // Those who watched are gone, and so is the process, where the store belongs to one.
    w.store.leave(w.worker).await.unwrap();
    w = World::of(subject.reopen(w.store).await).await;
    assert_eq!(seconds(w.store.watch(at(130), gap).await.unwrap()), [(1, 20), (2, 5)]);
    // One that knows came, and went before anybody looked.
    let knows = DefinitionId { fingerprint: "beef".into(), ..newer };
    let known = w.store.join(Join { definitions: vec![knows], ..join() }).await.unwrap().worker;
    w.store.leave(known).await.unwrap();
    assert_eq!(seconds(w.store.watch(at(135), gap).await.unwrap()), [(1, 25), (2, 0)]);
    // Nothing is stranded for a moment.
    let w = World::of(w.store.clone()).await;
    let claim = Claim {
        purpose: Purpose::Park,
        definitions: vec![voyage.clone()],
        limit: 9,
        after: None,
        now: at(140),
    };
    assert_eq!(names(&w.store.claim(w.worker, claim).await.unwrap()), ["a"]);
    assert_eq!(seconds(w.store.watch(at(140), gap).await.unwrap()), [(2, 5)]);
    w.write_as(None, create(3, of("c", &voyage))).await;
    assert_eq!(seconds(w.store.watch(at(145), gap).await.unwrap()), [(1, 0), (2, 10)]);
}

/// Guarantee 13: it would otherwise wait for ever.
pub async fn a_known_version_with_another_plan_is_handed_out_to_be_parked(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    let changed = DefinitionId { fingerprint: "beef".into(), ..definition("trip", 1) };
    w.write_as(None, create(1, Header { definition: changed, ..header("a", None) })).await;
    assert_eq!(names(&w.claim(9, 9).await), ["a"]);
}
