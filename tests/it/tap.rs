//! A store with a tap on its write door: it can be held shut, and it can kill the process before or after the
//! n-th write takes effect.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use saga::store::{
    Beat, Claim, Commit, CommitOutcome, Door, DoorBody, Join, Listing, Loaded, MemoryStore, Page,
    PublishedEvent, Registration, Removals, Schedule, Schedules, Sent, SignalKind, Statistics, Store,
    StoreError, Stranded, Trail, TrailPart, Transacted, Transactions, Trigger, Triggered, Triggers, Wanted,
};
use saga::{CommitId, DefinitionId, StepError, Timestamp, Tx, WorkerId, WorkflowId};
use tokio::sync::{Notify, watch};

/// When the process dies: at this write (from 1), before or after it takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kill {
    Before(u64),
    After(u64),
}

/// What a store does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mishap {
    /// Takes work for the worker, and the answer is lost.
    LoseClaim,
    /// Panics when it is to write.
    PanicInCommit,
    /// Panics when it is to lend a transaction.
    PanicInTransact,
    /// Rolls a transaction back after its body has succeeded.
    FailAtCommit,
    /// Cannot hold a commit (of a workflow that it has).
    Unstorable,
    /// A start is under way for so long that it is given up; it [arrives](Tap::what_was_given_up_arrives) later.
    DelayStart,
}

#[derive(Clone)]
pub struct Tap(Arc<Inner>);

struct Inner {
    store: Arc<dyn Store>,
    kill: Option<Kill>,
    lends: bool,
    writes: AtomicU64,
    ids: Mutex<Vec<CommitId>>,
    mishaps: Mutex<BTreeMap<Mishap, u32>>,
    given_up: Mutex<Vec<(Option<WorkerId>, Vec<Commit>)>>,
    /// A workflow of which a row cannot be read, and how often that was tried.
    unreadable: Mutex<Option<(WorkflowId, u32)>>,
    /// Writes fail so, at present.
    broken: Mutex<Option<StoreError>>,
    dead: AtomicBool,
    died: Notify,
    open: watch::Sender<bool>,
    /// Answers no heartbeat at present.
    silent: watch::Sender<bool>,
    hints: Notify,
}

impl Tap {
    pub fn new(store: Arc<dyn Store>, kill: Option<Kill>) -> Self {
        Self::of(store, kill, true)
    }
    /// A store that lends no transactions.
    pub fn without_transactions() -> Self {
        Self::of(Arc::new(MemoryStore::new()), None, false)
    }
    fn of(store: Arc<dyn Store>, kill: Option<Kill>, lends: bool) -> Self {
        Self(Arc::new(Inner {
            store,
            kill,
            lends,
            writes: AtomicU64::new(0),
            ids: Mutex::default(),
            mishaps: Mutex::default(),
            given_up: Mutex::default(),
            unreadable: Mutex::default(),
            broken: Mutex::default(),
            dead: AtomicBool::new(false),
            died: Notify::new(),
            open: watch::channel(true).0,
            silent: watch::channel(false).0,
            hints: Notify::new(),
        }))
    }
    /// How many writes there were.
    pub fn writes(&self) -> u64 {
        self.0.writes.load(Ordering::Relaxed)
    }
    /// The numbers of all commits so far.
    pub fn ids(&self) -> Vec<CommitId> {
        self.0.ids.lock().unwrap().clone()
    }
    /// This goes wrong the next `times` times.
    pub fn goes_wrong(&self, mishap: Mishap, times: u32) {
        self.0.mishaps.lock().unwrap().insert(mishap, times);
    }
    fn happens(&self, mishap: Mishap) -> bool {
        let mut mishaps = self.0.mishaps.lock().unwrap();
        let left = mishaps.entry(mishap).or_default();
        let happens = *left > 0;
        *left = left.saturating_sub(1);
        happens
    }
    /// A row of this workflow cannot be read any more.
    pub fn spoil(&self, workflow: &str) {
        *self.0.unreadable.lock().unwrap() = Some((WorkflowId::new(workflow).unwrap(), 0));
    }
    /// It can be read again. How often it could not.
    pub fn mend(&self) -> u32 {
        self.0.unreadable.lock().unwrap().take().expect("spoilt before").1
    }
    /// All writes fail from now on, so; or no more.
    pub fn break_writes(&self, error: Option<StoreError>) {
        *self.0.broken.lock().unwrap() = error;
    }
    /// Whoever sent it waits for it no more. How it ends.
    pub async fn what_was_given_up_arrives(&self) -> Vec<CommitOutcome> {
        let mut outcomes = vec![];
        let late = std::mem::take(&mut *self.0.given_up.lock().unwrap());
        for (worker, batch) in late {
            outcomes.extend(self.0.store.commit(worker, batch).await.unwrap());
        }
        outcomes
    }
    /// Lets no write through.
    pub fn shut(&self) {
        self.0.open.send_replace(false);
    }
    /// Lets them through again.
    pub fn open(&self) {
        self.0.open.send_replace(true);
    }
    /// Answers no heartbeat.
    pub fn silence(&self) {
        self.0.silent.send_replace(true);
    }
    /// Answers them again.
    pub fn answer(&self) {
        self.0.silent.send_replace(false);
    }
    /// Hints that something may have happened.
    pub fn hint(&self) {
        self.0.hints.notify_one();
    }
    /// Returns when the process has died.
    pub async fn died(&self) {
        self.0.died.notified().await;
    }

