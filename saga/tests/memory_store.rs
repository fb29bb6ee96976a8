//! The memory store, held against the suite for all stores.
#![cfg(feature = "testing")]
// Outside of `#[test]` functions, but a test all the same.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use saga::store::{MemoryStore, MemoryTx, Status, Store};
use saga::testing::conformance::Subject;
use saga::{Json, StepError, Tx, WorkflowId};

/// Remembers the store that it made last, whose type the suite does not know.
#[derive(Default)]
struct Memory(std::sync::Mutex<MemoryStore>);

impl Memory {
    fn last(&self) -> MemoryStore {
        self.0.lock().unwrap().clone()
    }
}

#[async_trait::async_trait]
impl Subject for Memory {
    async fn fresh(&self) -> Arc<dyn Store> {
        *self.0.lock().unwrap() = MemoryStore::new();
        Arc::new(self.last())
    }
    async fn reopen(&self, _: Arc<dyn Store>) -> Arc<dyn Store> {
        Arc::new(self.last())
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

saga::conformance!(Memory::default(), one_process, transactions, schedules, triggers, retention, by_hand);

/// The same store, shared by several workers: the reference for PostgreSQL.
mod leased {
    use std::time::{Duration, Instant};

    use futures_util::future::BoxFuture;
    use saga::store::StoreTime;

    use super::*;

    struct RealTime(Instant);

    impl StoreTime for RealTime {
        #[allow(clippy::disallowed_methods, reason = "the suite waits for leases in real time")]
        fn now(&self) -> Duration {
            self.0.elapsed()
        }
        #[allow(clippy::disallowed_methods, reason = "the suite waits for leases in real time")]
        fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
            Box::pin(tokio::time::sleep(duration))
        }
    }

    #[derive(Default)]
    struct Leased(Memory);

    #[async_trait::async_trait]
    impl Subject for Leased {
        async fn fresh(&self) -> Arc<dyn Store> {
            #[allow(clippy::disallowed_methods, reason = "the suite waits for leases in real time")]
            let began = Instant::now();
            *self.0.0.lock().unwrap() = MemoryStore::leased(Arc::new(RealTime(began)));
            Arc::new(self.0.last())
        }
        async fn reopen(&self, store: Arc<dyn Store>) -> Arc<dyn Store> {
            self.0.reopen(store).await
        }
        async fn set_status_by_hand(&self, store: &Arc<dyn Store>, id: &WorkflowId, status: Status) {
            self.0.set_status_by_hand(store, id, status).await
        }
        async fn put(&self, tx: &mut Tx<'_>, key: &str, value: &str) -> Result<(), StepError> {
            self.0.put(tx, key, value).await
        }
        async fn get(&self, store: &Arc<dyn Store>, key: &str) -> Option<String> {
            self.0.get(store, key).await
        }
    }

    saga::conformance!(Leased::default(), leases, transactions, schedules, triggers, retention, by_hand);
}

#[tokio::test]
async fn an_open_transaction_reads_its_own_writes() {
    use saga::store::{Commit, Door, Join, Transactions};
    use std::time::Duration;

    let store = MemoryStore::new();
    let lease = Duration::from_secs(1);
    let join = Join { name: "test".into(), definitions: vec![], plans: vec![], lease };
    let worker = store.join(join).await.unwrap().worker;
    let workflow_id = WorkflowId::new("a").unwrap();
    let door = Door {
        worker,
        workflow_id: workflow_id.clone(),
        limit: Duration::from_secs(1),
        body: Box::new(move |tx| {
            Box::pin(async move {
                let tx = MemoryTx::of(tx)?;
                tx.put("k", Json::null());
                assert!(tx.get("k").is_some());
                tx.remove("k");
                assert!(tx.get("k").is_none());
                Ok(Commit::empty(workflow_id, saga::CommitId(1)))
            })
        }),
    };
    store.transact(door).await.unwrap();
    assert_eq!(store.calls().transactions, 1);
}
