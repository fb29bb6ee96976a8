//! Several live workers on one store: for stores that keep leases.

use std::sync::Arc;

use super::Subject;
use super::kit::*;
use super::ownership::{inherit, pause};
use crate::store::*;

/// Two live workers.
async fn two(subject: &Arc<dyn Subject>) -> (World, World) {
    let one = World::new(subject).await;
    let other = World::of(one.store.clone()).await;
    assert_ne!(one.worker, other.worker);
    (one, other)
}

fn now() -> std::time::Instant {
    #[allow(clippy::disallowed_methods, reason = "a store of one's own may keep its leases in real time")]
    std::time::Instant::now()
}

/// Nothing is skipped in silence: what is named is what the store has.
pub async fn capabilities_are_as_declared(subject: Arc<dyn Subject>, declared: Vec<&'static str>) {
    let store = subject.fresh().await;
    let leased = store.join(join()).await.unwrap().leased;
    let has = [
        ("one_process", !leased),
        ("leases", leased),
        ("transactions", store.transactions().is_some()),
        ("schedules", store.schedules().is_some()),
        ("triggers", store.triggers().is_some()),
        ("retention", store.removals().is_some()),
    ];
    for (capability, has) in has {
        assert_eq!(
            declared.contains(&capability),
            has,
            "`{capability}` is named, or the store has it, but not both"
        );
    }
}

/// A newcomer fences nobody who is alive.
pub async fn workers_live_side_by_side(subject: Arc<dyn Subject>) {
    let (one, other) = two(&subject).await;
    one.start(1, "a").await;
    other.start(2, "b").await;
    assert_eq!(one.write(facts(3, "a", vec![row(0, 1)])).await, CommitOutcome::Applied { rev: 0 });
    assert_eq!(other.write(facts(4, "b", vec![row(0, 1)])).await, CommitOutcome::Applied { rev: 0 });
    let refused = CommitOutcome::Refused { rev: 0, status: Status::Running, owned: false };
    assert_eq!(one.write(facts(5, "b", vec![row(0, 2)])).await, refused);
    assert_eq!(one.store.held(one.worker).await.unwrap(), [id("a")]);
    assert_eq!(other.store.held(other.worker).await.unwrap(), [id("b")]);
}

/// Listens, while somebody else acts, and looks at every hint until there is something: never before the first one.
async fn hinted<T>(w: &World, act: impl Future<Output = T>, is_there: impl AsyncFn() -> bool) {
    let looking = async {
        loop {
            w.store.hint(w.worker).await;
            if is_there().await {
                break;
            }
        }
    };
    let both = futures_util::future::join(looking, act);
    #[allow(clippy::disallowed_methods, reason = "a hint that does not come shall not be waited for")]
    tokio::time::timeout(LEASE * 15, both).await.expect("a hint");
}

/// Finding 25: work of others and mail from others are hinted at. Nobody polls here.
pub async fn workers_are_hinted_at_what_others_do(subject: Arc<dyn Subject>) {
    let one = World::new(&subject).await;
    let other = World::of(one.store.clone()).await;
    let claims = async |name: &str| names(&other.claim(9, 9).await).contains(&name);
    let has_mail = async || !other.store.beat(other.worker).await.unwrap().signals.is_empty();
    // A store that has to begin to listen says when it does: something may have been missed before.
    #[allow(clippy::disallowed_methods, reason = "one that listens always has nothing to say")]
    let _ = tokio::time::timeout(LEASE / 8, other.store.hint(other.worker)).await;

    hinted(&other, one.write_as(None, create(1, header("a", None))), async || claims("a").await).await;

    let cancelled = async || one.store.send("default", &id("a"), SignalKind::Cancel, "alice").await.unwrap();
    hinted(&other, cancelled(), has_mail).await;
    let signals = other.store.beat(other.worker).await.unwrap().signals.iter().map(|s| s.id).collect();
    other.write(Commit { signals, ..facts(2, "a", vec![]) }).await;
    assert!(!has_mail().await);

    let released = release(4, &one.start(3, "b").await, Some(NOON));
    hinted(&other, one.write(released), async || claims("b").await).await;

    let wait = Awaited { name: "onu_online".into(), key: "S1".into() };
    other.write(Commit { waits: Some(vec![wait]), ..facts(5, "b", vec![row(0, 1)]) }).await;
    let (at, kept_until) = (at(5), at(500));
    let (tenant_id, name, key) = ("default".into(), "onu_online".into(), "S1".into());
    let event = PublishedEvent { tenant_id, name, key, value: json("1"), by: None, at, kept_until, place: 0 };
    let published = async { assert!(one.store.publish(event).await.unwrap()) };
    hinted(&other, published, has_mail).await;

    one.start(6, "c").await;
    let left = async { one.store.leave(one.worker).await.unwrap() };
    hinted(&other, left, async || claims("c").await).await;
}