    async fn die(&self) -> ! {
        self.0.dead.store(true, Ordering::Relaxed);
        self.0.died.notify_one();
        std::future::pending().await
    }
    /// A dead process asks nothing any more.
    async fn alive(&self) -> &dyn Store {
        if self.0.dead.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        &*self.0.store
    }
    fn schedules_of(&self) -> &dyn Schedules {
        self.0.store.schedules().expect("only a store that has some is asked")
    }
    async fn living_schedules(&self) -> &dyn Schedules {
        self.alive().await;
        self.schedules_of()
    }
    fn triggers_of(&self) -> &dyn Triggers {
        self.0.store.triggers().expect("only a store that has some is asked")
    }
    async fn living_triggers(&self) -> &dyn Triggers {
        self.alive().await;
        self.triggers_of()
    }
    fn lender(&self) -> &dyn Transactions {
        self.0.store.transactions().expect("only a store that lends is asked")
    }
    fn broken(&self) -> Result<(), StoreError> {
        self.0.broken.lock().unwrap().clone().map_or(Ok(()), Err)
    }
    async fn write<T>(&self, write: impl Future<Output = T>) -> T {
        self.alive().await;
        let _ = self.0.open.subscribe().wait_for(|open| *open).await;
        let n = self.0.writes.fetch_add(1, Ordering::Relaxed) + 1;
        if self.0.kill == Some(Kill::Before(n)) {
            self.die().await;
        }
        let result = write.await;
        if self.0.kill == Some(Kill::After(n)) {
            self.die().await;
        }
        result
    }
}

#[async_trait]
impl Store for Tap {
    async fn join(&self, join: Join) -> Result<Registration, StoreError> {
        // As if others shared it: silence is then a matter of life and death.
        let joined = self.alive().await.join(join).await?;
        Ok(Registration { leased: true, ..joined })
    }
    async fn beat(&self, worker: WorkerId) -> Result<Beat, StoreError> {
        let _ = self.0.silent.subscribe().wait_for(|silent| !silent).await;
        self.alive().await.beat(worker).await
    }
    async fn hint(&self, _: WorkerId) {
        self.alive().await;
        self.0.hints.notified().await;
    }
    async fn leave(&self, worker: WorkerId) -> Result<(), StoreError> {
        self.broken()?;
        self.alive().await.leave(worker).await
    }
    async fn claim(&self, worker: WorkerId, claim: Claim) -> Result<Vec<Loaded>, StoreError> {
        let claimed = self.alive().await.claim(worker, claim).await?;
        if !claimed.is_empty() && self.happens(Mishap::LoseClaim) {
            return Err(StoreError::Unavailable("the answer is lost".into()));
        }
        Ok(claimed)
    }
    async fn held(&self, worker: WorkerId) -> Result<Vec<WorkflowId>, StoreError> {
        self.alive().await.held(worker).await
    }
    async fn stranded(&self, now: Timestamp) -> Result<Vec<Stranded>, StoreError> {
        self.alive().await.stranded(now).await
    }
    async fn watch(&self, now: Timestamp, gap: Duration) -> Result<Vec<Stranded>, StoreError> {
        self.alive().await.watch(now, gap).await
    }
    async fn commit(
        &self,
        worker: Option<WorkerId>,
        batch: Vec<Commit>,
    ) -> Result<Vec<CommitOutcome>, StoreError> {
        self.0.ids.lock().unwrap().extend(batch.iter().map(|commit| commit.id));
        assert!(!self.happens(Mishap::PanicInCommit), "the store panics");
        if batch.iter().any(|c| c.create.is_none()) && self.happens(Mishap::Unstorable) {
            let reason = "the store cannot hold it".to_owned();
            return Ok(batch.iter().map(|_| CommitOutcome::Unstorable { reason: reason.clone() }).collect());
        }
        if batch.iter().any(|c| c.create.is_some()) && self.happens(Mishap::DelayStart) {
            self.0.given_up.lock().unwrap().push((worker, batch));
            return Err(StoreError::Unavailable("no answer".to_owned()));
        }
        self.broken()?;
        self.write(self.0.store.commit(worker, batch)).await
    }
    async fn send(
        &self,
        tenant: &str,
        workflow: &WorkflowId,
        kind: SignalKind,
        by: &str,
    ) -> Result<Sent, StoreError> {
        self.alive().await.send(tenant, workflow, kind, by).await
    }
    async fn publish(&self, event: PublishedEvent) -> Result<bool, StoreError> {
        self.write(self.0.store.publish(event)).await
    }
    async fn published(&self, wanted: Wanted) -> Result<Option<PublishedEvent>, StoreError> {
        self.alive().await.published(wanted).await
    }
    async fn load(&self, workflow: &WorkflowId) -> Result<Option<Loaded>, StoreError> {
        if let Some((spoilt, tried)) = &mut *self.0.unreadable.lock().unwrap()
            && spoilt == workflow
        {
            *tried += 1;
            let place = format!("orchestration_workflow_steps.status of {workflow}");
            return Err(StoreError::Corrupt { place, reason: "`frozen` is none of them".to_owned() });
        }
        self.alive().await.load(workflow).await
    }
    async fn list(&self, listing: Listing) -> Result<Page, StoreError> {
        self.alive().await.list(listing).await
    }
    async fn history(&self, workflow: &WorkflowId, part: TrailPart) -> Result<Trail, StoreError> {
        self.alive().await.history(workflow, part).await
    }
    async fn plan(&self, definition: &DefinitionId) -> Result<Option<String>, StoreError> {
        self.alive().await.plan(definition).await
    }
    async fn statistics(&self, tenant: &str) -> Result<Statistics, StoreError> {
        self.alive().await.statistics(tenant).await
    }
    fn transactions(&self) -> Option<&dyn Transactions> {
        self.0.lends.then_some(self as &dyn Transactions)
    }
    fn schedules(&self) -> Option<&dyn Schedules> {
        self.0.store.schedules().map(|_| self as &dyn Schedules)
    }
    fn triggers(&self) -> Option<&dyn Triggers> {
        self.0.store.triggers().map(|_| self as &dyn Triggers)
    }
    fn removals(&self) -> Option<&dyn Removals> {
        self.0.store.removals()
    }
}

