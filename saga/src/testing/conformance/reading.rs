//! Lists, counts and plans.

use std::sync::Arc;

use super::Subject;
use super::kit::*;
use crate::store::*;

fn all() -> Listing {
    Listing { tenant: "default".into(), limit: 100, ..Listing::default() }
}

async fn list(w: &World, listing: Listing) -> (Vec<String>, u64) {
    let page = w.store.list(listing).await.unwrap();
    (page.headers.iter().map(|h| h.workflow_id.to_string()).collect(), page.total)
}

/// Ties in time are ordered too, or a page would show one twice.
pub async fn lists_are_newest_first_and_paged(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    for (n, (name, second)) in [("a", 1), ("c", 2), ("b", 2), ("d", 3), ("e", 0)].into_iter().enumerate() {
        let header = Header { created_at: at(second), ..header(name, None) };
        w.write_as(None, create(n as i64, header)).await;
    }
    let order = ["d", "c", "b", "a", "e"].map(str::to_owned);
    assert_eq!(list(&w, all()).await, (order.to_vec(), 5));
    assert_eq!(list(&w, Listing { offset: 1, limit: 2, ..all() }).await, (order[1..3].to_vec(), 5));
    let after = Some((at(2), id("c")));
    assert_eq!(list(&w, Listing { after, limit: 2, ..all() }).await, (order[2..4].to_vec(), 5));
    assert_eq!(list(&w, Listing { offset: 9, ..all() }).await, (vec![], 5));
    let page = w.store.list(Listing { limit: 1, ..all() }).await.unwrap();
    assert_eq!(page.headers, [w.header("d").await]);
    let (mut after, mut read) = (None, vec![]);
    // A page more than there are, since the last one may say that there may be another.
    for _ in 0..4 {
        let page = w.store.list(Listing { after, limit: 2, ..all() }).await.unwrap();
        read.extend(page.headers.iter().map(|h| h.workflow_id.to_string()));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!((read, after), (order.to_vec(), None), "each page tells where the next one begins");
}

/// Each filter alone, and two together.
pub async fn lists_filter(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    let mut a = Header { search_keys: vec!["x@y".into(), "mac".into()], ..header("a", None) };
    a.state.current_step = Some("flight".into());
    a.state.current_system = Some("airline".into());
    let b = Header { definition: definition("voyage", 1), created_at: at(5), ..header("b", None) };
    let c = Header { tenant_id: "other".into(), ..header("c", None) };
    for (n, header) in [a, b, c].into_iter().enumerate() {
        w.write_as(None, create(n as i64, header)).await;
    }
    w.write(decide(9, &w.start(8, "d").await, to(Status::Failed))).await;
    let cases = [
        (Listing { tenant: "other".into(), ..all() }, vec!["c"]),
        (Listing { status: Some(Status::Failed), ..all() }, vec!["d"]),
        (Listing { status: Some(Status::Completed), ..all() }, vec![]),
        (Listing { workflow_type: Some("voyage".into()), ..all() }, vec!["b"]),
        (Listing { created_after: Some(at(5)), ..all() }, vec!["b"]),
        (Listing { created_before: Some(at(5)), ..all() }, vec!["d", "a"]),
        (Listing { search_key: Some("mac".into()), ..all() }, vec!["a"]),
        (Listing { search_key: Some("m".into()), ..all() }, vec![]),
        (Listing { step: Some("flight".into()), ..all() }, vec!["a"]),
        (Listing { target_system: Some("airline".into()), ..all() }, vec!["a"]),
        (Listing { target_system: Some("airline".into()), status: Some(Status::Failed), ..all() }, vec![]),
    ];
    for (listing, wanted) in cases {
        let wanted = wanted.into_iter().map(str::to_owned).collect::<Vec<_>>();
        let total = wanted.len() as u64;
        assert_eq!(list(&w, listing.clone()).await, (wanted, total), "{listing:?}");
    }
}

/// A trail may be long: nobody has to read all of it at once.
pub async fn audit_trails_are_read_in_parts(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    let trail = (1..=7_u32).map(|n| audit(u64::from(n), &format!("{n}"))).collect::<Vec<_>>();
    for (n, name) in ["a", "b", "a", "b", "a"].into_iter().enumerate() {
        if n < 2 {
            w.start(n as i64, name).await;
        }
        // Of two workflows in turn, so that the places of one are not beside each other.
        let part = trail.get(n..=n + 2).unwrap().to_vec();
        w.write(Commit { audit: part, ..facts(10 + n as i64, name, vec![]) }).await;
    }
    let read = async |part| w.store.history(&id("a"), part).await.unwrap();
    let all = read(TrailPart::ALL).await;
    assert_eq!((all.events.len(), all.total, all.next), (9, 9, None));
    let (mut after, mut read_in_parts, mut parts) = (None, vec![], 0);
    while parts == 0 || after.is_some() {
        let part = read(TrailPart { after, offset: 0, limit: 4 }).await;
        assert_eq!(part.total, 9);
        read_in_parts.extend(part.events);
        (after, parts) = (part.next, parts + 1);
    }
    assert_eq!((read_in_parts, parts), (all.events.clone(), 3));
    let passed = read(TrailPart { after: None, offset: 7, limit: 2 }).await;
    assert_eq!((passed.events.as_slice(), passed.next), (&all.events[7..], None));
    let beyond = read(TrailPart { after: Some(u64::MAX), offset: usize::MAX, limit: usize::MAX }).await;
    assert_eq!((beyond.events, beyond.total, beyond.next), (vec![], 9, None));
    assert_eq!(w.store.history(&id("nobody"), TrailPart::ALL).await.unwrap(), Trail::default());
}

/// Findings 24 and 30: live, ended and live again leaves no trace in the counts; times add up.
pub async fn statistics_count_every_change_once(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    let a = w.start(1, "a").await;
    let b = w.start(2, "b").await;
    w.write_as(None, create(3, header("c", None))).await;
    w.write(decide(4, &a, |s| {
        s.status = Status::Completed;
        s.completed_at = Some(at(3));
    }))
    .await;
    let mut owing = decide(5, &b, |s| {
        s.status = Status::Failed;
        s.rolled_back_once = true;
    });
    owing.facts = vec![
        StepRow { debt: Some(Debt::Open), ..row(0, 1) },
        StepRow { debt: Some(Debt::Open), ..row(1, 1) },
    ];
    w.write(owing).await;
    let now = w.statistics().await;
    assert_eq!((now.total(), now.by_status(Status::Pending), now.by_status(Status::Running)), (3, 1, 0));
    assert_eq!((now.completed_seconds, now.entered_rollback, now.open_debts), (3.0, 1, 2));
    assert_eq!(now.workflows.get(&("trip".into(), Status::Completed)), Some(&1));
    let settled = StepRow { debt: Some(Debt::Settled), ..row(0, 2) };
    let live = Commit { facts: vec![settled], ..decide(6, &w.header("b").await, to(Status::RollingBack)) };
    w.write_as(None, live).await;
    let now = w.statistics().await;
    assert_eq!((now.by_status(Status::Failed), now.by_status(Status::RollingBack)), (0, 1));
    assert_eq!((now.open_debts, now.entered_rollback, now.total()), (1, 1, 3));
}

/// What one tenant does is not in another one's counts.
pub async fn statistics_are_per_tenant(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    w.start(1, "a").await;
    let other = Header { tenant_id: "other".into(), ..header("b", Some(w.worker)) };
    w.write(create(2, other)).await;
    assert_eq!(w.statistics().await.total(), 1);
    assert_eq!(w.store.statistics("other").await.unwrap().total(), 1);
    assert_eq!(w.store.statistics("nobody").await.unwrap(), Statistics::default());
}

/// To be able to say how a plan differs from the one a workflow was started with.
pub async fn plans_are_kept(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    let known = definition("trip", 1);
    let wanted = Some(format!("the plan of {known}"));
    assert_eq!(w.store.plan(&known).await, Ok(wanted.clone()));
    World::of(w.store.clone()).await;
    assert_eq!(w.store.plan(&known).await, Ok(wanted.clone()));
    w.store.join(Join { definitions: vec![], plans: vec![], ..join() }).await.unwrap();
    assert_eq!(w.store.plan(&known).await, Ok(wanted), "also when a worker came that knows nothing of it");
    assert_eq!(w.store.plan(&definition("trip", 2)).await, Ok(None));
    // Another text of the same plan, with which a later worker comes.
    let plans = vec![(known.clone(), "said otherwise".to_owned())];
    w.store.join(Join { plans, ..join() }).await.unwrap();
    assert_eq!(w.store.plan(&known).await, Ok(Some("said otherwise".to_owned())));
}