/// Whoever reads another one's mail acts on what it does not own.
pub async fn mail_goes_to_the_owner_alone(subject: Arc<dyn Subject>) {
    let (one, other) = two(&subject).await;
    one.start(1, "a").await;
    other.start(2, "b").await;
    one.store.send("default", &id("b"), SignalKind::Cancel, "alice").await.unwrap();
    let Beat { signals, lost, .. } = one.store.beat(one.worker).await.unwrap();
    assert_eq!((signals, lost), (vec![], vec![]));
    let mail = other.store.beat(other.worker).await.unwrap().signals;
    assert_eq!(mail.iter().map(|s| s.workflow_id.as_str()).collect::<Vec<_>>(), ["b"]);
}

/// Finding 6: whoever is quicker has it, and nobody else.
pub async fn two_claimers_never_get_one_workflow(subject: Arc<dyn Subject>) {
    let (one, other) = two(&subject).await;
    let names = (0..40).map(|n| format!("w{n:02}")).collect::<Vec<_>>();
    let starts = (1..).zip(&names).map(|(n, name)| create(n, header(name, None))).collect();
    one.store.commit(None, starts).await.unwrap();
    let mut taken = vec![];
    while taken.len() < names.len() {
        let (a, b) = futures_util::future::join(one.claim(1, 7), other.claim(1, 7)).await;
        for (world, claimed) in [(&one, a), (&other, b)] {
            assert!(claimed.iter().all(|l| l.header.worker == Some(world.worker)));
            taken.extend(claimed.into_iter().map(|l| l.header.workflow_id.to_string()));
        }
    }
    taken.sort();
    assert_eq!(taken, names);
    assert!(one.claim(1, 9).await.is_empty() && other.claim(1, 9).await.is_empty());
}

/// Guarantee 10, findings 5 and 6: what a silent worker owned goes on elsewhere, and it writes nothing any more.
pub async fn a_silent_worker_is_taken_over_within_its_lease(subject: Arc<dyn Subject>) {
    let begun = now();
    let (silent, other) = two(&subject).await;
    silent.start(1, "a").await;
    let watch = now();
    assert!(other.claim(9, 9).await.is_empty(), "a lease is kept for as long as it lasts");
    inherit(&other, silent.worker, "a").await;
    let waited = watch.elapsed();
    assert!(waited < LEASE * 2, "{waited:?}");
    let since_it_came = begun.elapsed();
    assert!(since_it_came > LEASE * 9 / 10, "its lease was not over: {since_it_came:?}");
    let claimed = other.claim(9, 9).await;
    assert_eq!(names(&claimed), ["a"]);
    assert!(claimed[0].header.unclean);
    let zombie = silent.store.commit(Some(silent.worker), vec![facts(2, "a", vec![row(0, 1)])]).await;
    assert_eq!(zombie, Err(StoreError::Fenced));
    assert_eq!(other.load("a").await.steps, []);
}

/// Who says that it lives keeps what it owns.
pub async fn a_heartbeat_keeps_a_worker_alive(subject: Arc<dyn Subject>) {
    let (one, other) = two(&subject).await;
    one.start(1, "a").await;
    let watch = now();
    while watch.elapsed() < LEASE * 3 / 2 {
        one.store.beat(one.worker).await.unwrap();
        other.store.beat(other.worker).await.unwrap();
        assert!(other.claim(9, 9).await.is_empty());
        pause().await;
    }
    assert_eq!(one.write(facts(2, "a", vec![row(0, 1)])).await, CommitOutcome::Applied { rev: 0 });
}

