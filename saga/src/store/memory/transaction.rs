//! Transactions of the memory store: a staged map, committed together with the fact.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::pin::pin;

use async_trait::async_trait;
use futures_util::FutureExt;
use futures_util::future::{Either, select};

use super::state::State;
use super::{MemoryStore, alive};
use crate::error::StepError;
use crate::json::Json;
use crate::store::{Commit, CommitOutcome, Door, StoreError, Transacted, Transactions};
use crate::tx::Tx;

/// What a transactional step over the memory store works in: a map of the user's own.
///
/// While one is open nobody else writes.
pub struct MemoryTx {
    store: MemoryStore,
    staged: BTreeMap<String, Option<Json>>,
    /// The whole store with the workflows that were started in here.
    world: Option<Box<State>>,
}

impl MemoryTx {
    /// The transaction behind a [`Tx`] of a memory store.
    ///
    /// # Errors
    /// [`StepError::configuration`] when the engine runs on another store.
    pub fn of<'a>(tx: &'a mut Tx<'_>) -> Result<&'a mut Self, StepError> {
        tx.as_any().downcast_mut().ok_or_else(|| {
            StepError::configuration("this transactional step works on a memory store, the engine does not")
        })
    }
    /// The value under `key`, with what was written in here.
    pub fn get(&self, key: &str) -> Option<Json> {
        self.staged.get(key).cloned().unwrap_or_else(|| self.store.data(key))
    }
    /// Writes a value.
    pub fn put(&mut self, key: impl Into<String>, value: Json) {
        self.staged.insert(key.into(), Some(value));
    }
    /// Removes a value.
    pub fn remove(&mut self, key: impl Into<String>) {
        self.staged.insert(key.into(), None);
    }
}

#[async_trait]
impl Transactions for MemoryStore {
    async fn transact(&self, door: Door) -> Result<Transacted, StoreError> {
        self.count(|calls| calls.transactions += 1);
        let _turn = self.0.writer.lock().await;
        self.fail_before()?;
        let mut staged = MemoryTx { store: self.clone(), staged: BTreeMap::new(), world: None };
        let commit = {
            let mut tx = Tx::new(&mut staged);
            let body = AssertUnwindSafe((door.body)(&mut tx)).catch_unwind();
            match select(pin!(body), self.0.time.sleep(door.limit)).await {
                Either::Left((Ok(Ok(commit)), _)) => commit,
                Either::Left((Ok(Err(error)), _)) => return Ok(Transacted::Failed(error)),
                Either::Left((Err(_), _)) => {
                    return Ok(Transacted::Failed(StepError::transient("it panicked")));
                }
                Either::Right(_) => {
                    let error = format!("it took longer than {:?} and was rolled back", door.limit);
                    return Ok(Transacted::Failed(StepError::transient(error)));
                }
            }
        };
        let outcome = self.finish(door.worker, staged, &commit)?;
        self.fail_after()?;
        Ok(Transacted::Committed(outcome))
    }

    async fn commit_in(&self, tx: &mut Tx<'_>, commit: Commit) -> Result<CommitOutcome, StoreError> {
        let foreign = || StoreError::Configuration("the transaction is not one of this store's".into());
        let staged: &mut MemoryTx = tx.as_any().downcast_mut().ok_or_else(foreign)?;
        if !std::sync::Arc::ptr_eq(&staged.store.0, &self.0) {
            return Err(foreign());
        }
        let world = staged.world.get_or_insert_with(|| Box::new(self.state().clone()));
        Ok(world.apply(None, &commit))
    }
}

impl MemoryStore {
    /// Writes the commit and what the body staged together, or nothing.
    fn finish(
        &self,
        worker: crate::WorkerId,
        tx: MemoryTx,
        commit: &Commit,
    ) -> Result<CommitOutcome, StoreError> {
        let mut state = self.state();
        alive(&state, worker)?;
        if state.knows_a_fact_of(commit) {
            // An earlier attempt got through, its answer did not.
            return Ok(state.present(worker, commit));
        }
        let before = tx.world.map(|world| std::mem::replace(&mut *state, *world));
        let outcome = state.apply(Some(worker), commit);
        match outcome {
            CommitOutcome::Applied { .. } | CommitOutcome::Refused { owned: true, .. } => {
                for (key, value) in tx.staged {
                    match value {
                        Some(value) => state.data.insert(key, value),
                        None => state.data.remove(&key),
                    };
                }
            }
            // Nothing of the commit was written; the workflows started in here go with it.
            _ => {
                if let Some(before) = before {
                    *state = before;
                }
            }
        }
        Ok(outcome)
    }
}
