//! The store that misbehaves: with nothing wrong it is the store that it wraps.

use std::sync::Arc;
use std::time::Duration;

use saga::store::{MemoryStore, MemoryTx, Status, Store, StoreError};
use saga::testing::conformance::Subject;
use saga::testing::{Chance, Fault, FaultStore, Faults, Method, Which};
use saga::{Json, StepError, Tx, WorkflowId};

#[derive(Default)]
struct Wrapped(std::sync::Mutex<MemoryStore>);

impl Wrapped {
    fn last(&self) -> MemoryStore {
        self.0.lock().unwrap().clone()
    }
}

#[async_trait::async_trait]
impl Subject for Wrapped {
    async fn fresh(&self) -> Arc<dyn Store> {
        *self.0.lock().unwrap() = MemoryStore::new();
        Arc::new(FaultStore::new(self.last()))
    }
    async fn reopen(&self, _: Arc<dyn Store>) -> Arc<dyn Store> {
        Arc::new(FaultStore::new(self.last()))
    }
    async fn set_status_by_hand(&self, _: &Arc<dyn Store>, id: &WorkflowId, status: Status) {
        self.last().set_status_by_hand(id, status);
    }
    async fn put(&self, tx: &mut Tx<'_>, key: &str, value: &str) -> Result<(), StepError> {
        MemoryTx::of(tx)?.put(key, Json::encode(value)?);
        Ok(())
    }
    async fn get(&self, _: &Arc<dyn Store>, key: &str) -> Option<String> {
        self.last().data(key).map(|value| value.decode().unwrap())
    }
}

saga::conformance!(Wrapped::default(), one_process, transactions, schedules, triggers, retention, by_hand);

fn faults(text: &str) -> Faults {
    text.parse().unwrap()
}

#[test]
fn faults_are_said_in_words() {
    let text = "call 1 fails; write 2 loses its answer; commit 3 is delayed by 1500ms; write 4 dies before; claim 1 dies after";
    assert_eq!(faults(text).to_string(), text);
    let (one, delay) = (Which::Of(Method::Commit, 3), Fault::IsDelayed(Duration::from_millis(1500)));
    assert_eq!(Faults::one(Which::Call(1), Fault::Fails).and(one, delay), {
        faults("call 1 fails; commit 3 is delayed by 1500ms")
    });
    for wrong in ["commit", "commit 0 fails", "comit 1 fails", "commit 1 fials", "call 1 is delayed by soon"]
    {
        assert!(
            wrong
                .parse::<Faults>()
                .unwrap_err()
                .to_string()
                .starts_with(&format!("`{wrong}` is not a fault"))
        );
    }
    for method in Method::ALL {
        assert_eq!(faults(&format!("{method} 1 fails")), Faults::one(Which::Of(*method, 1), Fault::Fails));
    }
}

async fn publish(store: &FaultStore) -> Result<bool, StoreError> {
    let at = saga::Timestamp::from_micros(0);
    let event = saga::store::PublishedEvent {
        tenant_id: "default".into(),
        name: "online".into(),
        key: "x".into(),
        value: Json::null(),
        by: None,
        at,
        kept_until: at.plus(Duration::from_secs(60)),
        place: 0,
    };
    store.publish(event).await
}

async fn is_published(store: &impl Store) -> bool {
    let since = saga::Timestamp::from_micros(0);
    let wanted = saga::store::Wanted {
        tenant: "default".into(),
        name: "online".into(),
        key: "x".into(),
        since,
        after: 0,
    };
    store.published(wanted).await.unwrap().is_some()
}

#[tokio::test]
async fn a_failed_call_is_not_done_and_one_that_lost_its_answer_is() {
    for (fault, done) in [("publish 1 fails", false), ("write 1 loses its answer", true)] {
        let store = FaultStore::new(MemoryStore::new()).with(faults(fault));
        assert!(matches!(publish(&store).await, Err(StoreError::Unavailable(_))));
        assert_eq!(is_published(&store).await, done, "{fault}");
        assert!(publish(&store).await.is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn a_delayed_call_is_done_later() {
    let inner = MemoryStore::new();
    let store = FaultStore::new(inner.clone()).with(faults("publish 1 is delayed by 5000ms"));
    let delayed = tokio::spawn(async move { publish(&store).await });
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert!(!is_published(&inner).await);
    assert!(delayed.await.unwrap().is_ok());
    assert!(is_published(&inner).await);
}

#[tokio::test]
async fn who_has_died_is_answered_no_more() {
    for (fault, done) in [("write 1 dies before", false), ("publish 1 dies after", true)] {
        let inner = MemoryStore::new();
        let store = FaultStore::new(inner.clone()).with(faults(fault));
        tokio::select! {
            _ = publish(&store) => panic!("the dead are answered"),
            () = store.died() => {}
        }
        store.died().await;
        assert!(futures_util::FutureExt::now_or_never(store.statistics("default")).is_none());
        assert_eq!(is_published(&inner).await, done, "{fault}");
    }
}

#[tokio::test]
async fn what_chance_did_can_be_said_again() {
    let chance = Chance { fails: 200, loses_answer: 200, ..Chance::default() };
    let run = async |store: FaultStore| {
        let mut answers = vec![];
        for _ in 0..100 {
            answers.push(publish(&store).await.is_ok());
        }
        (answers, store.happened())
    };
    let (answers, happened) = run(FaultStore::new(MemoryStore::new()).by_chance(7, chance)).await;
    assert_eq!(happened.0.len(), answers.iter().filter(|ok| !**ok).count());
    assert!((20..60).contains(&happened.0.len()), "{happened}");
    let again = FaultStore::new(MemoryStore::new()).with(faults(&happened.to_string()));
    assert_eq!(run(again).await, (answers, happened));
}

#[tokio::test]
async fn a_store_that_is_cut_off_answers_nothing_until_it_is_healed() {
    let store = FaultStore::new(MemoryStore::new());
    store.cut_off();
    assert!(publish(&store).await.is_err() && store.statistics("default").await.is_err());
    store.heal();
    assert!(publish(&store).await.is_ok());
    assert_eq!((store.calls(), store.writes()), (3, 2));
}