/// Finding 6: a dead worker that looks for work gets none, and declares nobody dead.
pub async fn a_zombie_claims_nothing_and_fences_nobody(subject: Arc<dyn Subject>) {
    let (zombie, other) = two(&subject).await;
    zombie.start(1, "a").await;
    inherit(&other, zombie.worker, "a").await;
    let watch = now();
    while watch.elapsed() < LEASE * 5 / 4 {
        let definitions = vec![definition("trip", 1)];
        let claim = Claim { purpose: Purpose::Run, definitions, limit: 9, after: None, now: at(9) };
        assert_eq!(zombie.store.claim(zombie.worker, claim).await, Err(StoreError::Fenced));
        pause().await;
    }
    assert!(other.store.beat(other.worker).await.is_ok(), "silent, but nobody alive was there to see it");
    assert_eq!(names(&other.claim(9, 9).await), ["a"]);
}

/// Findings 6 and 14: what a dead worker owned and nobody alive knows belongs to nobody, and is told.
pub async fn what_only_a_dead_worker_knew_is_told(subject: Arc<dyn Subject>) {
    let store = subject.fresh().await;
    let voyage = definition("voyage", 1);
    let known = Join { definitions: vec![voyage.clone()], ..join() };
    let newer = store.join(known).await.unwrap().worker;
    let start = Header { definition: voyage.clone(), ..header("a", Some(newer)) };
    store.commit(Some(newer), vec![create(1, start)]).await.unwrap();
    let older = World::of(store.clone()).await;
    inherit(&older, newer, "a").await;
    assert!(older.claim(9, 9).await.is_empty());
    let stranded = store.stranded(at(9)).await.unwrap();
    assert_eq!(stranded.iter().map(|s| (&s.definition, s.workflows)).collect::<Vec<_>>(), [(&voyage, 1)]);
    let known = Join { definitions: vec![voyage.clone()], ..join() };
    let newest = store.join(known).await.unwrap().worker;
    let claim = Claim { purpose: Purpose::Run, definitions: vec![voyage], limit: 9, after: None, now: at(9) };
    let claimed = store.claim(newest, claim).await.unwrap();
    assert_eq!(names(&claimed), ["a"]);
    assert!(claimed[0].header.unclean);
}

/// Finding 10: of two that start with the same exclusion keys, in whatever order, one gets them all.
pub async fn of_two_excluding_starts_one_wins(subject: Arc<dyn Subject>) {
    let (one, other) = two(&subject).await;
    for round in 0..10 {
        let start = |world: &World, side: &str, n: i64, keys: [&str; 2]| {
            let exclusion = keys.map(|key| format!("{key}{round}")).to_vec();
            let header = Header { exclusion, ..header(&format!("{side}{round}"), Some(world.worker)) };
            create(n, header)
        };
        let (a, b) = futures_util::future::join(
            one.write(start(&one, "one", 2 * round + 1, ["x", "y"])),
            other.write(start(&other, "other", 2 * round + 2, ["y", "x"])),
        )
        .await;
        let won = [&a, &b].into_iter().filter(|o| matches!(o, CommitOutcome::Applied { .. })).count();
        let excluded = [&a, &b].into_iter().filter(|o| matches!(o, CommitOutcome::Excluded { .. })).count();
        assert_eq!((won, excluded), (1, 1), "{a:?} {b:?}");
    }
    assert_eq!(one.statistics().await.total(), 10, "a refused start has kept nothing");
}

/// Guarantee 12, over two processes.
pub async fn of_two_starts_with_one_key_both_get_one_workflow(subject: Arc<dyn Subject>) {
    let (one, other) = two(&subject).await;
    for round in 0..10 {
        let start = |world: &World, side: &str, n: i64| {
            let idempotency_key = Some(format!("key{round}").into());
            create(n, Header { idempotency_key, ..header(&format!("{side}{round}"), Some(world.worker)) })
        };
        let (a, b) = futures_util::future::join(
            one.write(start(&one, "one", 2 * round + 1)),
            other.write(start(&other, "other", 2 * round + 2)),
        )
        .await;
        let won = [&a, &b].into_iter().filter(|o| matches!(o, CommitOutcome::Applied { .. })).count();
        let same =
            [&a, &b].into_iter().filter(|o| matches!(o, CommitOutcome::Exists { same_input: true, .. }));
        assert_eq!((won, same.count()), (1, 1), "{a:?} {b:?}");
    }
}