#[async_trait]
impl Schedules for Tap {
    async fn put_schedule(&self, schedule: Schedule) -> Result<bool, StoreError> {
        self.write(self.schedules_of().put_schedule(schedule)).await
    }
    async fn remove_schedule(&self, tenant: &str, name: &str) -> Result<bool, StoreError> {
        self.write(self.schedules_of().remove_schedule(tenant, name)).await
    }
    async fn list_schedules(&self, tenant: &str) -> Result<Vec<Schedule>, StoreError> {
        self.living_schedules().await.list_schedules(tenant).await
    }
    async fn due_schedules(&self, now: Timestamp, limit: usize) -> Result<Vec<Schedule>, StoreError> {
        self.living_schedules().await.due_schedules(now, limit).await
    }
}

#[async_trait]
impl Triggers for Tap {
    async fn register_triggers(&self, triggers: Vec<Trigger>) -> Result<(), StoreError> {
        self.living_triggers().await.register_triggers(triggers).await
    }
    async fn remove_trigger(&self, name: &str) -> Result<bool, StoreError> {
        self.write(self.triggers_of().remove_trigger(name)).await
    }
    async fn triggered(&self, triggers: &[String], limit: usize) -> Result<Vec<Triggered>, StoreError> {
        self.living_triggers().await.triggered(triggers, limit).await
    }
    async fn settle_triggered(&self, ids: Vec<i64>) -> Result<(), StoreError> {
        self.write(self.triggers_of().settle_triggered(ids)).await
    }
}

#[async_trait]
impl Transactions for Tap {
    async fn transact(&self, door: Door) -> Result<Transacted, StoreError> {
        assert!(!self.happens(Mishap::PanicInTransact), "the store panics");
        if self.happens(Mishap::FailAtCommit) {
            let Door { worker, workflow_id, limit, body } = door;
            let body: DoorBody = Box::new(|tx| {
                Box::pin(async move {
                    body(tx).await?;
                    Err(StepError::transient("it was rolled back at the end"))
                })
            });
            return self.write(self.lender().transact(Door { worker, workflow_id, limit, body })).await;
        }
        self.write(self.lender().transact(door)).await
    }
    async fn commit_in(&self, tx: &mut Tx<'_>, commit: Commit) -> Result<CommitOutcome, StoreError> {
        self.lender().commit_in(tx, commit).await
    }
}
