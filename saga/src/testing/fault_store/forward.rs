//! Every call is passed on, through the door where things go wrong.

use std::time::Duration;

use async_trait::async_trait;

use super::FaultStore;
use super::fault::Method;
use crate::clock::Timestamp;
use crate::id::{DefinitionId, WorkerId, WorkflowId};
use crate::store::{
    Beat, Claim, Commit, CommitOutcome, Door, Join, Listing, Loaded, Page, PublishedEvent, Registration,
    Removal, Removals, Schedule, Schedules, Sent, SignalKind, Statistics, Store, StoreError, Stranded, Trail,
    TrailPart, Transacted, Transactions, Trigger, Triggered, Triggers, Wanted,
};
use crate::tx::Tx;

#[async_trait]
impl Store for FaultStore {
    async fn join(&self, join: Join) -> Result<Registration, StoreError> {
        self.call(Method::Join, self.0.store.join(join)).await
    }
    async fn beat(&self, worker: WorkerId) -> Result<Beat, StoreError> {
        self.call(Method::Beat, self.0.store.beat(worker)).await
    }
    async fn leave(&self, worker: WorkerId) -> Result<(), StoreError> {
        self.call(Method::Leave, self.0.store.leave(worker)).await
    }
    async fn claim(&self, worker: WorkerId, claim: Claim) -> Result<Vec<Loaded>, StoreError> {
        self.call(Method::Claim, self.0.store.claim(worker, claim)).await
    }
    async fn held(&self, worker: WorkerId) -> Result<Vec<WorkflowId>, StoreError> {
        self.call(Method::Held, self.0.store.held(worker)).await
    }
    async fn stranded(&self, now: Timestamp) -> Result<Vec<Stranded>, StoreError> {
        self.call(Method::Stranded, self.0.store.stranded(now)).await
    }
    async fn watch(&self, now: Timestamp, gap: Duration) -> Result<Vec<Stranded>, StoreError> {
        self.call(Method::Watch, self.0.store.watch(now, gap)).await
    }
    async fn commit(
        &self,
        worker: Option<WorkerId>,
        batch: Vec<Commit>,
    ) -> Result<Vec<CommitOutcome>, StoreError> {
        self.call(Method::Commit, self.0.store.commit(worker, batch)).await
    }
    async fn send(
        &self,
        tenant: &str,
        workflow: &WorkflowId,
        kind: SignalKind,
        by: &str,
    ) -> Result<Sent, StoreError> {
        self.call(Method::Send, self.0.store.send(tenant, workflow, kind, by)).await
    }
    async fn publish(&self, event: PublishedEvent) -> Result<bool, StoreError> {
        self.call(Method::Publish, self.0.store.publish(event)).await
    }
    async fn published(&self, wanted: Wanted) -> Result<Option<PublishedEvent>, StoreError> {
        self.call(Method::Published, self.0.store.published(wanted)).await
    }
    async fn load(&self, workflow: &WorkflowId) -> Result<Option<Loaded>, StoreError> {
        self.call(Method::Load, self.0.store.load(workflow)).await
    }
    async fn list(&self, listing: Listing) -> Result<Page, StoreError> {
        self.call(Method::List, self.0.store.list(listing)).await
    }
    async fn history(&self, workflow: &WorkflowId, part: TrailPart) -> Result<Trail, StoreError> {
        self.call(Method::History, self.0.store.history(workflow, part)).await
    }
    async fn plan(&self, definition: &DefinitionId) -> Result<Option<String>, StoreError> {
        self.call(Method::Plan, self.0.store.plan(definition)).await
    }
    async fn statistics(&self, tenant: &str) -> Result<Statistics, StoreError> {
        self.call(Method::Statistics, self.0.store.statistics(tenant)).await
    }
    /// A hint is never a promise: nothing goes wrong with it that a store may not do by itself.
    async fn hint(&self, worker: WorkerId) {
        self.0.store.hint(worker).await;
    }
    fn transactions(&self) -> Option<&dyn Transactions> {
        self.0.store.transactions().map(|_| self as &dyn Transactions)
    }
    fn schedules(&self) -> Option<&dyn Schedules> {
        self.0.store.schedules().map(|_| self as &dyn Schedules)
    }
    fn triggers(&self) -> Option<&dyn Triggers> {
        self.0.store.triggers().map(|_| self as &dyn Triggers)
    }
    fn removals(&self) -> Option<&dyn Removals> {
        self.0.store.removals().map(|_| self as &dyn Removals)
    }
}

/// Asked only of a store that has it.
fn has<T: ?Sized>(capability: Option<&T>) -> Result<&T, StoreError> {
    capability.ok_or_else(|| StoreError::Configuration("this store has no such capability".to_owned()))
}

#[async_trait]
impl Transactions for FaultStore {
    async fn transact(&self, door: Door) -> Result<Transacted, StoreError> {
        self.call(Method::Transact, has(self.0.store.transactions())?.transact(door)).await
    }
    async fn commit_in(&self, tx: &mut Tx<'_>, commit: Commit) -> Result<CommitOutcome, StoreError> {
        self.call(Method::CommitIn, has(self.0.store.transactions())?.commit_in(tx, commit)).await
    }
}

#[async_trait]
impl Schedules for FaultStore {
    async fn put_schedule(&self, schedule: Schedule) -> Result<bool, StoreError> {
        self.call(Method::PutSchedule, has(self.0.store.schedules())?.put_schedule(schedule)).await
    }
    async fn remove_schedule(&self, tenant: &str, name: &str) -> Result<bool, StoreError> {
        self.call(Method::RemoveSchedule, has(self.0.store.schedules())?.remove_schedule(tenant, name)).await
    }
    async fn list_schedules(&self, tenant: &str) -> Result<Vec<Schedule>, StoreError> {
        self.call(Method::ListSchedules, has(self.0.store.schedules())?.list_schedules(tenant)).await
    }
    async fn due_schedules(&self, now: Timestamp, limit: usize) -> Result<Vec<Schedule>, StoreError> {
        self.call(Method::DueSchedules, has(self.0.store.schedules())?.due_schedules(now, limit)).await
    }
}

#[async_trait]
impl Triggers for FaultStore {
    async fn register_triggers(&self, triggers: Vec<Trigger>) -> Result<(), StoreError> {
        self.call(Method::RegisterTriggers, has(self.0.store.triggers())?.register_triggers(triggers)).await
    }
    async fn remove_trigger(&self, name: &str) -> Result<bool, StoreError> {
        self.call(Method::RemoveTrigger, has(self.0.store.triggers())?.remove_trigger(name)).await
    }
    async fn triggered(&self, triggers: &[String], limit: usize) -> Result<Vec<Triggered>, StoreError> {
        self.call(Method::Triggered, has(self.0.store.triggers())?.triggered(triggers, limit)).await
    }
    async fn settle_triggered(&self, ids: Vec<i64>) -> Result<(), StoreError> {
        self.call(Method::SettleTriggered, has(self.0.store.triggers())?.settle_triggered(ids)).await
    }
}

#[async_trait]
impl Removals for FaultStore {
    async fn remove(&self, removal: Removal) -> Result<usize, StoreError> {
        self.call(Method::Remove, has(self.0.store.removals())?.remove(removal)).await
    }
}
