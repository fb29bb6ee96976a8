//! Events from outside, and how long they are kept.

use std::sync::Arc;
use std::time::Duration;

use super::Subject;
use super::kit::*;
use crate::store::*;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn event(second: u64, value: &str) -> PublishedEvent {
    PublishedEvent {
        tenant_id: "default".into(),
        name: "onu_online".into(),
        key: "ALCL12345678".into(),
        value: json(value),
        by: None,
        at: at(second),
        place: 0,
        kept_until: at(second).plus(DAY),
    }
}

fn wanted(since: u64) -> Wanted {
    let PublishedEvent { tenant_id, name, key, .. } = event(0, "0");
    Wanted { tenant: tenant_id, name, key, since: at(since), after: 0 }
}

/// The event as it was published.
async fn read(w: &World, wanted: Wanted) -> Option<PublishedEvent> {
    let found = w.store.published(wanted).await.unwrap()?;
    assert!(found.place > 0, "{found:?}");
    Some(PublishedEvent { place: 0, ..found })
}

/// Who waits gets the first one since he began, with all that was said.
pub async fn the_first_event_since_then_is_read_back(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    assert_eq!(read(&w, wanted(0)).await, None);
    let first = PublishedEvent { by: Some("ü'\"".into()), ..event(5, r#"{"a":[1,null,"x"]}"#) };
    for event in [event(7, "2"), first.clone(), event(5, "3"), event(9, "4")] {
        w.store.publish(event).await.unwrap();
    }
    assert_eq!(read(&w, wanted(0)).await, Some(first.clone()));
    assert_eq!(read(&w, wanted(5)).await, Some(first));
    assert_eq!(read(&w, wanted(6)).await, Some(event(7, "2")));
    assert_eq!(read(&w, wanted(10)).await, None);
}

/// Two of one time are two: who has had the first one gets the second, and then the next later one.
pub async fn events_of_one_time_are_had_one_after_the_other(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    for event in [event(5, "1"), event(5, "2"), event(5, "3"), event(6, "4")] {
        w.store.publish(event).await.unwrap();
    }
    let (mut had, mut next) = (vec![], wanted(5));
    while had.len() < 5
        && let Some(event) = w.store.published(next.clone()).await.unwrap()
    {
        had.push(event.value.as_str().to_owned());
        next = Wanted { since: event.at, after: event.place, ..next };
    }
    assert_eq!(had, ["1", "2", "3", "4"]);
}

/// An event is for its tenant, name and key alone.
pub async fn events_do_not_reach_others(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    w.store.publish(event(1, "1")).await.unwrap();
    for other in [
        Wanted { tenant: "other".into(), ..wanted(0) },
        Wanted { name: "onu_offline".into(), ..wanted(0) },
        Wanted { key: "alcl12345678".into(), ..wanted(0) },
    ] {
        assert_eq!(read(&w, other.clone()).await, None, "{other:?}");
    }
}

/// It is there for its time, also after a restart; then it makes room.
pub async fn events_are_kept_for_their_time(subject: Arc<dyn Subject>) {
    let w = World::new(&subject).await;
    w.store.publish(event(0, "1")).await.unwrap();
    let last_second = event(DAY.as_secs() - 1, "2");
    w.store.publish(last_second.clone()).await.unwrap();
    let w = World::of(subject.reopen(w.store).await).await;
    assert_eq!(read(&w, wanted(0)).await, Some(event(0, "1")));
    w.store.publish(event(DAY.as_secs(), "3")).await.unwrap();
    assert_eq!(read(&w, wanted(0)).await, Some(last_second));
}
