//! Schedules: kept, changed by one at a time, and found when they are due.

use std::sync::Arc;

use super::Subject;
use super::kit::*;
use crate::store::*;

fn schedule(name: &str, second: u64) -> Schedule {
    Schedule {
        tenant_id: "default".into(),
        name: name.into(),
        saga: "trip".into(),
        input: json(r#"{"a":[1,null,"ü'\""]}"#),
        exclusion: vec!["onu:1".into(), "ü'\"".into()],
        cron: "30 2 * * *".into(),
        time_zone: "Europe/Berlin".into(),
        overlap: Overlap::QueueOne,
        catch_up: 3,
        priority: -7,
        paused: false,
        next_at: Some(at(second)),
        queued_at: None,
        last_at: Some(at(1)),
        last_workflow: Some(id("wf-1")),
        created_at: NOON,
        rev: 0,
    }
}

/// Also after a restart.
pub async fn a_schedule_is_read_back_in_every_field(subject: Arc<dyn Subject>) {
    let store = subject.fresh().await;
    let schedules = store.schedules().unwrap();
    let other = Schedule { tenant_id: "other".into(), ..schedule("a", 5) };
    let bare = Schedule { queued_at: Some(at(2)), last_at: None, last_workflow: None, ..schedule("b", 5) };
    for schedule in [bare.clone(), schedule("a", 5), other] {
        assert!(schedules.put_schedule(schedule).await.unwrap());
    }
    let store = subject.reopen(store.clone()).await;
    let listed = store.schedules().unwrap().list_schedules("default").await.unwrap();
    assert_eq!(listed, [Schedule { rev: 1, ..schedule("a", 5) }, Schedule { rev: 1, ..bare }]);
    for overlap in Overlap::ALL {
        let one = Schedule { overlap: *overlap, ..schedule(overlap.as_str(), 1) };
        assert!(store.schedules().unwrap().put_schedule(one).await.unwrap(), "{overlap}");
    }
}

/// A tick that was computed from an older state, or from one of the same name that is gone, changes nothing.
pub async fn a_schedule_is_changed_only_by_who_has_seen_its_last_state(subject: Arc<dyn Subject>) {
    let store = subject.fresh().await;
    let schedules = store.schedules().unwrap();
    let put = async |second: u64, rev: i64| {
        schedules.put_schedule(Schedule { rev, ..schedule("a", second) }).await.unwrap()
    };
    assert!(!put(5, 1).await, "there is none");
    assert!(put(5, 0).await);
    assert!(!put(6, 0).await);
    assert!(put(7, 1).await && !put(8, 1).await);
    let stored = schedules.list_schedules("default").await.unwrap();
    assert_eq!(stored, [Schedule { rev: 2, ..schedule("a", 7) }]);
    assert!(schedules.remove_schedule("default", "a").await.unwrap());
    assert!(!schedules.remove_schedule("default", "a").await.unwrap());
    assert!(!put(9, 2).await, "it is gone");
    let again = Schedule { created_at: at(1), ..schedule("a", 9) };
    assert!(schedules.put_schedule(again).await.unwrap());
    assert!(!put(9, 1).await, "it is another one");
}

/// A tenant's schedules are its own.
pub async fn removing_a_schedule_leaves_other_tenants_theirs(subject: Arc<dyn Subject>) {
    let store = subject.fresh().await;
    let schedules = store.schedules().unwrap();
    let other = || Schedule { tenant_id: "other".into(), ..schedule("a", 5) };
    for schedule in [schedule("a", 5), schedule("b", 5), other()] {
        assert!(schedules.put_schedule(schedule).await.unwrap());
    }
    assert!(schedules.remove_schedule("default", "a").await.unwrap());
    let names = async |tenant: &str| {
        let listed = schedules.list_schedules(tenant).await.unwrap();
        listed.into_iter().map(|schedule| schedule.name).collect::<Vec<_>>()
    };
    assert_eq!((names("default").await, names("other").await), (vec!["b".to_owned()], vec!["a".to_owned()]));
    assert!(schedules.put_schedule(Schedule { rev: 1, ..other() }).await.unwrap());
}

/// The longest due first; what is paused is never due; a tick that waits always is.
pub async fn schedules_are_due_by_their_time(subject: Arc<dyn Subject>) {
    let store = subject.fresh().await;
    let schedules = store.schedules().unwrap();
    let all = [
        schedule("later", 20),
        schedule("now", 10),
        schedule("past", 5),
        Schedule { queued_at: Some(at(7)), ..schedule("waiting", 20) },
        Schedule { paused: true, ..schedule("paused", 5) },
        Schedule { next_at: None, ..schedule("over", 5) },
        Schedule { tenant_id: "other".into(), ..schedule("other", 6) },
    ];
    for schedule in all {
        schedules.put_schedule(schedule).await.unwrap();
    }
    let due = async |second, limit| {
        let due = schedules.due_schedules(at(second), limit).await.unwrap();
        due.into_iter().map(|schedule| schedule.name).collect::<Vec<_>>()
    };
    assert_eq!(due(4, 9).await, [""; 0]);
    assert_eq!(due(10, 9).await, ["past", "other", "waiting", "now"]);
    assert_eq!(due(10, 2).await, ["past", "other"]);
}
