//! Triggers: what events have to start.

use std::sync::Arc;
use std::time::Duration;

use super::Subject;
use super::kit::*;
use crate::store::*;

fn event(second: u64, name: &str) -> PublishedEvent {
    PublishedEvent {
        tenant_id: "default".into(),
        name: name.into(),
        key: "ALCL12345678".into(),
        value: json(r#"{"a":[1,null,"ü'\""]}"#),
        by: Some("noc".into()),
        at: at(second),
        place: 0,
        kept_until: at(second).plus(Duration::from_secs(60)),
    }
}

fn trigger(name: &str, event: &str) -> Trigger {
    Trigger { name: name.into(), event: event.into() }
}

/// It waits for each of its triggers, also after a restart, until that one is settled.
pub async fn an_event_waits_for_each_of_its_triggers(subject: Arc<dyn Subject>) {
    let store = subject.fresh().await;
    let triggers = store.triggers().unwrap();
    assert!(!store.publish(event(0, "online")).await.unwrap(), "nobody cares yet");
    triggers.register_triggers(vec![trigger("a", "online"), trigger("b", "online")]).await.unwrap();
    triggers.register_triggers(vec![trigger("b", "online"), trigger("c", "offline")]).await.unwrap();
    assert!(store.publish(event(1, "online")).await.unwrap());
    assert!(store.publish(event(2, "offline")).await.unwrap());
    assert!(!store.publish(event(3, "else")).await.unwrap());
    assert!(store.publish(event(4, "online")).await.unwrap());
    let store = subject.reopen(store.clone()).await;
    let triggers = store.triggers().unwrap();
    let of = async |names: &[&str], limit| {
        let names = names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        triggers.triggered(&names, limit).await.unwrap()
    };
    let a = of(&["a"], 9).await;
    assert_eq!(
        // A store may have given it its place by then, or not.
        a.iter().map(|t| PublishedEvent { place: 0, ..t.event.clone() }).collect::<Vec<_>>(),
        [event(1, "online"), event(4, "online")]
    );
    let all = of(&["a", "b", "c"], 9).await;
    assert!(all.len() == 5 && all.is_sorted_by_key(|t| t.id));
    assert_eq!(of(&["a", "b", "c"], 2).await, all[..2]);
    triggers.settle_triggered(vec![a[0].id]).await.unwrap();
    triggers.settle_triggered(vec![a[0].id]).await.unwrap();
    assert_eq!(of(&["a"], 9).await, a[1..]);
    let b = of(&["b"], 9).await;
    triggers.settle_triggered(vec![b[1].id]).await.unwrap();
    assert_eq!(
        (of(&["a"], 9).await, of(&["b"], 9).await),
        (a[1..].to_vec(), b[..1].to_vec()),
        "no other one"
    );
}

/// A trigger belongs to the program, not to a tenant: the event says for whom it starts something.
pub async fn a_trigger_hears_of_every_tenant(subject: Arc<dyn Subject>) {
    let store = subject.fresh().await;
    let triggers = store.triggers().unwrap();
    triggers.register_triggers(vec![trigger("a", "online")]).await.unwrap();
    for tenant in ["default", "other"] {
        let event = PublishedEvent { tenant_id: tenant.into(), ..event(1, "online") };
        assert!(store.publish(event).await.unwrap(), "{tenant}");
    }
    let found = triggers.triggered(&["a".to_owned()], 9).await.unwrap();
    assert_eq!(found.iter().map(|t| &*t.event.tenant_id).collect::<Vec<_>>(), ["default", "other"]);
}

/// The idempotency key of what it starts is made of it.
pub async fn the_id_of_what_was_triggered_is_never_used_again(subject: Arc<dyn Subject>) {
    let store = subject.fresh().await;
    let triggers = store.triggers().unwrap();
    triggers.register_triggers(vec![trigger("a", "online")]).await.unwrap();
    let mut last = 0;
    for second in 0..3 {
        store.publish(event(second, "online")).await.unwrap();
        let found = triggers.triggered(&["a".to_owned()], 9).await.unwrap();
        assert!(found.len() == 1 && found[0].id > last, "{found:?} after {last}");
        last = found[0].id;
        triggers.settle_triggered(vec![last]).await.unwrap();
    }
}

/// What nobody acts on does not stay for ever.
pub async fn what_was_triggered_goes_with_its_trigger_or_its_time(subject: Arc<dyn Subject>) {
    let store = subject.fresh().await;
    let triggers = store.triggers().unwrap();
    let names = ["a".to_owned(), "b".to_owned()];
    triggers.register_triggers(vec![trigger("a", "online"), trigger("b", "online")]).await.unwrap();
    store.publish(event(0, "online")).await.unwrap();
    assert!(triggers.remove_trigger("b").await.unwrap() && !triggers.remove_trigger("b").await.unwrap());
    assert_eq!(triggers.triggered(&names, 9).await.unwrap().len(), 1);
    store.publish(event(60, "online")).await.unwrap();
    let kept = triggers.triggered(&names, 9).await.unwrap();
    assert_eq!(kept.iter().map(|t| t.event.at).collect::<Vec<_>>(), [at(60)]);
}
