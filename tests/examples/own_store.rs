//! The example's store, held against the suite for all stores.

#[path = "../../examples/own_store.rs"]
#[allow(dead_code, reason = "its main function runs in the example")]
mod example;

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use example::Feeding;
use saga::store::{MemoryStore, MemoryTx, Status, Store};
use saga::testing::conformance::Subject;
use saga::{Json, StepError, Tx, WorkflowId};

/// Remembers the store inside, whose type the suite does not know.
#[derive(Default)]
struct Own(Mutex<MemoryStore>);

impl Own {
    fn inside(&self) -> MemoryStore {
        self.0.lock().unwrap().clone()
    }
}

#[async_trait]
impl Subject for Own {
    async fn fresh(&self) -> Arc<dyn Store> {
        *self.0.lock().unwrap() = MemoryStore::new();
        Arc::new(Feeding::new(self.inside(), std::io::sink()))
    }
    async fn reopen(&self, _: Arc<dyn Store>) -> Arc<dyn Store> {
        Arc::new(Feeding::new(self.inside(), std::io::sink()))
    }
    async fn set_status_by_hand(&self, _: &Arc<dyn Store>, id: &WorkflowId, status: Status) {
        self.inside().set_status_by_hand(id, status);
    }
    async fn put(&self, tx: &mut Tx<'_>, key: &str, value: &str) -> Result<(), StepError> {
        MemoryTx::of(tx)?.put(key, Json::encode(value)?);
        Ok(())
    }
    async fn get(&self, _: &Arc<dyn Store>, key: &str) -> Option<String> {
        self.inside().data(key).map(|value| value.decode().unwrap())
    }
}

saga::conformance!(Own::default(), one_process, transactions, schedules, triggers, retention, by_hand);
